-- Operators whose load row misses or disagrees with their contacts.
-- -> operator_id
select operator.id
  from operators as operator
  left join operator_loads as load on load.operator_id = operator.id
  left join (select operator_id, count(*) as active, max(id) as newest
	       from contacts
	      where status = 'active'
	      group by operator_id) as held on held.operator_id = operator.id
 where load.active_load is distinct from coalesce(held.active, 0)
    or load.last_contact_id < held.newest
    or (load.last_contact_id = 0
	and exists (select from contact_history
		     where to_operator_id = operator.id))
 order by operator.id
