-- A weight as the API shows it. Aliases: weight, operator, load; %1 sum of the source's weights.
json_build_object('operator_id', operator.id, 'operator_name', operator.name,
	'weight', trim_scale(weight.weight),
	'share', coalesce((weight.weight / nullif(%1, 0))::double precision, 0),
	'is_active', operator.is_active, 'max_load_limit', operator.max_load_limit,
	'active_load', load.active_load)
