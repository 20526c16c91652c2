-- A lead as the API shows it, with its newest contacts. %1 alias of leads, %2 how many contacts.
json_build_object('id', %1.id, 'external_id', %1.external_id, 'name', %1.name, 'phone', %1.phone,
	'email', %1.email,
	'contact_count', (select count(*) from contacts where lead_id = %1.id),
	'created_at', rfc3339(%1.created_at), 'updated_at', rfc3339(%1.updated_at),
	'contacts', coalesce((select json_agg(json_build_object({{contact_members newest %1.external_id}})
			order by newest.id desc)
		  from (select contacts.id, contacts.lead_id, contacts.source_id, contacts.operator_id,
			       contacts.status, contacts.message, contacts.payload, contacts.created_at,
			       contacts.assigned_at, contacts.closed_at, contacts.version
			  from contacts
			 where contacts.lead_id = %1.id
			 order by contacts.id desc
			 limit %2) as newest), '[]'::json))
