-- What a contact's history comes to is how the contact is: who holds it, its status, whether it is there at all. The
-- entries edited and transferred tell nothing of the status.
-- -> checked, wrong, examples
with last as materialized (
	select distinct on (contact_id) contact_id, kind, to_operator_id
	  from contact_history
	 order by contact_id, id desc
), told as (
	select distinct on (contact_id) contact_id,
	       case
		when kind = 'assigned' then 'active'
		when kind in ('waiting', 'released') then 'waiting'
		when kind = 'reopened' and to_operator_id is null then 'waiting'
		when kind = 'reopened' then 'active'
		else kind
	       end as status
	  from contact_history
	 where kind not in ('edited', 'transferred')
	 order by contact_id, id desc
), wrong as (
	select last.contact_id as place,
	       case
		when contact.id is null then format('contact %s: it is gone, and its history says nothing of it',
			last.contact_id)
		else format('contact %s: it is %s, operator %s, but its history says %s, operator %s', contact.id,
			contact.status, coalesce(contact.operator_id::text, 'none'), told.status,
			coalesce(last.to_operator_id::text, 'none'))
	       end as example
	  from last
	  left join told on told.contact_id = last.contact_id
	  left join contacts as contact on contact.id = last.contact_id
	 where (contact.id is null and last.kind <> 'deleted')
	    or (contact.id is not null
		and (contact.status is distinct from coalesce(told.status, contact.status)
		     or contact.operator_id is distinct from last.to_operator_id))
)
select (select count(*) from last) as checked, {{audit_answer}}
