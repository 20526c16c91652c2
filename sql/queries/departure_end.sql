-- Forgets a departure that has come to its end, under operator_lock in the statement before.
-- $1 operator id
delete from operator_departures
 where operator_id = $1::bigint
   and (select active_load from operator_loads where operator_id = $1) = 0
