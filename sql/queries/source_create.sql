-- Stores a source and its weights, all or nothing; the operators are known to exist.
-- $1 name, $2 strategy, $3 sticky_seconds, $4 backlog, $5 operator ids, $6 weights -> json, id
with source as (
	insert into sources (name, strategy, sticky_seconds, backlog)
	values ($1::text, $2::text, $3::integer, $4::text)
	returning id, name, strategy, sticky_seconds, backlog, created_at, updated_at
), weights as (
	insert into source_operator_weights (source_id, operator_id, weight)
	select source.id, given.operator_id, given.weight
	  from source
	 cross join unnest($5::bigint[], $6::text[]::numeric[]) as given (operator_id, weight)
)
select {{source_json source}}, source.id
  from source
