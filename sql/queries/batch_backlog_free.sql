-- As batch_backlog, where the loads that somebody else holds were passed over: contacts that only those operators could
-- take are left to whoever holds them.
-- $1 source ids, $2 at most so many of one source, $3 contacts that somebody else has locked, $4 at most so many in all
-- -> id, source_id, lead_id, is_capped (its source may have more, and has room for them), strategy; where it is sticky:
-- operator or null, and the contact of the same lead just before it or null
with team as materialized (
	select operator_id
	  from operator_loads
	 where operator_id in (select operator_id from source_operator_weights where source_id = any ($1::bigint[]))
	   for update skip locked
)
{{backlog}}) as oldest
 order by oldest.id
