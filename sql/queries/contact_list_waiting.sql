-- Waiting contacts, oldest first, with the reason and how long they have waited.
-- $1 limit, $2 after this id, $3 source_id, $4 lead_id, $5 created from, $6 created to (null: any)
-- -> items, next_id
with page as (
	select contact.id, row_number() over (order by contact.id) as place,
	       (select row_to_json(shown)
		  from (select {{contact_columns contact lead.external_id}},
			       contact.waiting_reason, {{seconds_since contact.created_at}} as waiting_seconds)
		    as shown) as item
	  from contacts as contact
	  join leads as lead on lead.id = contact.lead_id
	 where contact.id > $2::bigint
	   and contact.operator_id is null
	   and contact.status = 'waiting'
	   and ($3::bigint is null or contact.source_id = $3)
	   and ($4::bigint is null or contact.lead_id = $4)
	   and ($5::timestamptz is null or contact.created_at >= $5)
	   and ($6::timestamptz is null or contact.created_at < $6)
	 order by contact.id
	 limit $1::integer + 1
)
{{page}}
