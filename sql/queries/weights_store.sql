-- Stores the weights of a list. After source_lock.
-- $1 source id, $2 operator ids, $3 weights
insert into source_operator_weights as stored (source_id, operator_id, weight)
select $1::bigint, given.operator_id, given.weight
  from unnest($2::bigint[], $3::text[]::numeric[]) as given (operator_id, weight)
 order by given.operator_id
    on conflict (source_id, operator_id) do update
   set weight = excluded.weight
 where stored.weight <> excluded.weight
