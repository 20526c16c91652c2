-- Whom a lead goes to again: the operator of its newest assignment in a source, if that is young enough; looked for
-- among the lead's 100 newest contacts. An assignment is whatever gave a contact to an operator, of whatever kind, and
-- a choice that came to whoever had it already. The newest is the one that was written last: times are those of
-- transactions' begins. What was assigned before there was a history is told by the contact itself, and so is when one
-- that was entered closed had been assigned.
-- %1 lead id, %2 source id, %3 seconds
(select assigned.operator_id
   from (select contacts.id, contacts.source_id, contacts.operator_id, contacts.assigned_at
	   from contacts
	  where contacts.lead_id = %1
	  order by contacts.id desc
	  limit 100) as recent
   left join lateral (
	select history.id, history.kind, history.to_operator_id, history.at
	  from contact_history as history
	 where history.contact_id = recent.id
	   and history.to_operator_id is not null
	   and (history.kind = 'assigned' or history.from_operator_id is distinct from history.to_operator_id)
	 order by history.id desc
	 limit 1) as newest on true
  cross join lateral (
	select coalesce(newest.to_operator_id, recent.operator_id) as operator_id,
	       case newest.kind
		when 'assigned' then newest.at
		when 'closed' then least(newest.at, recent.assigned_at)
		else coalesce(newest.at, recent.assigned_at)
	       end as at) as assigned
  where recent.source_id = %2
    and assigned.operator_id is not null
    and assigned.at > now() - make_interval(secs => %3)
  order by newest.id desc nulls last, assigned.at desc, recent.id desc
  limit 1)
