-- As batch_decisions, for a batch of one source: its lists as they are, without slices.
-- $1 batch id, $2 source id, $3 strategy, $4 contacts that wait
-- Of its operators: $5 ids, $6 weights, $7 active, $8 limits, $9 loads, $10 credits (null: without), $11 last contact ids
-- (null: without), $12 expected, $13 assigned
-- Of what the batch took: $14 ordinals, $15 seats, $16 by the source's own strategy (null: a single contact)
insert into assignment_decisions (batch_id, source_id, strategy, waiting, operator_ids, weights, are_active, limits,
	loads, credits, last_contact_ids, expected, assigned, taken_ordinals, taken_seats, taken_own)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
