-- Every operator's load and free places, by id.
-- -> items
select coalesce(json_agg(json_build_object('operator_id', operator.id, 'operator_name', operator.name,
		'is_active', operator.is_active, 'max_load_limit', operator.max_load_limit,
		'active_load', load.active_load,
		'free', case when operator.is_active
			then greatest(0, operator.max_load_limit - load.active_load) else 0 end)
	order by operator.id), '[]')::text
  from operators as operator
  join operator_loads as load on load.operator_id = operator.id
