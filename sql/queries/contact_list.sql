-- Contacts, newest first.
-- $1 limit, $2 before this id, $3 status, $4 operator_id, $5 without operator, $6 source_id, $7 lead_id,
-- $8 created from, $9 created to (from $3 on: null means any) -> items, next_id
with page as (
	select contact.id, row_number() over (order by contact.id desc) as place,
	       {{contact_json contact lead.external_id}} as item
	  from contacts as contact
	  join leads as lead on lead.id = contact.lead_id
	 where contact.id < $2::bigint
	   and ($3::text is null or contact.status = $3)
	   and ($4::bigint is null or contact.operator_id = $4)
	   and ($5::boolean is null or contact.operator_id is null)
	   and ($6::bigint is null or contact.source_id = $6)
	   and ($7::bigint is null or contact.lead_id = $7)
	   and ($8::timestamptz is null or contact.created_at >= $8)
	   and ($9::timestamptz is null or contact.created_at < $9)
	 order by contact.id desc
	 limit $1::integer + 1
)
{{page}}
