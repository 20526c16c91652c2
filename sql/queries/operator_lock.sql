-- Locks an operator's load, as every assignment does: what follows is ordered with the batches.
-- $1 id -> operator_id (no row: unknown)
select operator_id
  from operator_loads
 where operator_id = $1::bigint
   for update
