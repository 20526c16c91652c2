-- Reporting: views for people who ask in psql, and the role `reporting`, which can read them and nothing else.
-- Names, columns and their meaning are public: later migrations may add views, and columns at the end of a view.

-- Finds a day's contacts. Not BRIN: contacts are updated, new ones fill the room that this leaves in old pages, and
-- soon the ranges of those pages would hold all times. There is none on closed_at, because closing a contact then
-- rewrote every index; closings are found by the history, whose rows stay where they are.
create index contacts_created_at on contacts (created_at);

-- Whoever migrates may need it to be made by somebody else: it takes the right to create in the database.
do $$
begin
	if not exists (select from pg_namespace where nspname = 'reporting' and pg_has_role(nspowner, 'usage')) then
		create schema reporting;
	end if;
end $$;

comment on schema reporting is
	'Views for people who ask in psql: \dv+ reporting.* lists them, \d+ reporting.backlog explains one. Read only.';


-- A view that cuts time starts from one of these: what asks for some days then reads those days of the tables only.
create view reporting.calendar_days as
with bounds as materialized (
	select least((select at - interval '1 hour' from history_start),
			(select min(created_at) from contacts))::date as first,
	       greatest(now(), (select max(created_at) from contacts))::date as last
)
select bounds.first + place as day, (bounds.first + place)::timestamptz as begins,
       (bounds.first + place + 1)::timestamptz as ends
  from bounds
 cross join lateral generate_series(0, bounds.last - bounds.first) as place;

comment on view reporting.calendar_days is
	'Every day from the first contact to today (to the newest contact, should one lie ahead).';
comment on column reporting.calendar_days.begins is 'Its first moment, in the time zone of this session.';
comment on column reporting.calendar_days.ends is 'The first moment of the next day: no longer part of it.';


create view reporting.calendar_hours as
select day.begins + place * interval '1 hour' as hour,
       least(day.begins + (place + 1) * interval '1 hour', day.ends) as ends
  from reporting.calendar_days as day
 cross join lateral generate_series(0, ceil(extract(epoch from day.ends - day.begins) / 3600)::integer - 1) as place;

comment on view reporting.calendar_hours is 'Every hour of calendar_days.';
comment on column reporting.calendar_hours.hour is 'Its first moment; whole in the time zone of this session.';
comment on column reporting.calendar_hours.ends is 'The first moment of the next hour: no longer part of it.';


create view reporting.load_now as
select operator.id as operator_id, operator.name as operator, operator.is_active, load.active_load,
       operator.max_load_limit,
       case when operator.is_active then greatest(operator.max_load_limit - load.active_load, 0) else 0 end as free,
       round(100.0 * load.active_load / nullif(operator.max_load_limit, 0))::integer as percent_used,
       departure.operator_id is not null as is_leaving
  from operators as operator
  join operator_loads as load on load.operator_id = operator.id
  left join operator_departures as departure on departure.operator_id = operator.id;

comment on view reporting.load_now is 'Who has how much now: every operator, with the room that is left.';
comment on column reporting.load_now.is_active is 'Whether new contacts may go to the operator.';
comment on column reporting.load_now.active_load is 'Contacts that the operator holds.';
comment on column reporting.load_now.max_load_limit is 'Most contacts that assignment gives to the operator.';
comment on column reporting.load_now.free is 'How many more the operator could get; 0 while not active.';
comment on column reporting.load_now.percent_used is
	'active_load in percent of max_load_limit; above 100 where people gave more; null: the limit is 0.';
comment on column reporting.load_now.is_leaving is
	'Whether contacts of the operator are being moved to others just now.';


