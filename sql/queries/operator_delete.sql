-- Its weights go with it; one who ever got a contact stays (operators_in_history). After operator_row_lock and
-- operator_lock.
-- $1 id
delete from operators
 where id = $1::bigint
