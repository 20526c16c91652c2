-- What was answered to these keys; after they were locked, in a statement of its own.
-- $1 keys -> key, digest, contact_id, answer
select key, encode(digest, 'hex'), contact_id, answer
  from idempotency_keys
 where key = any ($1::text[])
   and caller = 0
   and created_at > now() - {{keys_last}}
