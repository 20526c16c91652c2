-- Reporting: figures that were wrong for contacts entered with a past of their own, for some that were closed or could
-- not be moved, and for days whose midnight comes twice. History: the decisions of contacts that changed their source.

-- The history of a contact that is entered by hand begins when the contact itself says, not when it is entered: with
-- its closing, its assignment, or its coming in. So closings are found by an index on the day on which they were.
create or replace function contacts_record_inserted() returns trigger language plpgsql as $$
begin
	insert into contact_history (contact_id, at, kind, actor, reason, to_operator_id)
	select id,
	       least(now(),
			case status when 'active' then assigned_at when 'closed' then closed_at else created_at end),
	       case status when 'active' then 'assigned' else status end, history_actor(),
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

comment on column contact_history.at is
	'When it happened: when its transaction began; of a contact that was entered by hand with times of its own, '
	'what those say. The order in which things happened is that of id.';


-- Where the clocks go back over midnight, 0:00 comes twice, and is read as the second one.
create or replace view reporting.calendar_days as
with bounds as materialized (
	select least((select at - interval '1 hour' from history_start),
			(select min(created_at) from contacts))::date as first,
	       greatest(now(), (select max(created_at) from contacts))::date as last
)
select bounds.first + place as day,
       case (midnight.at - interval '1 hour')::date
	when bounds.first + place then midnight.at - interval '1 hour'
	else midnight.at
       end as begins,
       case (midnight.next - interval '1 hour')::date
	when bounds.first + place + 1 then midnight.next - interval '1 hour'
	else midnight.next
       end as ends
  from bounds
 cross join lateral generate_series(0, bounds.last - bounds.first) as place
 cross join lateral (
	select (bounds.first + place)::timestamptz as at, (bounds.first + place + 1)::timestamptz as next) as midnight;


-- One that was given to somebody else after its closing has that one's assigned_at.
create or replace view reporting.contacts as
select contact.id as contact_id, contact.created_at as came_at, source.id as source_id, source.name as source,
       lead.external_id as lead, lead.name as lead_name, operator.id as operator_id, operator.name as operator,
       contact.status, contact.waiting_reason, contact.assigned_at, contact.closed_at,
       case when contact.id > (select after_contact_id from history_start)
	    then (select case
			when history.kind <> 'closed' then history.at
			when contact.assigned_at <= least(history.at, contact.closed_at) then contact.assigned_at
		       end
		    from contact_history as history
		   where history.contact_id = contact.id
		     and history.to_operator_id is not null
		   order by history.id
		   limit 1)
	    else contact.assigned_at end - contact.created_at as time_to_assignment,
       case when contact.assigned_at <= contact.closed_at
	    then contact.closed_at - contact.assigned_at end as handling_time, contact.version - 1 as changes
  from contacts as contact
  left join sources as source on source.id = contact.source_id
  left join leads as lead on lead.id = contact.lead_id
  left join operators as operator on operator.id = contact.operator_id;

comment on column reporting.contacts.assigned_at is
	'When that operator got it, which in psql may be after its closing; null: nobody has it.';
comment on column reporting.contacts.time_to_assignment is
	'From coming in until somebody got it for the first time; null: nobody did yet, or it was entered closed and '
	'does not tell. Of contacts from before there was a history: until the operator got it.';
comment on column reporting.contacts.handling_time is
	'From assigned_at to closed_at; null unless both are there and in this order. Of one that was reopened this '
	'includes the time for which it was closed: the view closings tells its parts.';
comment on column reporting.assignment_time_by_source.assigned is
	'How many of them anybody ever got, as far as it is known when: the times are theirs.';


-- What was entered closed before this migration has in history the time of its entering: how long it was handled,
-- the contact itself tells.
create or replace view reporting.closings as
select history.at as closed_at, history.contact_id, source.id as source_id, source.name as source,
       lead.external_id as lead, operator.id as operator_id, operator.name as operator,
       coalesce(start.at, known.assigned_at) as handled_since,
       coalesce(history.at - start.at, known.closed_at - known.assigned_at) as handling_time, history.actor
  from contact_history as history
  left join contacts as contact on contact.id = history.contact_id
  left join sources as source on source.id = contact.source_id
  left join leads as lead on lead.id = contact.lead_id
  join operators as operator on operator.id = history.to_operator_id
  left join lateral (
	select earlier.at
	  from contact_history as earlier
	 where earlier.contact_id = history.contact_id
	   and earlier.id < history.id
	   and (earlier.kind = 'reopened'
		or earlier.kind in ('assigned', 'transferred')
			and earlier.from_operator_id is distinct from earlier.to_operator_id)
	 order by earlier.id desc
	 limit 1) as start on true
 cross join lateral (
	select least(history.at, contact.closed_at) as closed_at,
	       case when contact.assigned_at <= least(history.at, contact.closed_at)
		    then contact.assigned_at end as assigned_at) as known
 where history.kind = 'closed';

comment on column reporting.closings.closed_at is
	'When it was closed. Of one that was entered closed by hand: as it says itself; before migration 13, when it '
	'was entered.';
comment on column reporting.closings.handled_since is
	'When the operator had got it, or it had been reopened, before; null: that was before there was a history, '
	'or it was entered closed and does not tell.';


-- Those that a redistribution could not place have the reason of that choice, as in backlog.
create or replace view reporting.waiting_by_day as
select day.day, source.id as source_id, source.name as source, counted.reason, counted.contacts
  from reporting.calendar_days as day
 cross join lateral (
	select contact.source_id,
	       case when history.kind = 'waiting' or history.kind = 'released' and history.batch_id is not null
		    then history.reason else 'released' end as reason,
	       count(distinct contact.id) as contacts
	  from contact_history as history
	  join contacts as contact on contact.id = history.contact_id
	 where history.at >= day.begins
	   and history.at < day.ends
	   and (history.kind in ('waiting', 'released')
		or history.kind = 'reopened' and history.to_operator_id is null)
	 group by 1, 2) as counted
  join sources as source on source.id = counted.source_id;

comment on column reporting.waiting_by_day.reason is
	'Why nobody could take them, as in backlog: of those whose operator left and whom nobody else could take, why '
	'that was; released also of those that were reopened and had nobody.';


-- Choices of a contact were made from the decision of the source that it had then; in psql it may be given another one.
create table contact_sources_before (
	contact_id bigint not null,
	until_history_id bigint not null,
	source_id bigint not null,
	constraint contact_sources_before_pkey primary key (contact_id, until_history_id)
);
comment on table contact_sources_before is
	'Sources that contacts had before they were given others in psql; kept by a trigger on contacts.';
comment on column contact_sources_before.until_history_id is
	'The last entry of the contact''s history at which it had that source.';
comment on column contact_history.batch_id is
	'With the source that the contact had then: the row of assignment_decisions that the choice was made from.';

-- For each row, so that it costs nothing where no source is given; the entry of this change is written after it.
create function contacts_keep_source() returns trigger language plpgsql as $$
begin
	insert into contact_sources_before (contact_id, until_history_id, source_id)
	select old.id, max(id), old.source_id
	  from contact_history
	 where contact_id = old.id
	having max(id) is not null
	    on conflict (contact_id, until_history_id) do nothing;
	return null;
end $$;
create trigger contacts_keep_source after update of source_id on contacts
	for each row when (old.source_id <> new.source_id) execute function contacts_keep_source();
