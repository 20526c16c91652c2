-- Locks a contact.
-- $1 id -> version, status, operator_id, source_id (no row: unknown)
select version, status, operator_id, source_id
  from contacts
 where id = $1::bigint
   for no key update
