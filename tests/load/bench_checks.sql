-- One row about a run's contacts. \set last_contact, last_lead: the highest ids before it; run: its name
with made as materialized (
	select contact.id, contact.message, contact.status, contact.created_at, lead.external_id
	  from contacts as contact
	  join leads as lead on lead.id = contact.lead_id
	 where contact.id > :last_contact
), held as (
	select operator_id, count(*) as places from contacts where status = 'active' group by operator_id
)
select (select count(*) from made) as stored,
       (select count(distinct message) from made) as different,
       (select count(distinct created_at) from made) as transactions,
       (select count(*) from made where external_id <> message and external_id not like 'past-%') as of_wrong_lead,
       (select coalesce(max(split_part(message, '-', -1)::bigint), 0) from made where message like :'run' || '-%')
	as highest_number,
       (select count(*) from made where status = 'waiting') as waiting,
       (select count(*)
	  from operator_loads as load
	  join operators as operator on operator.id = load.operator_id
	 where load.active_load > operator.max_load_limit) as overloaded,
       (select count(*)
	  from operator_loads as load
	  left join held on held.operator_id = load.operator_id
	 where load.active_load <> coalesce(held.places, 0)) as drifted,
       (select count(*)
	  from (select from leads where id > :last_lead group by external_id having count(*) > 1) as twins) as twins;
