-- Changes a contact, if that changes anything; version and times follow by trigger. After contact_lock.
-- $1 id, $2 status or null, $3 message given, $4 message, $5 payload given, $6 payload
with wanted as (
	select coalesce($2::text, status) as status,
	       case when $3::boolean then $4::text else message end as message,
	       case when $5::boolean then $6::text::jsonb else payload end as payload
	  from contacts
	 where id = $1::bigint
)
update contacts
   set status = wanted.status, message = wanted.message, payload = wanted.payload
  from wanted
 where contacts.id = $1
   and (contacts.status, contacts.message, contacts.payload)
	is distinct from (wanted.status, wanted.message, wanted.payload)
