-- Locks the load of a contact's operator. After contact_lock.
-- $1 contact id -> active_load (no row: it has no operator)
select active_load
  from operator_loads
 where operator_id = (select operator_id from contacts where id = $1::bigint)
   for update
