-- As batch_links, with the automatic sources whose backlog the batch may assign.
-- $1 source ids -> source_id, operator_id, weight, is_active, max_load_limit, credit
with team as (
	select operator_id
	  from source_operator_weights
	 where source_id = any ($1::bigint[])
)
select weight.source_id, weight.operator_id, weight.weight, operator.is_active, operator.max_load_limit,
       weight.credit
  from source_operator_weights as weight
  join operators as operator on operator.id = weight.operator_id
 where weight.source_id in (select unnest($1)
			     union select source_id from ({{reach}}) as reach)
 order by weight.source_id, weight.operator_id
