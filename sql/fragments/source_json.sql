-- A source as the API shows it. %1 alias of sources.
(select row_to_json(shown)
   from (select %1.id, %1.name, %1.strategy, %1.sticky_seconds, %1.backlog, rfc3339(%1.created_at) as created_at,
		rfc3339(%1.updated_at) as updated_at) as shown)
