-- $1 id -> json (no row: unknown)
select {{source_json source}}
  from sources as source
 where source.id = $1::bigint
