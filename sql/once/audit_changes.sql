-- Each change of a contact raised its version and wrote one entry of its history; a choice that came to whoever had
-- the contact already wrote one without a change. Whether there is a history at all is for audit_history.
-- -> checked, wrong, examples
with told as materialized (
	select contact_id,
	       count(*) filter (
		where kind <> 'assigned' or from_operator_id is distinct from to_operator_id) as changes
	  from contact_history
	 where contact_id > (select after_contact_id from history_start)
	 group by contact_id
), wrong as (
	select contact.id as place,
	       format('contact %s: it is of version %s, but its history has %s entries that made one', contact.id,
			contact.version, told.changes) as example
	  from told
	  join contacts as contact on contact.id = told.contact_id
	 where contact.version <> told.changes
)
select (select count(*) from told) as checked, {{audit_answer}}
