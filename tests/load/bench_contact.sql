-- What the service is measured against: the same transaction, plain, one call per contact. Lead found or made, the
-- operators' loads locked in id order, then, in a statement with a newer snapshot than the locks, the weighted pick; the
-- contact; its load follows by the schema's own trigger. With is_whole it stores what the service stores beside it: the
-- row of history and the decision.
create function bench_contact(external text, source bigint, words text, is_whole boolean) returns bigint
language plpgsql as $$
declare
	lead bigint;
	chosen bigint;
	contact bigint;
	draw double precision := random();
	batch bigint;
begin
	select id into lead from leads where external_id = external;
	if not found then
		insert into leads (external_id) values (external) on conflict (external_id) do nothing returning id into lead;
		if not found then
			select id into lead from leads where external_id = external;
		end if;
	end if;

	perform from operator_loads
	  where operator_id in (select operator_id from source_operator_weights where source_id = source)
	  order by operator_id
	    for update;

	select operator_id into chosen
	  from (select link.operator_id, sum(link.weight) over (order by link.operator_id) as reach,
		       sum(link.weight) over () as whole
		  from source_operator_weights as link
		  join operators as operator on operator.id = link.operator_id
		  join operator_loads as load on load.operator_id = link.operator_id
		 where link.source_id = source
		   and link.weight > 0
		   and operator.is_active
		   and load.active_load < operator.max_load_limit) as eligible
	 where reach > draw * whole
	 order by operator_id
	 limit 1;

	if is_whole then
		batch := nextval('assignment_batches_id_seq');
		insert into assignment_decisions (batch_id, source_id, strategy, operator_ids, weights, are_active,
			limits, loads, expected, assigned, waiting)
		select batch, source, 'weighted_random', array_agg(operator_id order by operator_id),
		       array_agg(weight order by operator_id), array_agg(is_active order by operator_id),
		       array_agg(max_load_limit order by operator_id), array_agg(active_load order by operator_id),
		       array_agg(coalesce(weight / sum_free, 0)::double precision order by operator_id),
		       array_agg((operator_id is not distinct from chosen)::integer order by operator_id),
		       (chosen is null)::integer
		  from (select link.operator_id, link.weight, operator.is_active, operator.max_load_limit, load.active_load,
			       sum(link.weight) filter (where operator.is_active
				and load.active_load < operator.max_load_limit) over () as sum_free
			  from source_operator_weights as link
			  join operators as operator on operator.id = link.operator_id
			  join operator_loads as load on load.operator_id = link.operator_id
			 where link.source_id = source) as team;
	end if;

	insert into contacts (lead_id, source_id, operator_id, status, waiting_reason, message, assigned_at)
	values (lead, source, chosen, case when chosen is null then 'waiting' else 'active' end,
		case when chosen is null then 'full' end, words, case when chosen is not null then now() end)
	returning id into contact;
	if is_whole then
		insert into contact_history (contact_id, kind, actor, reason, to_operator_id, batch_id, ordinal, draw)
		values (contact, case when chosen is null then 'waiting' else 'assigned' end, 'api',
			case when chosen is null then 'full' else 'weighted_random' end, chosen, batch, 0,
			(draw * 1000)::bigint);
	end if;
	return contact;
end $$;
