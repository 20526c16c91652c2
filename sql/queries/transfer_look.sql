-- Who holds a contact, before any lock is waited for: if somebody else holds it behind the lock, that one was faster.
-- $1 contact id -> source_id, operator_id (no row: unknown)
select source_id, operator_id
  from contacts
 where id = $1::bigint
