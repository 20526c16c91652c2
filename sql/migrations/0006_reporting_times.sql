-- More views: shares, times, and what happened when; and the words that columns of all views have in common.

-- Hours that are summed up, and the decisions since, by the hour in which they were made.
create view reporting.shares_by_day as
select day.day, source.id as source_id, source.name as source, operator.id as operator_id, operator.name as operator,
       round(chosen.expected::numeric, 1) as expected, chosen.assigned,
       round((chosen.expected / nullif(sum(chosen.expected) over by_source, 0))::numeric, 4) as expected_share,
       round(chosen.assigned / nullif(sum(chosen.assigned) over by_source, 0), 4) as actual_share
  from reporting.calendar_days as day
 cross join sources as source
 cross join lateral (
	select choice.operator_id, sum(choice.expected) as expected, sum(choice.assigned) as assigned
	  from (
		select operator_id, expected, assigned
		  from distribution_hours
		 where source_id = source.id
		   and hour >= day.begins
		   and hour < day.ends
		union all
		select seat.operator_id, seat.expected, seat.assigned
		  from assignment_decisions as decision
		 cross join unnest(decision.operator_ids, decision.expected, decision.assigned)
		    as seat (operator_id, expected, assigned)
		 where decision.source_id = source.id
		   and decision.at >= greatest(day.begins,
			(select summed_until from distribution_progress))
		   and decision.at < day.ends + interval '1 hour'
		   and date_trunc('hour', decision.at, 'UTC') >= day.begins
		   and date_trunc('hour', decision.at, 'UTC') < day.ends
	       ) as choice
	 group by choice.operator_id
	having sum(choice.expected) > 0) as chosen
  join operators as operator on operator.id = chosen.operator_id
window by_source as (partition by day.day, source.id);

comment on view reporting.shares_by_day is
	'What each operator was to expect of the choices made, and what it got. For longer periods add up expected '
	'and assigned, and divide then.';
comment on column reporting.shares_by_day.day is
	'The day, in the time zone of this session (SET timezone); an hour of UTC belongs to the day on which it '
	'begins.';
comment on column reporting.shares_by_day.expected is
	'Sum of the chances that the operator had in the choices for this source: weights as they were, 0 while '
	'full or inactive.';
comment on column reporting.shares_by_day.assigned is
	'Contacts that the choices gave to the operator. What people assigned by hand does not count.';
comment on column reporting.shares_by_day.expected_share is 'expected, as a part of all of the source on this day.';
comment on column reporting.shares_by_day.actual_share is 'assigned, as a part of all of the source on this day.';


create view reporting.closings as
select history.at as closed_at, history.contact_id, source.id as source_id, source.name as source,
       lead.external_id as lead, operator.id as operator_id, operator.name as operator,
       coalesce(start.at, contact.assigned_at) as handled_since,
       history.at - coalesce(start.at, contact.assigned_at) as handling_time, history.actor
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
 where history.kind = 'closed';

comment on view reporting.closings is
	'Every closing of a contact that somebody held, one a row; one that was reopened has several. Ask for a '
	'time (closed_at >= now() - interval ''7 days''): that is fast.';
comment on column reporting.closings.closed_at is 'When it was closed.';
comment on column reporting.closings.operator_id is 'Who held it then, by the id in the API.';
comment on column reporting.closings.handled_since is 'When the operator had got it, or it had been reopened, before.';
comment on column reporting.closings.handling_time is 'From handled_since to closed_at.';
comment on column reporting.closings.actor is
	'Who closed it: api, system, or the database role of a change made in psql.';


-- Percentiles of one period cannot be made of those of its days: for other periods ask contacts and closings.
create view reporting.assignment_time_by_source as
select day.day, measured.source_id, measured.source, measured.contacts, measured.assigned,
       date_trunc('second', measured.mean) as mean, date_trunc('second', measured.percentiles[1]) as p50,
       date_trunc('second', measured.percentiles[2]) as p90, date_trunc('second', measured.percentiles[3]) as p99,
       date_trunc('second', measured.longest) as longest
  from reporting.calendar_days as day
 cross join lateral (
	select source_id, source, count(*) as contacts,
	       count(time_to_assignment) as assigned, avg(time_to_assignment) as mean,
	       percentile_cont(array[0.5, 0.9, 0.99]) within group (order by time_to_assignment) as percentiles,
	       max(time_to_assignment) as longest
	  from (
		select source_id, source, time_to_assignment
		  from reporting.contacts
		 where came_at >= day.begins
		   and came_at < day.ends
		offset 0 -- so that the time is looked up once
	       ) as contact
	 group by source_id, source) as measured;

comment on view reporting.assignment_time_by_source is
	'How long contacts waited until somebody got them for the first time, by the day on which they came in, and '
	'source.';
