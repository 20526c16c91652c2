-- Whoever is assigned was so at some time; nothing happened long before the contact came, or lies far ahead. A clock
-- may be off by a little, and a long transaction carries the time of its begin: an hour is allowed.
-- -> checked, wrong, examples
with wrong as (
	select id as place,
	       format('contact %s: created %s, assigned %s, closed %s', id, rfc3339(created_at),
			coalesce(rfc3339(assigned_at), 'never'), coalesce(rfc3339(closed_at), 'never')) as example
	  from contacts
	 where (operator_id is null) is distinct from (assigned_at is null)
	    or assigned_at < created_at - interval '1 hour'
	    or closed_at < created_at - interval '1 hour'
	    or greatest(assigned_at, closed_at) > now() + interval '1 hour'
)
select (select count(*) from contacts) as checked, {{audit_answer}}
