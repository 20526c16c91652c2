-- Sources, newest first.
-- $1 limit, $2 before this id -> items, next_id
with page as (
	select source.id, row_number() over (order by source.id desc) as place, {{source_json source}} as item
	  from sources as source
	 where source.id < $2::bigint
	 order by source.id desc
	 limit $1::integer + 1
)
{{page}}
