-- What the choices of a batch were made from, a row for each source. Lists hold those of all sources, in a row.
-- $1 batch id
-- Of each source: $2 id, $3 strategy, $4 contacts that wait, $5 first and $6 last place in $11..$19, $7 first in $16
-- (null: without credits), $8 first in $17 (null: without last contacts), $9 first and $10 last in $20..$22
-- (null: without)
-- Of its operators: $11 ids, $12 weights, $13 active, $14 limits, $15 loads, $16 credits, $17 last contact ids,
-- $18 expected, $19 assigned
-- Of what the batch took: $20 ordinals, $21 seats, $22 by the source's own strategy
insert into assignment_decisions (batch_id, source_id, strategy, waiting, operator_ids, weights, are_active, limits,
	loads, credits, last_contact_ids, expected, assigned, taken_ordinals, taken_seats, taken_own)
select $1::bigint, source_id, strategy, waiting, ($11::bigint[])[first:last], ($12::numeric[])[first:last],
       ($13::boolean[])[first:last], ($14::integer[])[first:last], ($15::integer[])[first:last],
       ($16::bigint[])[credits_first:last], ($17::bigint[])[contacts_first:last],
       ($18::double precision[])[first:last], ($19::integer[])[first:last], ($20::integer[])[taken_first:taken_last],
       ($21::bigint[])[taken_first:taken_last]::smallint[], ($22::boolean[])[taken_first:taken_last]
  from unnest($2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
	$9::bigint[], $10::bigint[])
    as given (source_id, strategy, waiting, first, last, credits_first, contacts_first, taken_first, taken_last)
