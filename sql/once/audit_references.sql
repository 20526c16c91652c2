-- Everything that is named is there. Foreign keys see to it, unless somebody has switched triggers off; to the
-- operators and decisions of history nothing does.
-- -> checked, wrong, examples
with wrong as (
	select format('contacts-%s', contact.id) as place,
	       format('contact %s: no %s', contact.id,
			case
			 when lead.id is null then 'lead ' || contact.lead_id
			 when source.id is null then 'source ' || contact.source_id
			 else 'operator ' || contact.operator_id
			end) as example
	  from contacts as contact
	  left join leads as lead on lead.id = contact.lead_id
	  left join sources as source on source.id = contact.source_id
	  left join operators as operator on operator.id = contact.operator_id
	 where lead.id is null or source.id is null or (contact.operator_id is not null and operator.id is null)
	union all
	select format('weights-%s-%s', weight.source_id, weight.operator_id),
	       format('weight of source %s, operator %s: no such %s', weight.source_id, weight.operator_id,
			case when source.id is null then 'source' else 'operator' end)
	  from source_operator_weights as weight
	  left join sources as source on source.id = weight.source_id
	  left join operators as operator on operator.id = weight.operator_id
	 where source.id is null or operator.id is null
	union all
	select format('history-%s', named.operator_id),
	       format('operator %s: history names it, but it is not there', named.operator_id)
	  from (select to_operator_id as operator_id from contact_history
		union
		select from_operator_id from contact_history) as named
	  left join operators as operator on operator.id = named.operator_id
	 where named.operator_id is not null and operator.id is null
	union all
	select format('decision-%s-%s', history.contact_id, history.id),
	       format('contact %s: entry %s was chosen in batch %s, source %s, whose decision is not there',
			history.contact_id, history.id, history.batch_id, chosen_for.id)
	  from contact_history as history
	  join contacts as contact on contact.id = history.contact_id
	 cross join lateral (
		select {{source_then contact.id history.id contact.source_id}} as id) as chosen_for
	  left join assignment_decisions as decision
	    on decision.batch_id = history.batch_id and decision.source_id = chosen_for.id
	 where history.batch_id is not null and decision.batch_id is null
)
select (select count(*) from contacts) + (select count(*) from source_operator_weights) as checked, {{audit_answer}}
