-- A key as the API shows it, without the key. %1 alias of api_keys.
(select row_to_json(shown)
   from (select %1.id, %1.name, %1.role, %1.source_id, %1.operator_id, rfc3339(%1.created_at) as created_at,
		%1.created_by,
		rfc3339(%1.last_used_at) as last_used_at, rfc3339(%1.revoked_at) as revoked_at) as shown)
