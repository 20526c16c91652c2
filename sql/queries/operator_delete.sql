-- Its weights go with it; contacts of any status keep it (contacts_operator_id_fkey). After operator_lock.
-- $1 id
delete from operators
 where id = $1::bigint
