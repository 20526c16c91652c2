-- Gives contacts back to wait; history and the loads follow by trigger. They are locked.
-- $1 ids
update contacts
   set operator_id = null, status = 'waiting', waiting_reason = 'released'
 where id = any ($1::bigint[])
