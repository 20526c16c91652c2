-- Notes that keys were used since the last time; one that somebody else has locked is passed over.
-- $1 ids
update api_keys
   set last_used_at = now()
 where id in (select id from api_keys where id = any ($1::bigint[]) order by id for no key update skip locked)
