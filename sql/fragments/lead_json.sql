-- A lead as the API shows it, with its newest contacts. %1 alias of leads, %2 how many contacts,
-- %3 operator whose contacts alone are seen, or null.
(select row_to_json(shown)
   from (select %1.id, %1.external_id, %1.name, %1.phone, %1.email,
		(select count(*) from contacts
		  where lead_id = %1.id and (%3::bigint is null or operator_id = %3)) as contact_count,
		rfc3339(%1.created_at) as created_at, rfc3339(%1.updated_at) as updated_at,
		coalesce((
			select json_agg({{contact_json newest %1.external_id}} order by newest.id desc)
			  from (select contacts.id, contacts.lead_id, contacts.source_id, contacts.operator_id,
				       contacts.status, contacts.message, contacts.payload, contacts.created_at,
				       contacts.assigned_at, contacts.closed_at, contacts.version
				  from contacts
				 where contacts.lead_id = %1.id
				   and (%3::bigint is null or contacts.operator_id = %3)
				 order by contacts.id desc
				 limit %2) as newest), '[]'::json) as contacts) as shown)
