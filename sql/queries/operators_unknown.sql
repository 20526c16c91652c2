-- Which of these are no operators.
-- $1 operator ids -> operator_id
select given.operator_id
  from unnest($1::bigint[]) as given (operator_id)
 where not exists (select from operators where id = given.operator_id)
