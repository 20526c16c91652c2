-- What a choice was made from, for decision_read(). %1 alias of assignment_decisions.
%1.strategy, %1.operator_ids,
	array(select (item * 1000)::bigint
		from unnest(%1.weights) with ordinality as list (item, place)
	       order by place),
	%1.are_active::integer[], %1.limits, %1.loads, %1.credits, %1.last_contact_ids, %1.taken_ordinals,
	%1.taken_seats, %1.taken_own::integer[]
