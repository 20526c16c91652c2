-- Moves contacts that handover_contacts locked: to new operators, or back to waiting. The loads follow by trigger.
-- $1 contact ids, $2 operator ids (null: waits), $3 waiting reasons
update contacts
   set operator_id = moved.operator_id,
       status = case when moved.operator_id is null then 'waiting' else 'active' end,
       waiting_reason = moved.waiting_reason
  from unnest($1::bigint[], $2::bigint[], $3::text[]) as moved (id, operator_id, waiting_reason)
 where contacts.id = moved.id
