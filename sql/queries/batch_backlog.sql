-- The oldest waiting contacts of the automatic sources within reach: of each at most as many as there are places. Not
-- locked: batch_backlog_lock does that with those that are chosen. After the loads were locked.
-- $1 source ids, $2 at most so many of one source, $3 contacts that somebody else has locked, $4 at most so many in all
-- -> id, source_id, lead_id, is_capped (its source may have more, and has room for them), strategy; where it is sticky:
-- operator or null, and the contact of the same lead just before it or null
with team as (
	select operator_id
	  from source_operator_weights
	 where source_id = any ($1::bigint[])
)
{{backlog}}) as oldest
 order by oldest.id
