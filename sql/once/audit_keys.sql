-- Idempotency keys point to contacts that are there, or were deleted since, and their answers are of these contacts.
-- -> checked, wrong, examples
with wrong as (
	select given.key as place,
	       format('key %s: contact %s %s', quote_literal(left(given.key, 40)), given.contact_id,
			case when contact.id is null then 'is not there' else 'is not what its answer is about' end)
		as example
	  from idempotency_keys as given
	  left join contacts as contact on contact.id = given.contact_id
	 where (contact.id is null
		and not exists (select from contact_history
				 where contact_id = given.contact_id and kind = 'deleted'))
	    or substring(given.answer from '"id": *([0-9]+)') is distinct from given.contact_id::text
)
select (select count(*) from idempotency_keys) as checked, {{audit_answer}}
