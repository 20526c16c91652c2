-- Stores the contacts of a batch; the loads follow by trigger.
-- $1 ids, $2 lead ids, $3 source ids, $4 operator ids (null: waiting), $5 waiting reasons, $6 messages, $7 payloads
insert into contacts (id, lead_id, source_id, operator_id, status, waiting_reason, message, payload, assigned_at)
select id, lead_id, source_id, operator_id, case when operator_id is null then 'waiting' else 'active' end,
       waiting_reason, message, payload::jsonb, case when operator_id is not null then now() end
  from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[])
    as given (id, lead_id, source_id, operator_id, waiting_reason, message, payload)