create view reporting.backlog as
select contact.id as contact_id, source.id as source_id, source.name as source, lead.external_id as lead,
       lead.name as lead_name, contact.waiting_reason as reason, contact.created_at as came_at,
       coalesce(start.at, contact.created_at) as waiting_since,
       date_trunc('second', now() - contact.created_at) as age,
       date_trunc('second', now() - coalesce(start.at, contact.created_at)) as waiting_for
  from contacts as contact
  join sources as source on source.id = contact.source_id
  join leads as lead on lead.id = contact.lead_id
  left join lateral (
	select history.at
	  from contact_history as history
	 where history.contact_id = contact.id
	   and history.kind in ('waiting', 'released', 'reopened')
	 order by history.id desc
	 limit 1) as start on true
 where contact.waiting_reason is not null;

comment on view reporting.backlog is 'The contacts that wait for an operator, one a row, with their ages and reasons.';
comment on column reporting.backlog.reason is
	'Why nobody has it. full: all were at their limits; inactive: nobody was active; weight_zero: those who '
	'serve the source have weight 0; no_operators: nobody serves it; queued: older ones go first; '
	'released: it was given back. As it was '
	'when the contact began to wait.';
comment on column reporting.backlog.waiting_since is
	'Since when nobody has it: later than came_at for one that was released or reopened.';
comment on column reporting.backlog.age is 'Time since it came in, in whole seconds.';
comment on column reporting.backlog.waiting_for is 'Time since waiting_since, in whole seconds.';


create view reporting.waiting_now as
select source_id, source, reason, count(*) as contacts, min(came_at) as oldest_came_at, max(age) as oldest_age,
       date_trunc('second', percentile_cont(0.5) within group (order by age)) as median_age
  from reporting.backlog
 group by source_id, source, reason;

comment on view reporting.waiting_now is 'The backlog by source and reason.';
comment on column reporting.waiting_now.reason is 'Why they wait, as in backlog.';
comment on column reporting.waiting_now.contacts is 'How many wait.';
comment on column reporting.waiting_now.oldest_came_at is 'When the oldest of them came in.';
comment on column reporting.waiting_now.oldest_age is 'How long ago that is.';
comment on column reporting.waiting_now.median_age is 'Half of them came in no longer ago than this.';


create view reporting.contacts as
select contact.id as contact_id, contact.created_at as came_at, source.id as source_id, source.name as source,
       lead.external_id as lead, lead.name as lead_name, operator.id as operator_id, operator.name as operator,
       contact.status, contact.waiting_reason, contact.assigned_at, contact.closed_at,
       case when contact.id > (select after_contact_id from history_start)
	    then (select history.at
		    from contact_history as history
		   where history.contact_id = contact.id
		     and history.to_operator_id is not null
		   order by history.id
		   limit 1)
	    else contact.assigned_at end - contact.created_at as time_to_assignment,
       contact.closed_at - contact.assigned_at as handling_time, contact.version - 1 as changes
  from contacts as contact
  left join sources as source on source.id = contact.source_id
  left join leads as lead on lead.id = contact.lead_id
  left join operators as operator on operator.id = contact.operator_id;

comment on view reporting.contacts is
	'Every contact with its names and times, one a row. Ask for a time (came_at >= now() - interval ''7 '
	'days''), a lead or a contact_id: that is fast.';
comment on column reporting.contacts.operator_id is
	'Who holds it, or held it when it was closed, by the id in the API; null: nobody.';
comment on column reporting.contacts.operator is 'The name of that operator.';
comment on column reporting.contacts.status is
	'active: an operator holds it; waiting: nobody could take it; closed: done.';
comment on column reporting.contacts.waiting_reason is 'Why it waits, as in backlog; null unless it waits.';
comment on column reporting.contacts.assigned_at is 'When that operator got it; null: nobody has it.';
comment on column reporting.contacts.closed_at is 'When it was closed, the last time; null unless it is.';
comment on column reporting.contacts.time_to_assignment is
	'From coming in until somebody got it for the first time; null: nobody did yet. Of contacts from before '
	'there was a history: until the operator got it.';
