-- Stores an operator. Its row of operator_loads comes by trigger.
-- $1 name, $2 is_active, $3 max_load_limit -> id, json
with operator as (
	insert into operators (name, is_active, max_load_limit)
	values ($1::text, $2::boolean, $3::integer)
	returning id, name, is_active, max_load_limit, created_at, updated_at
)
select operator.id, {{operator_json operator 0}}
  from operator