comment on column reporting.assignment_time_by_source.contacts is 'How many came in.';
comment on column reporting.assignment_time_by_source.assigned is
	'How many of them anybody ever got: the times are theirs.';


create view reporting.assignment_time_by_operator as
select day.day, measured.operator_id, measured.operator, measured.contacts,
       date_trunc('second', measured.mean) as mean, date_trunc('second', measured.percentiles[1]) as p50,
       date_trunc('second', measured.percentiles[2]) as p90, date_trunc('second', measured.percentiles[3]) as p99,
       date_trunc('second', measured.longest) as longest
  from reporting.calendar_days as day
 cross join lateral (
	select operator_id, operator, count(*) as contacts, avg(time_to_assignment) as mean,
	       percentile_cont(array[0.5, 0.9, 0.99]) within group (order by time_to_assignment) as percentiles,
	       max(time_to_assignment) as longest
	  from (
		select operator_id, operator, time_to_assignment
		  from reporting.contacts
		 where came_at >= day.begins
		   and came_at < day.ends
		   and operator_id is not null
		offset 0 -- so that the time is looked up once
	       ) as contact
	 where time_to_assignment is not null
	 group by operator_id, operator) as measured;

comment on view reporting.assignment_time_by_operator is
	'How long contacts waited until somebody got them for the first time, by the day on which they came in, and '
	'the operator who holds or closed them.';
comment on column reporting.assignment_time_by_operator.contacts is 'How many of those that came in on this day.';


create view reporting.handling_time_by_source as
select day.day, measured.source_id, measured.source, measured.closings,
       date_trunc('second', measured.mean) as mean, date_trunc('second', measured.percentiles[1]) as p50,
       date_trunc('second', measured.percentiles[2]) as p90, date_trunc('second', measured.percentiles[3]) as p99,
       date_trunc('second', measured.longest) as longest
  from reporting.calendar_days as day
 cross join lateral (
	select source_id, source, count(*) as closings, avg(handling_time) as mean,
	       percentile_cont(array[0.5, 0.9, 0.99]) within group (order by handling_time) as percentiles,
	       max(handling_time) as longest
	  from reporting.closings
	 where closed_at >= day.begins
	   and closed_at < day.ends
	   and source_id is not null
	 group by source_id, source) as measured;

comment on view reporting.handling_time_by_source is
	'How long operators had contacts until they closed them, by the day of closing and source.';
comment on column reporting.handling_time_by_source.closings is 'How many were closed on this day.';


create view reporting.handling_time_by_operator as
select day.day, measured.operator_id, measured.operator, measured.closings,
       date_trunc('second', measured.mean) as mean, date_trunc('second', measured.percentiles[1]) as p50,
       date_trunc('second', measured.percentiles[2]) as p90, date_trunc('second', measured.percentiles[3]) as p99,
       date_trunc('second', measured.longest) as longest
  from reporting.calendar_days as day
 cross join lateral (
	select operator_id, operator, count(*) as closings, avg(handling_time) as mean,
	       percentile_cont(array[0.5, 0.9, 0.99]) within group (order by handling_time) as percentiles,
	       max(handling_time) as longest
	  from reporting.closings
	 where closed_at >= day.begins
	   and closed_at < day.ends
	 group by operator_id, operator) as measured;

comment on view reporting.handling_time_by_operator is
	'How long operators had contacts until they closed them, by the day of closing and operator.';
comment on column reporting.handling_time_by_operator.closings is 'How many were closed on this day.';


create view reporting.waiting_by_day as
select day.day, source.id as source_id, source.name as source, counted.reason, counted.contacts
  from reporting.calendar_days as day
 cross join lateral (
	select contact.source_id, case history.kind when 'released' then 'released' else history.reason end as reason,
	       count(distinct contact.id) as contacts
	  from contact_history as history
	  join contacts as contact on contact.id = history.contact_id
	 where history.at >= day.begins
	   and history.at < day.ends
	   and history.kind in ('waiting', 'released')
	 group by 1, 2) as counted
  join sources as source on source.id = counted.source_id;

comment on view reporting.waiting_by_day is
	'Contacts that began to wait, by the day on which they did, source and reason.';
comment on column reporting.waiting_by_day.reason is 'Why nobody could take them, as in backlog.';
comment on column reporting.waiting_by_day.contacts is 'How many, wherever they are now.';


