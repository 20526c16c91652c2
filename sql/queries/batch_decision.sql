-- As batch_decisions, for a batch of one source: its lists as they are, without slices.
-- $1 batch id, $2 source id, $3 strategy, $4 contacts that wait
-- Of its operators: $5 ids, $6 weights, $7 active, $8 limits, $9 loads, $10 credits (null: without), $11 last contact
-- ids (null: without), $12 expected, $13 assigned
-- Of what the batch took: $14 ordinals, $15 seats, $16 by the source's own strategy (null: a single contact)
insert into assignment_decisions (batch_id, source_id, strategy, waiting, operator_ids, weights, are_active, limits,
	loads, credits, last_contact_ids, expected, assigned, taken_ordinals, taken_seats, taken_own)
values ($1::bigint, $2::bigint, $3::text, $4::integer, $5::bigint[], $6::numeric[], $7::boolean[], $8::integer[],
	$9::integer[], $10::bigint[], $11::bigint[], $12::double precision[], $13::integer[], $14::integer[],
	$15::smallint[], $16::boolean[])
