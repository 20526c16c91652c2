-- $1 source id, $2 operator id
delete from source_operator_weights
 where source_id = $1::bigint
   and operator_id = $2::bigint
