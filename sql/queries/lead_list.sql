-- Leads, newest first, each with its 10 newest contacts.
-- $1 limit, $2 before this id, $3 external id or null, $4 a beginning, escaped for LIKE, or null
-- -> items, next_id
with page as (
	select lead.id, row_number() over (order by lead.id desc) as place, {{lead_json lead 10}} as item
	  from (select id, external_id, name, phone, email, created_at, updated_at
		  from leads
		 where id < $2::bigint
		   and ($3::text is null or external_id = $3)
		   and ($4::text is null
			or lower(external_id collate "default") like lower($4) || '%'
			or lower(phone) like lower($4) || '%'
			or lower(email) like lower($4) || '%')
		 order by id desc
		 limit $1::integer + 1) as lead
)
{{page}}
