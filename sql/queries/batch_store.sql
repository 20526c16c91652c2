-- Stores the contacts of a batch and their history; the loads follow by trigger.
-- $1 ids, $2 lead ids, $3 source ids, $4 operator ids (null: waiting), $5 waiting reasons, $6 messages, $7 payloads,
-- $8 reasons of the choices, $9 their ordinals (-1: no choice was made), $10 their draws (-1: none), $11 batch id,
-- $12 who sent them (null: api)
with given as materialized (
	select id, lead_id, source_id, operator_id, waiting_reason, message, payload, reason, ordinal, draw,
	       actor
	  from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[],
			$8::text[], $9::bigint[], $10::bigint[], $12::text[])
	    as given (id, lead_id, source_id, operator_id, waiting_reason, message, payload, reason, ordinal, draw,
			actor)
), stored as (
	insert into contacts (id, lead_id, source_id, operator_id, status, waiting_reason, message, payload,
		assigned_at)
	select id, lead_id, source_id, operator_id, case when operator_id is null then 'waiting' else 'active' end,
	       waiting_reason, message, payload::jsonb, case when operator_id is not null then now() end
	  from given
)
insert into contact_history (contact_id, kind, actor, reason, to_operator_id, batch_id, ordinal, draw)
select id, case when operator_id is null then 'waiting' else 'assigned' end, coalesce(actor, 'api'), reason,
       operator_id, case when ordinal >= 0 then $11::bigint end, nullif(ordinal, -1), nullif(draw, -1)
  from given
