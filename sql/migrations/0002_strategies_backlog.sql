-- How a source chooses, sticks and drains its backlog; what that needs to know of operators; who is woken by what.

alter table sources
	add column strategy text not null default 'weighted_random',
	add column sticky_seconds integer not null default 0,
	add column backlog text not null default 'manual',
	add constraint sources_strategy_known
		check (strategy in ('weighted_random', 'smooth_weighted', 'least_loaded', 'least_recent')),
	add constraint sources_sticky_seconds_range check (sticky_seconds between 0 and 31536000),
	add constraint sources_backlog_known check (backlog in ('manual', 'auto'));
create index sources_backlog_auto on sources (id) where backlog = 'auto';

comment on column sources.strategy is
	'How the operator is chosen: weighted_random, smooth_weighted, least_loaded or least_recent.';
comment on column sources.sticky_seconds is
	'A lead whose newest assignment in this source is younger goes to the same operator again; 0: never.';
comment on column sources.backlog is
	'manual: waiting contacts wait for a person; auto: they are assigned, oldest first, as soon as there is room.';

alter table source_operator_weights add column credit bigint not null default 0;
comment on column source_operator_weights.credit is
	'Of strategy smooth_weighted, in thousandths of weight: what the operator is owed, or was given ahead.';

-- Written with the counter, in the row that is rewritten anyway.
alter table operator_loads add column last_contact_id bigint not null default 0;
update operator_loads
   set last_contact_id = coalesce(
	(select max(id) from contacts where contacts.operator_id = operator_loads.operator_id), 0);
comment on column operator_loads.last_contact_id is
	'Grows with each contact that the operator gets: its id, or a later number of the same sequence; 0: never.';


-- A contact has a reason to wait exactly while it waits. So the backlog of a source has an index that closing an
-- active contact need not touch.
alter table contacts disable trigger user;
update contacts set waiting_reason = null where status <> 'waiting' and waiting_reason is not null;
update contacts set waiting_reason = 'released' where status = 'waiting' and waiting_reason is null;
alter table contacts enable trigger user;
alter table contacts drop constraint contacts_waiting_reason_known;
alter table contacts add constraint contacts_waiting_reason_known check (
	waiting_reason in ('no_operators', 'inactive', 'full', 'weight_zero', 'queued', 'released'));
comment on column contacts.waiting_reason is
	'Why nobody took it: no_operators, inactive, full, weight_zero; queued: behind older ones; released: given up.';
alter table contacts add constraint contacts_status_waiting_reason
	check ((status = 'waiting') = (waiting_reason is not null));
create index contacts_backlog on contacts (source_id, id) where waiting_reason is not null;

create or replace function contacts_stamp() returns trigger language plpgsql as $$
begin
	if tg_op = 'UPDATE' then
		new.version := old.version + 1;
		if new.status <> 'closed' then
			new.closed_at := null;
		end if;
		if new.operator_id is null then
			new.assigned_at := null;
		elsif new.operator_id is distinct from old.operator_id then
			new.assigned_at := now();
		end if;
	elsif new.operator_id is not null then
		new.assigned_at := coalesce(new.assigned_at, now());
	end if;
	if new.status = 'waiting' then
		new.waiting_reason := coalesce(new.waiting_reason, 'released');
	else
		new.waiting_reason := null;
	end if;
	if new.status = 'closed' then
		new.closed_at := coalesce(new.closed_at, now());
	end if;
	return new;
end $$;

drop trigger contacts_stamp_insert on contacts;
create trigger contacts_stamp_insert before insert on contacts
	for each row when ((new.operator_id is not null and new.assigned_at is null)
			or (new.status = 'closed' and new.closed_at is null)
			or ((new.status = 'waiting') is distinct from (new.waiting_reason is not null)))
	execute function contacts_stamp();


-- Wakes whoever drains backlogs (LISTEN leadd_backlog) when one of these operators could take a contact that waits
-- in an automatic source. The caller holds their load rows locked, as an assignment does: so either it sees the
-- contact that waits, or the assignment that made it wait saw the room.
create function backlog_wake(operators bigint[]) returns void language plpgsql
	set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
	if exists (
		select from sources as source
		 where source.backlog = 'auto'
		   and exists (select from contacts
				where contacts.source_id = source.id and contacts.waiting_reason is not null)
		   and exists (select from source_operator_weights as weight
				 join operators as operator on operator.id = weight.operator_id
				 join operator_loads as load on load.operator_id = weight.operator_id
				where weight.source_id = source.id
				  and weight.operator_id = any (operators)
				  and weight.weight > 0
				  and operator.is_active
				  and load.active_load < operator.max_load_limit))
	then
		notify leadd_backlog;
	end if;
