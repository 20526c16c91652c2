-- Gives waiting contacts that batch_backlog locked to their operators. The loads follow by trigger.
-- $1 contact ids, $2 operator ids, $3 reasons, $4 ordinals, $5 draws (-1: none), $6 batch id
with given as materialized (
	select id, operator_id, reason, ordinal, draw
	  from unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[])
	    as given (id, operator_id, reason, ordinal, draw)
), stored as (
	update contacts
	   set operator_id = given.operator_id, status = 'active', waiting_reason = null
	  from given
	 where contacts.id = given.id
)
insert into contact_history (contact_id, kind, actor, reason, to_operator_id, batch_id, ordinal, draw)
select id, 'assigned', 'system', reason, operator_id, $6::bigint, ordinal, nullif(draw, -1)
  from given
