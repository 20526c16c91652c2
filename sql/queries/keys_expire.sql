-- Deletes idempotency keys that are older than a day, the oldest first; those that somebody else has locked stay.
-- $1 number of keys
delete from idempotency_keys
 where ctid = any (array(
	select ctid
	  from idempotency_keys
	 where created_at < now() - interval '24 hours'
	 order by created_at
	 limit $1::integer
	   for update skip locked))
