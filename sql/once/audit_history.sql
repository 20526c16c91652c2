-- Every contact that came after history began has one, which begins with nobody holding it. Since
-- when there is history must be known.
-- -> checked, wrong, examples
with since as materialized (
	select id
	  from contacts
	 where id > (select after_contact_id from history_start)
), first as (
	select distinct on (contact_id) contact_id, kind, from_operator_id
	  from contact_history
	 where contact_id > (select after_contact_id from history_start)
	 order by contact_id, id
), wrong as (
	select since.id as place,
	       format('contact %s: %s', since.id,
			coalesce('its history begins with ' || first.kind, 'it has no history')) as example
	  from since
	  left join first on first.contact_id = since.id
	 where first.kind is null
	    or first.kind not in ('assigned', 'waiting', 'closed')
	    or first.from_operator_id is not null
	union all
	select 0, 'history_start: its row is gone, so that nobody knows which contacts must have a history'
	 where not exists (select from history_start)
)
select (select count(*) from since) as checked, {{audit_answer}}
