-- Sums up the next decisions by hours and moves the mark behind them. Those of the last minute have time: a
-- transaction that began earlier may still add to them. What was deleted meanwhile has no sums.
-- $1 number of decisions -> is_more (no row: somebody else is about it)
with progress as materialized (
	select summed_until as since, date_trunc('minute', now(), 'UTC') - interval '1 minute' as settled
	  from distribution_progress
	   for update skip locked
), slice as materialized (
	select since, settled, least(settled, (
		select at
		  from assignment_decisions
		 where at > since
		 order by at
		offset $1::integer
		 limit 1)) as until
	  from progress
), moved as (
	update distribution_progress
	   set summed_until = slice.until
	  from slice
	 where slice.until > slice.since
), sums as materialized (
	select decision.source_id, date_trunc('hour', decision.at, 'UTC') as hour, seat.operator_id,
	       sum(seat.expected) as expected, sum(seat.assigned) as assigned
	  from slice
	  join assignment_decisions as decision on decision.at >= slice.since and decision.at < slice.until
	 cross join unnest(decision.operator_ids, decision.expected, decision.assigned)
	    as seat (operator_id, expected, assigned)
	 where seat.expected > 0 or seat.assigned > 0
	 group by decision.source_id, date_trunc('hour', decision.at, 'UTC'), seat.operator_id
), summed as (
	insert into distribution_hours (source_id, hour, operator_id, expected, assigned)
	select source_id, hour, operator_id, expected, assigned
	  from sums
	 where exists (select from sources where id = sums.source_id)
	   and exists (select from operators where id = sums.operator_id)
	 order by source_id, hour, operator_id
	    on conflict (source_id, hour, operator_id) do update
	   set expected = distribution_hours.expected + excluded.expected,
	       assigned = distribution_hours.assigned + excluded.assigned
)
select until < settled
  from slice
