-- Stores a source and its weights, all or nothing; the operators are known to exist.
-- $1 name, $2 operator ids, $3 weights -> json, id
with source as (
	insert into sources (name)
	values ($1::text)
	returning id, name, created_at, updated_at
), weights as (
	insert into source_operator_weights (source_id, operator_id, weight)
	select source.id, given.operator_id, given.weight
	  from source
	 cross join unnest($2::bigint[], $3::text[]::numeric[]) as given (operator_id, weight)
)
select {{source_json source}}, source.id
  from source
