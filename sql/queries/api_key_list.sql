-- Keys, newest first, revoked ones as well.
-- $1 limit, $2 before this id -> items, next_id
with page as (
	select key.id, row_number() over (order by key.id desc) as place, {{api_key_json key}} as item
	  from api_keys as key
	 where key.id < $2::bigint
	 order by key.id desc
	 limit $1::integer + 1
)
{{page}}
