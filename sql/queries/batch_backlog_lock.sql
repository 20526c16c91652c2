-- As batch_backlog, but locks all that it finds and passes over what somebody else holds: after batch_backlog_take could
-- not have all that it wanted. Loads that were passed over are left out as in batch_backlog_free.
-- $1 source ids, $2 at most so many of one source
-- -> id, source_id, is_capped (there are more than $2 places), strategy, sticky operator or null
with team as materialized (
	select operator_id
	  from operator_loads
	 where operator_id in (select operator_id from source_operator_weights where source_id = any ($1::bigint[]))
	   for update skip locked
)
{{backlog}}
	   for no key update skip locked) as oldest
 order by oldest.id
