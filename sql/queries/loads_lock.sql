-- As batch_loads_lock, with the loads of operators who need not serve these sources.
-- $1 source ids, $2 operator ids -> operator_id, active_load, last_contact_id
select operator_id, active_load, last_contact_id
  from operator_loads
 where operator_id in (select operator_id from source_operator_weights where source_id = any ($1::bigint[]))
    or operator_id = any ($2::bigint[])
 order by operator_id
   for update
