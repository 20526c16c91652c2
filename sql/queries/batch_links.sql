-- Who serves the batch's sources, read after the locks.
-- $1 source ids -> source_id, operator_id, weight, is_active, max_load_limit, credit
select weight.source_id, weight.operator_id, weight.weight, operator.is_active, operator.max_load_limit,
       weight.credit
  from source_operator_weights as weight
  join operators as operator on operator.id = weight.operator_id
 where weight.source_id = any ($1::bigint[])
 order by weight.source_id, weight.operator_id
