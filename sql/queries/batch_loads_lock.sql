-- Locks the loads of all operators of the batch's sources, in id order. Lock and load are one: the row that
-- waited is read anew. Nothing may be counted here, its snapshot would be older than the wait.
-- $1 source ids -> operator_id, active_load, last_contact_id
select operator_id, active_load, last_contact_id
  from operator_loads
 where operator_id in (select operator_id from source_operator_weights where source_id = any ($1::bigint[]))
 order by operator_id
   for update
