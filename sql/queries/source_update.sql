-- Changes what is not null.
-- $1 id, $2 name -> json (no row: unknown)
update sources as source
   set name = coalesce($2::text, name)
 where source.id = $1::bigint
returning {{source_json source}}
