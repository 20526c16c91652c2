-- The whole history of a contact, which may be gone.
-- $1 contact id -> at, kind, from, to, actor, reason, source_id, batch_id, ordinal, draw, and what it was chosen from
select to_char(history.at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), history.kind, history.from_operator_id,
       history.to_operator_id, history.actor, history.reason, contact.source_id, history.batch_id, history.ordinal,
       history.draw, {{decision_columns decision}}
  from contact_history as history
  left join contacts as contact on contact.id = history.contact_id
  left join assignment_decisions as decision
    on decision.batch_id = history.batch_id and decision.source_id = contact.source_id
 where history.contact_id = $1::bigint
 order by history.id
