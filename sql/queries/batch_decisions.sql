-- What the choices of a batch were made from, a row for each source. Lists are given as literals.
-- $1 batch id, $2 source ids, $3 strategies, $4 contacts that wait, $5 operator ids, $6 weights, $7 active, $8 limits,
-- $9 loads, $10 credits or null, $11 last contact ids or null, $12 expected, $13 assigned,
-- $14 taken ordinals or null, $15 taken seats or null, $16 taken by the source's own strategy or null
insert into assignment_decisions (batch_id, source_id, strategy, waiting, operator_ids, weights, are_active, limits,
	loads, credits, last_contact_ids, expected, assigned, taken_ordinals, taken_seats, taken_own)
select $1::bigint, source_id, strategy, waiting, operator_ids::bigint[], weights::numeric[], are_active::boolean[],
       limits::integer[], loads::integer[], credits::bigint[], last_contact_ids::bigint[],
       expected::double precision[], assigned::integer[], taken_ordinals::integer[], taken_seats::smallint[],
       taken_own::boolean[]
  from unnest($2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
	$10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[])
    as given (source_id, strategy, waiting, operator_ids, weights, are_active, limits, loads, credits,
	last_contact_ids, expected, assigned, taken_ordinals, taken_seats, taken_own)
