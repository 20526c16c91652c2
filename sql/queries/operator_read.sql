-- $1 id -> json (no row: unknown)
select {{operator_json operator load.active_load}}
  from operators as operator
  join operator_loads as load on load.operator_id = operator.id
 where operator.id = $1::bigint
