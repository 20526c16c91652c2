-- A contact as the API shows it, as columns. %1 alias of contacts, %2 the lead's external id.
%1.id, %1.lead_id, %2 as lead_external_id, %1.source_id, %1.operator_id, %1.status,
	%1.message, %1.payload, rfc3339(%1.created_at) as created_at,
	rfc3339(%1.assigned_at) as assigned_at, rfc3339(%1.closed_at) as closed_at, %1.version
