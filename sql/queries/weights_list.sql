-- $1 source id -> items (no row: unknown source)
select coalesce((
	select json_agg({{weight_json total.weight}} order by operator.id)
	  from source_operator_weights as weight
	  join operators as operator on operator.id = weight.operator_id
	  join operator_loads as load on load.operator_id = weight.operator_id
	 cross join (select sum(weight) as weight from source_operator_weights where source_id = $1) as total
	 where weight.source_id = $1), '[]')::text
  from sources
 where id = $1::bigint
