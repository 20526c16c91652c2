-- The operator of a contact, read after its load was locked: what decides must be newer than the wait.
-- $1 contact id -> is_active, max_load_limit, id, name (no row: it has no operator)
select operator.is_active, operator.max_load_limit, operator.id, operator.name
  from contacts as contact
  join operators as operator on operator.id = contact.operator_id
 where contact.id = $1::bigint
