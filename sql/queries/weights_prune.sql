-- Removes the weights of operators that the new list does not name. After source_lock.
-- $1 source id, $2 operator ids
delete from source_operator_weights
 where source_id = $1::bigint
   and operator_id <> all ($2::bigint[])
