-- Leads, newest first, each with its 10 newest contacts. Those may be large, so the chosen leads are made one by one
-- until the page is full; the one behind the last is not shown. (offset 0: or each would be made twice.)
-- $1 limit, $2 before this id, $3 external id or null, $4 a beginning, escaped for LIKE, or null
-- -> items, next_id
with recursive chosen as materialized (
	select array_agg(id order by id desc) as ids
	  from (select id
		  from leads
		 where id < $2::bigint
		   and ($3::text is null or external_id = $3)
		   and ($4::text is null
			or external_id like lower($4) || '%'
			or (lower(external_id collate "default") like lower($4) || '%'
				and lower(external_id collate "default") collate "C" <> external_id)
			or lower(phone) like lower($4) || '%'
			or lower(email) like lower($4) || '%')
		 order by id desc
		 limit $1::integer + 1) as lead
), made as (
	select 0 as place, 0::bigint as id, null::json as item, 0::bigint as bytes, 0::bigint as bytes_before
	 union all
	select made.place + 1, lead.id, lead.item, made.bytes + octet_length(lead.item::text), made.bytes
	  from made
	  join chosen on made.bytes_before < 4194304,
	       lateral (
		select lead.id, {{lead_json lead 10 null}} as item
		  from leads as lead
		 where lead.id = chosen.ids[made.place + 1]
		offset 0) as lead
), page as (
	select id, place, item from made where place > 0
)
{{page}}
