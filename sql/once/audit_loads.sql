-- Each operator has a load row, whose counter is the number of its active contacts. Both in one snapshot.
-- -> checked, wrong, examples
with counted as (
	select operator_id, count(*) as active
	  from contacts
	 where status = 'active'
	 group by operator_id
), wrong as (
	select operator.id as place,
	       format('operator %s: %s, but %s active contacts', operator.id,
			coalesce('the counter says ' || load.active_load, 'no load row'), coalesce(counted.active, 0))
		as example
	  from operators as operator
	  left join operator_loads as load on load.operator_id = operator.id
	  left join counted on counted.operator_id = operator.id
	 where load.active_load is distinct from coalesce(counted.active, 0)
)
select (select count(*) from operators) as checked, {{audit_answer}}