create view reporting.operator_activity as
select day.day, operator.id as operator_id, operator.name as operator, counted.assigned, counted.received,
       counted.handed_over, counted.released, counted.closed, counted.reopened, counted.first_closing,
       counted.last_closing
  from reporting.calendar_days as day
 cross join lateral (
	select side.operator_id, count(*) filter (where side.gets and history.kind = 'assigned') as assigned,
	       count(*) filter (where side.gets and history.kind = 'transferred') as received,
	       count(*) filter (where not side.gets and history.kind in ('assigned', 'transferred')) as handed_over,
	       count(*) filter (where not side.gets and history.kind = 'released') as released,
	       count(*) filter (where side.gets and history.kind = 'closed') as closed,
	       count(*) filter (where side.gets and history.kind = 'reopened') as reopened,
	       min(history.at) filter (where side.gets and history.kind = 'closed') as first_closing,
	       max(history.at) filter (where side.gets and history.kind = 'closed') as last_closing
	  from contact_history as history
	 cross join lateral (values (history.to_operator_id, true), (history.from_operator_id, false))
	    as side (operator_id, gets)
	 where history.at >= day.begins
	   and history.at < day.ends
	   and side.operator_id is not null
	   and case history.kind
		when 'closed' then side.gets
		when 'reopened' then side.gets
		else history.kind in ('assigned', 'transferred', 'released')
			and history.from_operator_id is distinct from history.to_operator_id
	       end
	 group by side.operator_id) as counted
  join operators as operator on operator.id = counted.operator_id;

comment on view reporting.operator_activity is
	'What was done with the contacts of each operator, by day. Operators with nothing on a day have no row.';
comment on column reporting.operator_activity.assigned is 'Contacts that the operator got that nobody had.';
comment on column reporting.operator_activity.received is 'Contacts that the operator got from another one.';
comment on column reporting.operator_activity.handed_over is 'Contacts of the operator that went to another one.';
comment on column reporting.operator_activity.released is 'Contacts of the operator that were given back to wait.';
comment on column reporting.operator_activity.closed is 'Contacts of the operator that were closed.';
comment on column reporting.operator_activity.reopened is 'Contacts that were reopened and are the operator''s again.';
comment on column reporting.operator_activity.first_closing is
	'When the first one of the day was closed; null: none was.';
comment on column reporting.operator_activity.last_closing is
	'When the last one of the day was closed; null: none was.';


create view reporting.lead_history as
select lead.external_id as lead, lead.name as lead_name, history.at, history.contact_id, source.name as source,
       history.kind as event, giver.name as from_operator, taker.name as to_operator, history.reason, history.actor,
       history.id as event_id
  from contact_history as history
  left join contacts as contact on contact.id = history.contact_id
  left join leads as lead on lead.id = contact.lead_id
  left join sources as source on source.id = contact.source_id
  left join operators as giver on giver.id = history.from_operator_id
  left join operators as taker on taker.id = history.to_operator_id;

comment on view reporting.lead_history is
	'Everything that happened to the contacts of a lead. Ask for one lead, one contact_id, or a time (at), and '
	'order by event_id.';
comment on column reporting.lead_history.at is 'When it happened.';
comment on column reporting.lead_history.event is
	'assigned, waiting, transferred, released, closed, reopened, edited or deleted. Of deleted contacts lead '
	'and source are no longer known.';
comment on column reporting.lead_history.from_operator is 'The name of who held the contact before; null: nobody.';
comment on column reporting.lead_history.to_operator is 'The name of who holds it since; null: nobody.';
comment on column reporting.lead_history.reason is
	'How the operator was chosen (a strategy, sticky, manual, forced), why nobody was, or what was given as the '
	'reason of a change.';
comment on column reporting.lead_history.actor is
	'Who did it: api, system, or the database role of a change made in psql.';
comment on column reporting.lead_history.event_id is 'Grows with time.';


-- What columns of one name have in common, in all views; `\d+ reporting.backlog` shows it.
do $$
declare
	shown record;
begin
	for shown in
		select class.relname as view, attribute.attname as column, word.meaning
		  from pg_class as class
		  join pg_attribute as attribute on attribute.attrelid = class.oid and attribute.attnum > 0
		  join (values
			('source_id', 'The source, by its id in the API.'),
			('source', 'The name of the source.'),
			('operator_id', 'The operator, by its id in the API.'),
			('operator', 'The name of the operator.'),
			('contact_id', 'The contact, by its id in the API.'),
			('lead', 'The lead, by the external id that its source gave it.'),
			('lead_name', 'The name of the lead, if one was given.'),
			('day', 'The day, in the time zone of this session (SET timezone).'),
			('came_at', 'When the contact came in.'),
			('active', 'Those of them that an operator holds now.'),
			('waiting', 'Those of them that wait now.'),
			('closed', 'Those of them that are closed now.'),
			('mean', 'The mean time, cut to seconds.'),
			('p50', 'Half of them took this long at most (the median).'),
			('p90', 'Nine of ten took this long at most.'),
			('p99', '99 of 100 took this long at most.'),
			('longest', 'The longest time.')) as word (name, meaning) on word.name = attribute.attname
		 where class.relnamespace = 'reporting'::regnamespace
		   and class.relkind = 'v'
		   and col_description(class.oid, attribute.attnum) is null
	loop
		execute format('comment on column reporting.%I.%I is %L', shown.view, shown.column, shown.meaning);
	end loop;
end $$;
