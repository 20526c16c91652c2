-- What distribution_hours should hold, from the decisions that have been summed up: by source, hour and operator.
select decision.source_id, date_trunc('hour', decision.at, 'UTC') as hour, seat.operator_id,
	       sum(seat.expected) as expected, sum(seat.assigned) as assigned
	  from distribution_progress as progress
	  join assignment_decisions as decision on decision.at < progress.summed_until
	 cross join unnest(decision.operator_ids, decision.expected, decision.assigned)
	    as seat (operator_id, expected, assigned)
	  join operators as operator on operator.id = seat.operator_id
	  join sources as source on source.id = decision.source_id
	 where seat.expected > 0 or seat.assigned > 0
	 group by decision.source_id, date_trunc('hour', decision.at, 'UTC'), seat.operator_id
