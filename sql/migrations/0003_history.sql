-- What happened to each contact, and what each choice was made from.

-- One row per assignment and change, in the order of id. Written by the trigger below for every writer, psql
-- included; the service's own assignments write it themselves, with the decision.
create table contact_history (
	contact_id bigint not null,
	id bigint generated always as identity,
	at timestamptz not null default now(),
	kind text not null,
	actor text not null,
	reason text,
	from_operator_id bigint,
	to_operator_id bigint,
	batch_id bigint,
	ordinal integer,
	draw bigint,
	constraint contact_history_pkey primary key (contact_id, id),
	constraint contact_history_kind_known check (
		kind in ('assigned', 'waiting', 'transferred', 'released', 'closed', 'reopened', 'edited', 'deleted'))
);
create index contact_history_at on contact_history using brin (at) with (autosummarize = on);

comment on table contact_history is 'Everything that happened to contacts; rows are only ever added.';
comment on column contact_history.actor is 'api, system, or the database role of a change made in psql.';
comment on column contact_history.reason is
	'How an operator was chosen (a strategy, sticky, manual, forced), or why there is none.';
comment on column contact_history.from_operator_id is 'Who held the contact before; null: nobody.';
comment on column contact_history.to_operator_id is 'Who holds it since; null: nobody.';
comment on column contact_history.batch_id is
	'With the source of the contact: the row of assignment_decisions that the choice was made from.';
comment on column contact_history.ordinal is 'Place of the choice in its batch, from 0.';
comment on column contact_history.draw is
	'The random draw in thousandths of weight; null where chance had no part.';

create function contact_history_is_final() returns trigger language plpgsql as $$
begin
	raise exception 'rows of contact_history are only ever added'
		using errcode = 'integrity_constraint_violation', constraint = 'contact_history_is_final';
end $$;
create trigger contact_history_is_final before update or delete or truncate on contact_history
	for each statement execute function contact_history_is_final();


-- One row per batch and source: the operators as they were before the batch's first choice. The load of one at a
-- later choice is the load here, and those that the batch gave it until then (taken_*).
create table assignment_decisions (
	batch_id bigint not null,
	source_id bigint not null,
	at timestamptz not null default now(),
	strategy text not null,
	operator_ids bigint[] not null,
	weights numeric[] not null,
	are_active boolean[] not null,
	limits integer[] not null,
	loads integer[] not null,
	credits bigint[],
	last_contact_ids bigint[],
	taken_ordinals integer[],
	taken_seats smallint[],
	taken_own boolean[],
	expected double precision[] not null,
	assigned integer[] not null,
	waiting integer not null,
	constraint assignment_decisions_pkey primary key (batch_id, source_id)
);
create index assignment_decisions_at on assignment_decisions (at);
create sequence assignment_batches_id_seq;

comment on table assignment_decisions is 'What choices were made from: one snapshot per batch and source.';
comment on column assignment_decisions.operator_ids is 'Those who serve the source, by id; the other lists go along.';
comment on column assignment_decisions.loads is 'Active contacts of each before the batch.';
comment on column assignment_decisions.credits is 'Of each before the batch; strategy smooth_weighted only.';
comment on column assignment_decisions.last_contact_ids is 'Of each before the batch; strategy least_recent only.';
comment on column assignment_decisions.taken_ordinals is
	'Choices of this batch, for whatever source, that gave one of these operators a contact; null: there was one.';
comment on column assignment_decisions.taken_seats is 'Who got it: place in operator_ids, from 1.';
comment on column assignment_decisions.taken_own is 'Whether the strategy of this source chose.';
comment on column assignment_decisions.expected is
	'Sum of the chances that each had in the choices for this source.';
comment on column assignment_decisions.assigned is 'What each got in this source.';
comment on column assignment_decisions.waiting is 'Contacts of this source that nobody could take.';


-- The same by hours, summed up from assignment_decisions by the service, minute by minute.
create table distribution_hours (
	source_id bigint not null,
	hour timestamptz not null,
	operator_id bigint not null,
	expected double precision not null,
	assigned bigint not null,
	constraint distribution_hours_pkey primary key (source_id, hour, operator_id),
	constraint distribution_hours_source_id_fkey foreign key (source_id) references sources on delete cascade,
	constraint distribution_hours_operator_id_fkey foreign key (operator_id) references operators on delete cascade
);
create table distribution_progress (
	summed_until timestamptz not null,
	is_only boolean not null default true,
	constraint distribution_progress_pkey primary key (is_only),
	constraint distribution_progress_is_only check (is_only)
);
insert into distribution_progress (summed_until) values (date_trunc('minute', now()));

