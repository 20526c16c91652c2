-- Changes what is not null; where that touches assignments, the trigger locks the load.
-- $1 id, $2 name, $3 is_active, $4 max_load_limit
update operators
   set name = coalesce($2::text, name),
       is_active = coalesce($3::boolean, is_active),
       max_load_limit = coalesce($4::integer, max_load_limit)
 where id = $1::bigint
