-- The oldest waiting contacts of the automatic sources within reach: of each at most as many as there are places. After
-- the loads were locked. Not locked yet: batch_backlog_take locks those that are chosen, and leaves the others to other
-- batches.
-- $1 source ids, $2 at most so many of one source
-- -> id, source_id, is_capped (there are more than $2 places), strategy, sticky operator or null
with team as (
	select operator_id
	  from source_operator_weights
	 where source_id = any ($1::bigint[])
)
{{backlog}}) as oldest
 order by oldest.id
