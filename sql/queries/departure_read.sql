-- Whether an operator's contacts are still to be moved, and how. After loads_lock, which ends of departures wait for.
-- $1 operator id -> is_redistributed (no row: they stay)
select active_contacts = 'redistribute'
  from operator_departures
 where operator_id = $1::bigint
