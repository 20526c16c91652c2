-- Locks a source's links in their order, as a batch does that writes credits. After source_lock.
-- $1 source id -> operator_id
select operator_id
  from source_operator_weights
 where source_id = $1::bigint
 order by operator_id
   for no key update
