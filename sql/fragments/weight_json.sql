-- A weight as the API shows it. Aliases: weight, operator, load; %1 sum of the source's weights.
(select row_to_json(shown)
   from (select operator.id as operator_id, operator.name as operator_name,
		trim_scale(weight.weight) as weight,
		coalesce((weight.weight / nullif(%1, 0))::double precision, 0) as share,
		operator.is_active, operator.max_load_limit, load.active_load) as shown)
