-- Notes that keys were used since the last time.
-- $1 ids
update api_keys
   set last_used_at = now()
 where id = any ($1::bigint[])
