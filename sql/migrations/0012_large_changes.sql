-- Changes of many contacts at once: the work of the triggers grows with their number, not with its square.

-- Each contact once, with what it was and what it is: rows of both tables put together by id. A join of the two is a
-- loop in a loop where the plan was made for one contact, or for a session that joins in no other way.
-- Each operator who gains gets a number of its own, in the order of the contacts: so least_recent tells them apart.
-- Whoever is named by a contact that takes no place, since it is closed, appears in history all the same.
create or replace function contacts_count_updated() returns trigger language plpgsql as $$
declare
	operators bigint[];
	differences integer[];
	gains bigint[];
begin
	select array_agg(operator_id order by operator_id), array_agg(change order by operator_id),
	       array_agg(gained order by operator_id)
	  into operators, differences, gains
	  from (select move.operator_id, sum(place)::integer as change, max(gained) as gained,
		       bool_or(is_named) as is_named
		  from (select id, max(operator_id) filter (where is_after) as holder,
			       max(operator_id) filter (where not is_after) as holder_before,
			       bool_or(is_after and is_active) as takes, bool_or(not is_after and is_active) as took
			  from (select id, operator_id, status = 'active' as is_active, true as is_after from after
				union all
				select id, operator_id, status = 'active', false from before) as version
			 group by id) as contact
		 cross join lateral (values
			(holder, takes::integer, case when takes and holder is distinct from holder_before then id end,
			 not takes and holder is distinct from holder_before),
			(case when took then holder_before end, -1, null, false)
		      ) as move (operator_id, place, gained, is_named)
		 where move.operator_id is not null
		 group by move.operator_id) as changed
	 where change <> 0
	    or gained is not null
	    or (is_named and exists (select from operator_loads as load
				      where load.operator_id = changed.operator_id and load.last_contact_id = 0));
	if operators is null then
		return null;
	end if;
	perform from operator_loads where operator_id = any (operators) order by operator_id for update;
	with change as materialized (
		select operator_id, places,
		       case when gained is null then 1 else nextval('contacts_id_seq') end as newest
		  from (select operator_id, places, gained
			  from unnest(operators, differences, gains) as change (operator_id, places, gained)
			 order by gained) as in_order
	)
	update operator_loads as load
	   set active_load = load.active_load + change.places,
	       last_contact_id = greatest(load.last_contact_id, change.newest)
	  from change
	 where load.operator_id = change.operator_id;
	if exists (select from unnest(differences) as difference where difference < 0) then
		perform backlog_wake(operators);
	end if;
	return null;
end $$;

-- Changes that the service makes one by one, and those made in psql.
alter function contacts_record_updated() set enable_nestloop = off;
alter function contacts_record_updated() set enable_hashjoin = on;

-- The loads of those who are named for the first time are changed as well.
create or replace function contacts_count_inserted() returns trigger language plpgsql as $$
begin
	if current_setting('leadd.records', true) is distinct from 'own' then
		perform from operator_loads
		  where operator_id in (select operator_id from added where status = 'active')
		     or (last_contact_id = 0 and operator_id in (select operator_id from added))
		  order by operator_id
		    for update;
	end if;
	update operator_loads as load
	   set active_load = load.active_load + change.places,
	       last_contact_id = greatest(load.last_contact_id, change.last_contact_id)
	  from (select operator_id, count(*) filter (where status = 'active')::integer as places,
		       coalesce(max(id) filter (where status = 'active'), 1) as last_contact_id
		  from added where operator_id is not null group by operator_id) as change
	 where load.operator_id = change.operator_id
	   and (change.places > 0 or load.last_contact_id = 0);
	return null;
end $$;

update operator_loads as load
   set last_contact_id = 1
 where last_contact_id = 0
   and (exists (select from contacts where contacts.operator_id = load.operator_id)
	or operator_id in (select to_operator_id from contact_history));
