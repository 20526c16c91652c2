-- An operator as the API shows it. %1 alias of operators, %2 its active load.
json_build_object('id', %1.id, 'name', %1.name, 'is_active', %1.is_active,
	'max_load_limit', %1.max_load_limit, 'active_load', %2,
	'created_at', rfc3339(%1.created_at), 'updated_at', rfc3339(%1.updated_at))
