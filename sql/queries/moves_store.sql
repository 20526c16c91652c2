-- Moves contacts to the operators that were chosen for them, or back to waiting, with their history. The contacts
-- are locked, the transaction writes its history itself (history_as), the loads follow by trigger. Who held a contact
-- and was chosen again keeps it as it is; history tells that as well, or the shares would lean to the others.
-- $1 contact ids, $2 operator ids (null: waits), $3 waiting reasons, $4 reasons of the choices, $5 their ordinals,
-- $6 their draws (-1: none), $7 batch id, $8 who held all of them or null
with given as materialized (
	select id, operator_id, waiting_reason, reason, ordinal, draw
	  from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
	    as given (id, operator_id, waiting_reason, reason, ordinal, draw)
), stored as (
	update contacts
	   set operator_id = given.operator_id,
	       status = case when given.operator_id is null then 'waiting' else 'active' end,
	       waiting_reason = given.waiting_reason
	  from given
	 where contacts.id = given.id
	   and contacts.operator_id is distinct from given.operator_id
)
insert into contact_history (contact_id, kind, actor, reason, from_operator_id, to_operator_id, batch_id, ordinal, draw)
select id,
       case
	when operator_id is null then 'released'
	when $8::bigint is null or operator_id = $8 then 'assigned'
	else 'transferred'
       end, history_actor(), reason, $8, operator_id, $7::bigint, ordinal, nullif(draw, -1)
  from given
 order by ordinal
