-- The operator keeps what it still has.
-- $1 operator id
delete from operator_departures
 where operator_id = $1::bigint
