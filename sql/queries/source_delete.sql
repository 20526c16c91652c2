-- Its weights go with it; contacts keep it (contacts_source_id_fkey).
-- $1 id
delete from sources
 where id = $1::bigint
