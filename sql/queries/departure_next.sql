-- The next operator whose contacts are to be moved, by id.
-- $1 after this operator id -> operator_id, is_redistributed
select operator_id, active_contacts = 'redistribute'
  from operator_departures
 where operator_id > $1::bigint
 order by operator_id
 limit 1
