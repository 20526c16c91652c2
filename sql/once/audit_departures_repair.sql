-- Who is active again does not depart; who is unknown has nothing to move.
delete from operator_departures as departure
 where not exists (select from operators
		    where id = departure.operator_id and not is_active)
