-- An operator as the API shows it. %1 alias of operators, %2 its active load.
(select row_to_json(shown)
   from (select %1.id, %1.name, %1.is_active, %1.max_load_limit, %2 as active_load,
		rfc3339(%1.created_at) as created_at, rfc3339(%1.updated_at) as updated_at) as shown)
