-- Reporting: expected contacts that can be added up, and comments that say what is counted.

-- Of few contacts for many operators a day expects less than a tenth for each, which was rounded away.
create or replace view reporting.shares_by_day as
select day.day, source.id as source_id, source.name as source, operator.id as operator_id, operator.name as operator,
       round(chosen.expected::numeric, 6) as expected, chosen.assigned,
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
comment on column reporting.shares_by_day.expected is
	'Sum of the chances that the operator had in the choices for this source: weights as they were, 0 while '
	'full or inactive. To be rounded when it has been added up.';

comment on column reporting.handling_time_by_source.closings is
	'How many closings of contacts that somebody held there were on this day; those closed while they waited are '
	'not among them, and one that was reopened may be closed more than once.';
comment on column reporting.handling_time_by_operator.closings is
	'How many contacts that the operator held were closed on this day; one that was reopened may be closed more '
	'than once.';
comment on column reporting.contacts.handling_time is
	'From assigned_at to closed_at; null unless both are there. Of one that was reopened this includes the time '
	'for which it was closed: the view closings tells its parts.';
comment on column reporting.backlog.reason is
	'Why nobody has it. full: those who are active were at their limits; inactive: nobody was active; '
	'weight_zero: those who serve the source have weight 0; no_operators: nobody serves it; queued: older ones go '
	'first; released: it was given back. As it was when the contact began to wait.';
comment on column reporting.load_now.percent_used is
	'active_load in percent of max_load_limit, rounded: whether there is room, free says; above 100 where people '
	'gave more; null: the limit is 0.';
comment on column reporting.lead_history.event_id is
	'Grows in the order in which it happened. For the newest of all leads order by at, which has an index.';
