-- Ends a key; one that was revoked stays as it is.
-- $1 id
update api_keys
   set revoked_at = coalesce(revoked_at, now())
 where id = $1::bigint
