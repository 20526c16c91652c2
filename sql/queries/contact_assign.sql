-- Gives a contact to an operator; history and the loads follow by trigger. After contact_lock and loads_lock.
-- $1 id, $2 operator id
update contacts
   set operator_id = $2::bigint, status = 'active'
 where id = $1::bigint
