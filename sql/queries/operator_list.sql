-- Operators, oldest first.
-- $1 limit, $2 after this id, $3 is_active or null, $4 source_id or null -> items, next_id
with page as (
	select operator.id, row_number() over (order by operator.id) as place,
	       {{operator_json operator load.active_load}} as item
	  from operators as operator
	  join operator_loads as load on load.operator_id = operator.id
	 where operator.id > $2::bigint
	   and ($3::boolean is null or operator.is_active = $3)
	   and ($4::bigint is null
		or operator.id in (select operator_id from source_operator_weights where source_id = $4))
	 order by operator.id
	 limit $1::integer + 1
)
{{page}}
