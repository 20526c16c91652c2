-- The members of a contact as the API shows it. %1 alias of contacts, %2 the lead's external id.
'id', %1.id, 'lead_id', %1.lead_id, 'lead_external_id', %2, 'source_id', %1.source_id,
	'operator_id', %1.operator_id, 'status', %1.status, 'message', %1.message,
	'payload', %1.payload, 'created_at', rfc3339(%1.created_at),
	'assigned_at', rfc3339(%1.assigned_at), 'closed_at', rfc3339(%1.closed_at), 'version', %1.version
