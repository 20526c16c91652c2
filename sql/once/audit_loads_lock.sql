-- Locks the load of one operator. Whoever changes its contacts waits here, before or behind the change of the counter.
-- $1 operator id
select operator_id
  from operator_loads
 where operator_id = $1::bigint
   for update
