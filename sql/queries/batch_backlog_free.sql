-- As batch_backlog, where the loads that somebody else holds were passed over: contacts that only those operators could
-- take are left to whoever holds them.
-- $1 source ids, $2 at most so many of one source
-- -> id, source_id, is_capped (there are more than $2 places), strategy, sticky operator or null
with team as materialized (
	select operator_id
	  from operator_loads
	 where operator_id in (select operator_id from source_operator_weights where source_id = any ($1::bigint[]))
	   for update skip locked
)
{{backlog}}) as oldest
 order by oldest.id