comment on column reporting.contacts.handling_time is 'From assigned_at to closed_at; null unless both are there.';
comment on column reporting.contacts.changes is 'How often it was changed since it came in.';


create view reporting.contacts_by_hour as
select hour.hour, source.id as source_id, source.name as source, operator.id as operator_id, operator.name as operator,
       counted.contacts, counted.active, counted.waiting, counted.closed
  from reporting.calendar_hours as hour
 cross join lateral (
	select source_id, operator_id, count(*) as contacts, count(*) filter (where status = 'active') as active,
	       count(*) filter (where status = 'waiting') as waiting,
	       count(*) filter (where status = 'closed') as closed
	  from contacts
	 where created_at >= hour.hour
	   and created_at < hour.ends
	 group by source_id, operator_id) as counted
  join sources as source on source.id = counted.source_id
  left join operators as operator on operator.id = counted.operator_id;

comment on view reporting.contacts_by_hour is
	'Contacts by the hour in which they came in, by source and operator. Add them up as you like; hours without '
	'contacts have no row.';
comment on column reporting.contacts_by_hour.hour is
	'The first moment of the hour; whole in the time zone of this session (SET timezone).';
comment on column reporting.contacts_by_hour.operator_id is
	'Who holds them, or held them when they were closed, by the id in the API; null: nobody.';
comment on column reporting.contacts_by_hour.contacts is
	'How many came in; active, waiting and closed are parts of it.';


create view reporting.contacts_by_day as
select day.day, source.id as source_id, source.name as source, operator.id as operator_id, operator.name as operator,
       counted.contacts, counted.leads, counted.active, counted.waiting, counted.closed
  from reporting.calendar_days as day
 cross join lateral (
	select source_id, operator_id, count(*) as contacts, count(distinct lead_id) as leads,
	       count(*) filter (where status = 'active') as active,
	       count(*) filter (where status = 'waiting') as waiting,
	       count(*) filter (where status = 'closed') as closed
	  from contacts
	 where created_at >= day.begins
	   and created_at < day.ends
	 group by source_id, operator_id) as counted
  join sources as source on source.id = counted.source_id
  left join operators as operator on operator.id = counted.operator_id;

comment on view reporting.contacts_by_day is
	'Contacts by the day on which they came in, by source and operator. Add them up as you like (not leads: one '
	'may have come twice).';
comment on column reporting.contacts_by_day.operator_id is
	'Who holds them, or held them when they were closed, by the id in the API; null: nobody.';
comment on column reporting.contacts_by_day.contacts is 'How many came in; active, waiting and closed are parts of it.';
comment on column reporting.contacts_by_day.leads is 'How many different leads they are of.';


create view reporting.source_totals as
select source.id as source_id, source.name as source, source.strategy, source.backlog as backlog_mode,
       coalesce(counted.contacts, 0) as contacts, coalesce(counted.active, 0) as active,
       coalesce(counted.waiting, 0) as waiting, coalesce(counted.closed, 0) as closed, counted.newest_contact_at
  from sources as source
  left join (
	select source_id, count(*) as contacts, count(*) filter (where status = 'active') as active,
	       count(*) filter (where status = 'waiting') as waiting,
	       count(*) filter (where status = 'closed') as closed, max(created_at) as newest_contact_at
	  from contacts
	 group by source_id) as counted on counted.source_id = source.id;

comment on view reporting.source_totals is
	'Every source with all its contacts so far. It counts them anew, all of them.';
comment on column reporting.source_totals.strategy is
	'How the operator is chosen: weighted_random, smooth_weighted, least_loaded or least_recent.';
comment on column reporting.source_totals.backlog_mode is
	'What waits is assigned by people (manual), or as soon as there is room (auto).';
comment on column reporting.source_totals.contacts is
	'How many came in so far; active, waiting and closed are parts of it.';
comment on column reporting.source_totals.newest_contact_at is 'When the newest came in; null: none did.';
