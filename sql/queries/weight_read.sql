-- $1 source id, $2 operator id -> json (no row: no such weight)
select {{weight_json total.weight}}
  from source_operator_weights as weight
  join operators as operator on operator.id = weight.operator_id
  join operator_loads as load on load.operator_id = weight.operator_id
 cross join (select sum(weight) as weight from source_operator_weights where source_id = $1) as total
 where weight.source_id = $1::bigint
   and weight.operator_id = $2::bigint
