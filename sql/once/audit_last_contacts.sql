-- No operator holds a contact that is newer than its last_contact_id says, or appears in history while that is 0.
-- -> checked, wrong, examples
with held as (
	select operator_id, max(id) as newest
	  from contacts
	 where status = 'active'
	 group by operator_id
), given as (
	select distinct to_operator_id as operator_id
	  from contact_history
	 where to_operator_id is not null
), wrong as (
	select load.operator_id as place,
	       format('operator %s: last_contact_id is %s, but %s', load.operator_id, load.last_contact_id,
			coalesce('it holds contact ' || held.newest, 'it appears in history')) as example
	  from operator_loads as load
	  left join held on held.operator_id = load.operator_id
	  left join given on given.operator_id = load.operator_id
	 where load.last_contact_id < coalesce(held.newest, case when given.operator_id is not null then 1 else 0 end)
)
select (select count(*) from operator_loads) as checked, {{audit_answer}}
