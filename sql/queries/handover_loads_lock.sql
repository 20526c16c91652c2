-- As batch_loads_lock, with the load of the operator who leaves.
-- $1 source ids, $2 operator id -> operator_id, active_load
select operator_id, active_load
  from operator_loads
 where operator_id in (select operator_id from source_operator_weights where source_id = any ($1::bigint[]))
    or operator_id = $2::bigint
 order by operator_id
   for update