comment on table distribution_hours is 'Expected and actual assignments by hour, source and operator.';
comment on column distribution_hours.expected is 'Sum of the chances that the operator had in the choices made.';
comment on table distribution_progress is 'Up to when assignment_decisions has been summed up into distribution_hours.';


-- The session's settings say who acts: leadd.actor (else the database role), and leadd.reason. A session with
-- leadd.records = own writes its history itself.
create function history_actor() returns text
language sql stable
return coalesce(nullif(current_setting('leadd.actor', true), ''), session_user);

create function history_reason() returns text
language sql stable
return nullif(current_setting('leadd.reason', true), '');

create function contacts_record_inserted() returns trigger language plpgsql as $$
begin
	insert into contact_history (contact_id, kind, actor, reason, to_operator_id)
	select id, case status when 'active' then 'assigned' else status end, history_actor(),
	       coalesce(waiting_reason, history_reason()), operator_id
	  from added
	 order by id;
	if exists (select from added join sources on sources.id = added.source_id
		    where added.status = 'waiting' and sources.backlog = 'auto')
	then
		notify leadd_backlog;
	end if;
	return null;
end $$;

create function contacts_record_updated() returns trigger language plpgsql as $$
begin
	insert into contact_history (contact_id, kind, actor, reason, from_operator_id, to_operator_id)
	select after.id,
	       case
		when after.status = 'closed' and before.status <> 'closed' then 'closed'
		when before.status = 'closed' and after.status <> 'closed' then 'reopened'
		when before.status = 'waiting' and after.status = 'active' then 'assigned'
		when before.status = 'active' and after.status = 'waiting' then 'released'
		when before.operator_id is distinct from after.operator_id then 'transferred'
		else 'edited'
	       end, history_actor(), history_reason(), before.operator_id, after.operator_id
	  from after
	  join before on before.id = after.id
	 where after.version <> before.version
	 order by after.id;
	if exists (select from after
		     join before on before.id = after.id
		     join sources on sources.id = after.source_id
		    where after.status = 'waiting'
		      and (before.status, before.source_id) <> (after.status, after.source_id)
		      and sources.backlog = 'auto')
	then
		notify leadd_backlog;
	end if;
	return null;
end $$;

create function contacts_record_deleted() returns trigger language plpgsql as $$
begin
	insert into contact_history (contact_id, kind, actor, reason, from_operator_id)
	select id, 'deleted', history_actor(), history_reason(), operator_id
	  from removed
	 order by id;
	return null;
end $$;

-- Before, because afterwards nobody knows who was there.
create function contacts_record_truncated() returns trigger language plpgsql as $$
begin
	insert into contact_history (contact_id, kind, actor, reason, from_operator_id)
	select id, 'deleted', history_actor(), history_reason(), operator_id
	  from contacts
	 order by id;
	return null;
end $$;

-- Behind the counters in the order of names: a row is written while the load rows are locked, so that for each
-- operator the order of id is the order in which its places were taken and freed.
create trigger contacts_record_inserted after insert on contacts
	referencing new table as added
	for each statement when (current_setting('leadd.records', true) is distinct from 'own')
	execute function contacts_record_inserted();
create trigger contacts_record_updated after update on contacts
	referencing old table as before new table as after
	for each statement when (current_setting('leadd.records', true) is distinct from 'own')
	execute function contacts_record_updated();
create trigger contacts_record_deleted after delete on contacts
	referencing old table as removed
	for each statement execute function contacts_record_deleted();
create trigger contacts_record_truncated before truncate on contacts
	for each statement execute function contacts_record_truncated();

-- Contacts up to that one are older than their history. The triggers' lock is held: nobody inserts meanwhile.
create table history_start (
	after_contact_id bigint not null,
	at timestamptz not null default now(),
	is_only boolean not null default true,
	constraint history_start_pkey primary key (is_only),
	constraint history_start_is_only check (is_only)
);
insert into history_start (after_contact_id) select coalesce(max(id), 0) from contacts;

comment on table history_start is 'Since when every contact has a history: of all later ones it is complete.';


-- An operator who ever got a contact stays, so that history can name it. Told as the foreign key of contacts would
-- tell it, which every version of the program knows.
create function operators_in_history() returns trigger language plpgsql as $$
begin
	if exists (select from operator_loads where operator_id = old.id and last_contact_id > 0) then
		raise exception 'operator % appears in history; deactivate it instead', old.id
			using errcode = 'foreign_key_violation', constraint = 'contacts_operator_id_fkey',
			table = 'operators';
	end if;
	return old;
end $$;
create trigger operators_in_history before delete on operators
	for each row execute function operators_in_history();
