-- Everybody whom a simulation may give contacts: those who serve the source, and those whom a draft names.
-- $1 source id, $2 operator ids of the draft
--   -> id, name, is_active, max_load_limit, active_load, last_contact_id, weight (null: none), credit
select operator.id, operator.name, operator.is_active, operator.max_load_limit, load.active_load, load.last_contact_id,
       weight.weight, weight.credit
  from operators as operator
  join operator_loads as load on load.operator_id = operator.id
  left join source_operator_weights as weight
    on weight.operator_id = operator.id and weight.source_id = $1::bigint
 where weight.source_id is not null
    or operator.id = any ($2::bigint[])
 order by operator.id
