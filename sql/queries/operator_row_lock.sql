-- Locks an operator for a change or deletion, before operator_lock. Contacts that refer to it go on meanwhile.
-- $1 id -> id (no row: unknown)
select id
  from operators
 where id = $1::bigint
   for no key update
