-- Events for GET /api/v1/events: whoever changes contacts, operators, sources or weights tells it on the channel
-- leadd_events, when it is committed.
--
-- A notification takes a lock that all commits with one queue for, in the whole cluster. So the service's own sessions,
-- which change contacts thousands of times a second, say leadd.events = off, and on again for a transaction while
-- somebody listens. All others, psql above all, always tell.


-- A payload is "<transaction> <its now() in microseconds> <nonce>" and the changes behind it, each after a semicolon:
--	n<status> <contact> <lead> <source> <operator or 0> 0		a new contact
--	a<status> ... <operator> <operator before or 0>			it got an operator
--	w<status> ... 0 <operator before>				it waits again
--	c<status> ... <operator or 0> 0					it was closed
--	o <id>, O <id>, s <id>, S <id>					an operator, a source: changed, deleted
--	r								more than can be told: all may have changed
-- status is a, w or c: active, waiting, closed. A contact takes at most 104 bytes, a payload less than 8000.
create function events_head(nonce bigint) returns text
language sql volatile
return pg_current_xact_id()::text || ' ' || (extract(epoch from now()) * 1000000)::bigint || ' ' || nonce;

-- Notifications of the same text come only once in a transaction; the nonce keeps apart what happened twice.
create function events_tell(changes text[]) returns void language plpgsql as $$
declare
	changes_max constant integer := 2000;
	head text := events_head((extract(epoch from clock_timestamp()) * 1000000)::bigint);
begin
	if cardinality(changes) > changes_max then
		changes := array['r'];
	end if;
	for i in 1..cardinality(changes) by 70 loop
		perform pg_notify('leadd_events', head || ';' || array_to_string(changes[i:i + 69], ';'));
	end loop;
end $$;

create function events_tell_all() returns trigger language plpgsql as $$
begin
	perform events_tell(array['r']);
	return null;
end $$;


-- Contacts, behind the counters and the history in the order of names.
create function contacts_tell_inserted() returns trigger language plpgsql as $$
begin
	perform events_tell(array(
		select 'n' || left(status, 1) || ' ' || id || ' ' || lead_id || ' ' || source_id || ' '
		       || coalesce(operator_id, 0) || ' 0'
		  from added
		 limit 2001));
	return null;
end $$;

-- The same kinds as in history, but for edits; after a contact went to another source or lead all is read anew.
-- A join of the two tables must not be a loop in a loop, see migration 12.
create function contacts_tell_updated() returns trigger language plpgsql
	set enable_nestloop = off set enable_hashjoin = on as $$
begin
	perform events_tell(array(
		select case
			when (after.source_id, after.lead_id) <> (before.source_id, before.lead_id) then 'r'
			else case
				when after.status = 'closed' and before.status <> 'closed' then 'c'
				when after.operator_id is null then 'w'
				else 'a'
			     end
		       || left(after.status, 1) || ' ' || after.id || ' ' || after.lead_id || ' ' || after.source_id
		       || ' ' || coalesce(after.operator_id, 0) || ' '
		       || case when before.operator_id is distinct from after.operator_id
				then coalesce(before.operator_id, 0) else 0 end
		       end
		  from after
		  join before on before.id = after.id
		 where (after.status, after.operator_id, after.source_id, after.lead_id)
			is distinct from (before.status, before.operator_id, before.source_id, before.lead_id)
		 order by after.id
		 limit 2001));
	return null;
end $$;

-- There is no word for a contact that is gone; who has read an open one has to read anew.
create function contacts_tell_deleted() returns trigger language plpgsql as $$
begin
	if exists (select from removed where status <> 'closed') then
		perform events_tell(array['r']);
	end if;
	return null;
end $$;

create trigger contacts_tell_inserted after insert on contacts
	referencing new table as added
	for each statement when (current_setting('leadd.events', true) is distinct from 'off')
	execute function contacts_tell_inserted();
create trigger contacts_tell_updated after update on contacts
	referencing old table as before new table as after
	for each statement when (current_setting('leadd.events', true) is distinct from 'off')
	execute function contacts_tell_updated();
create trigger contacts_tell_deleted after delete on contacts
	referencing old table as removed
	for each statement execute function contacts_tell_deleted();
create trigger contacts_tell_truncated after truncate on contacts
	for each statement execute function events_tell_all();


-- Operators and sources. tg_argv[0] is the letter of a change; its capital is that of a deletion.
create function events_tell_rows() returns trigger language plpgsql
	set enable_nestloop = off set enable_hashjoin = on as $$
begin
	if tg_op = 'INSERT' then
		perform events_tell(array(select tg_argv[0] || ' ' || id from after order by id limit 2001));
	elsif tg_op = 'DELETE' then
		perform events_tell(array(select upper(tg_argv[0]) || ' ' || id from before order by id limit 2001));
	else
		perform events_tell(array(
			select tg_argv[0] || ' ' || after.id
			  from after
			  join before on before.id = after.id
			 where after is distinct from before
			 order by after.id
			 limit 2001));
	end if;
	return null;
end $$;

create trigger operators_tell_inserted after insert on operators
	referencing new table as after for each statement execute function events_tell_rows('o');
create trigger operators_tell_updated after update on operators
	referencing old table as before new table as after for each statement execute function events_tell_rows('o');
create trigger operators_tell_deleted after delete on operators
	referencing old table as before for each statement execute function events_tell_rows('o');
create trigger operators_tell_truncated after truncate on operators
	for each statement execute function events_tell_all();
create trigger sources_tell_inserted after insert on sources
	referencing new table as after for each statement execute function events_tell_rows('s');
create trigger sources_tell_updated after update on sources
	referencing old table as before new table as after for each statement execute function events_tell_rows('s');
create trigger sources_tell_deleted after delete on sources
	referencing old table as before for each statement execute function events_tell_rows('s');
create trigger sources_tell_truncated after truncate on sources
	for each statement execute function events_tell_all();


-- Weights belong to their source. Row by row, since batches change the credits all the time, and only a trigger of rows
-- can leave them out; without a nonce, so that each source is told once however many of its weights change.
create function weights_tell(changed_id bigint) returns void
language sql volatile
begin atomic
	select pg_notify('leadd_events', events_head(0) || ';s ' || changed_id)
	 where exists (select from sources where id = changed_id);
end;

create function source_operator_weights_tell() returns trigger language plpgsql as $$
begin
	if tg_op <> 'INSERT' then
		perform weights_tell(old.source_id);
	end if;
	if tg_op = 'INSERT' or (tg_op = 'UPDATE' and new.source_id <> old.source_id) then
		perform weights_tell(new.source_id);
	end if;
	return null;
end $$;

create trigger source_operator_weights_tell_added after insert or delete on source_operator_weights
	for each row execute function source_operator_weights_tell();
create trigger source_operator_weights_tell_changed
	after update of weight, source_id, operator_id on source_operator_weights
	for each row when ((old.weight, old.source_id, old.operator_id)
			is distinct from (new.weight, new.source_id, new.operator_id))
	execute function source_operator_weights_tell();
create trigger source_operator_weights_tell_truncated after truncate on source_operator_weights
	for each statement execute function events_tell_all();
