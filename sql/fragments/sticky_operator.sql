-- Whom a lead goes to again: the operator of its newest assignment in a source, if that is young enough; looked for
-- among the lead's 100 newest contacts. %1 lead id, %2 source id, %3 seconds
(select recent.operator_id
   from (select contacts.source_id, contacts.operator_id, contacts.assigned_at
	   from contacts
	  where contacts.lead_id = %1
	  order by contacts.id desc
	  limit 100) as recent
  where recent.source_id = %2
    and recent.operator_id is not null
    and recent.assigned_at > now() - make_interval(secs => %3)
  order by recent.assigned_at desc
  limit 1)
