-- Sets one weight.
-- $1 source id, $2 operator id, $3 weight -> is_new (no row: source or operator unknown)
insert into source_operator_weights (source_id, operator_id, weight)
select sources.id, operators.id, $3::text::numeric
  from sources, operators
 where sources.id = $1::bigint
   and operators.id = $2::bigint
    on conflict (source_id, operator_id) do update
   set weight = excluded.weight
returning xmax = 0
