-- A source as the API shows it. %1 alias of sources.
json_build_object('id', %1.id, 'name', %1.name,
	'created_at', rfc3339(%1.created_at), 'updated_at', rfc3339(%1.updated_at))
