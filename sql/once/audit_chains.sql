-- Each entry of a history begins with whom the one before it ended.
-- -> checked, wrong, examples
with entries as (
	select contact_id, id, from_operator_id,
	       lag(to_operator_id) over history as before,
	       lag(id) over history as before_id,
	       lag(kind) over history as before_kind
	  from contact_history
	window history as (partition by contact_id order by id)
), wrong as (
	select contact_id as place,
	       format('contact %s: entry %s begins with operator %s, the one before ended with %s', contact_id, id,
			coalesce(from_operator_id::text, 'none'), coalesce(before::text, 'none')) as example
	  from entries
	 where before_id is not null
	   and (from_operator_id is distinct from before or before_kind = 'deleted')
)
select (select count(*) from contact_history) as checked, {{audit_answer}}