end $$;

create or replace function contacts_count_inserted() returns trigger language plpgsql as $$
begin
	perform from operator_loads
	  where operator_id in (select operator_id from added where status = 'active')
	  order by operator_id
	    for update;
	update operator_loads as load
	   set active_load = load.active_load + change.places,
	       last_contact_id = greatest(load.last_contact_id, change.last_contact_id)
	  from (select operator_id, count(*)::integer as places, max(id) as last_contact_id
		  from added where status = 'active' group by operator_id) as change
	 where load.operator_id = change.operator_id;
	return null;
end $$;

create or replace function contacts_count_updated() returns trigger language plpgsql as $$
declare
	operators bigint[];
	places integer[];
	gains boolean[];
	newest bigint;
begin
	select array_agg(operator_id), array_agg(change), array_agg(is_gain) into operators, places, gains
	  from (select operator_id, sum(place)::integer as change, bool_or(is_new) as is_gain
		  from (select after.operator_id, 1 as place,
			       after.operator_id is distinct from before.operator_id as is_new
			  from after left join before on before.id = after.id
			 where after.status = 'active'
			union all
			select operator_id, -1, false from before where status = 'active') as moves
		 group by operator_id
		having sum(place) <> 0 or bool_or(is_new)
		 order by operator_id) as changes;
	if operators is null then
		return null;
	end if;
	if true = any (gains) then
		newest := nextval('contacts_id_seq');
	end if;
	perform from operator_loads where operator_id = any (operators) order by operator_id for update;
	update operator_loads as load
	   set active_load = load.active_load + change.places,
	       last_contact_id = case when change.is_gain then greatest(load.last_contact_id, newest)
				 else load.last_contact_id end
	  from unnest(operators, places, gains) as change (operator_id, places, is_gain)
	 where load.operator_id = change.operator_id;
	if exists (select from unnest(places) as change where change < 0) then
		perform backlog_wake(operators);
	end if;
	return null;
end $$;

create or replace function contacts_count_deleted() returns trigger language plpgsql as $$
declare
	operators bigint[] := array(select distinct operator_id from removed where status = 'active');
begin
	perform from operator_loads where operator_id = any (operators) order by operator_id for update;
	update operator_loads as load
	   set active_load = load.active_load - change.places
	  from (select operator_id, count(*)::integer as places
		  from removed where status = 'active' group by operator_id) as change
	 where load.operator_id = change.operator_id;
	if cardinality(operators) > 0 then
		perform backlog_wake(operators);
	end if;
	return null;
end $$;


-- A change of limits or activity is ordered with the assignments, whoever makes it: the load rows are locked before
-- it commits. Whoever wants both locks the operators' rows first.
create function operators_changed() returns trigger language plpgsql as $$
declare
	changed bigint[] := array(
		select after.id from after join before on before.id = after.id
		 where (after.is_active, after.max_load_limit)
			is distinct from (before.is_active, before.max_load_limit));
begin
	if cardinality(changed) > 0 then
		perform from operator_loads where operator_id = any (changed) order by operator_id for update;
		delete from operator_departures as departure using after
		 where departure.operator_id = after.id and after.is_active; -- who is back keeps what it has
		perform backlog_wake(changed);
	end if;
	return null;
end $$;

create trigger operators_changed after update on operators
	referencing old table as before new table as after
	for each statement execute function operators_changed();

-- Links and settings have no lock in common with the assignments. Whoever drains looks after they are committed, and
-- whoever made a contact wait looks after that was committed: the later of the two sees both.
create function backlog_wake_source() returns trigger language plpgsql as $$
begin
	if exists (select from sources where id = new.source_id and backlog = 'auto') then
		notify leadd_backlog;
	end if;
	return null;
end $$;

create trigger source_operator_weights_added after insert on source_operator_weights
	for each row when (new.weight > 0) execute function backlog_wake_source();
create trigger source_operator_weights_raised after update of weight, source_id, operator_id on source_operator_weights
	for each row when (new.weight > 0 and (old.weight = 0
			or (old.source_id, old.operator_id) <> (new.source_id, new.operator_id)))
	execute function backlog_wake_source();

create function backlog_wake_all() returns trigger language plpgsql as $$
begin
	notify leadd_backlog;
	return null;
end $$;

create trigger sources_backlog_auto after update of backlog on sources
	for each row when (old.backlog <> 'auto' and new.backlog = 'auto') execute function backlog_wake_all();
