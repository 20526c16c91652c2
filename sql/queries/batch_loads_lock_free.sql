-- As batch_loads_lock, but passes over the rows that somebody else holds: their sources wait apart.
-- $1 source ids -> operator_id, active_load, last_contact_id
select operator_id, active_load, last_contact_id
  from operator_loads
 where operator_id in (select operator_id from source_operator_weights where source_id = any ($1::bigint[]))
 order by operator_id
   for update skip locked
