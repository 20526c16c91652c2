-- Who departs is there, and inactive: otherwise contacts would be moved away from somebody who works.
-- -> checked, wrong, examples
with wrong as (
	select departure.operator_id as place,
	       format('operator %s: its contacts are to be moved (%s), but it is %s', departure.operator_id,
			departure.active_contacts, case when operator.id is null then 'unknown' else 'active' end)
		as example
	  from operator_departures as departure
	  left join operators as operator on operator.id = departure.operator_id
	 where operator.is_active is not false
)
select (select count(*) from operator_departures) as checked, {{audit_answer}}
