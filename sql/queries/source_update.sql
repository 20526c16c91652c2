-- Changes what is not null.
-- $1 id, $2 name, $3 strategy, $4 sticky_seconds, $5 backlog -> json (no row: unknown)
update sources as source
   set name = coalesce($2::text, name),
       strategy = coalesce($3::text, strategy),
       sticky_seconds = coalesce($4::integer, sticky_seconds),
       backlog = coalesce($5::text, backlog)
 where source.id = $1::bigint
returning {{source_json source}}
