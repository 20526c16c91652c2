-- The whole history of a contact, which may be gone.
-- $1 contact id -> at, kind, from, to, actor, reason, source_id then, batch_id, ordinal, draw, what it was chosen from
select to_char(history.at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), history.kind, history.from_operator_id,
       history.to_operator_id, history.actor, history.reason, source.id, history.batch_id, history.ordinal,
       history.draw, {{decision_columns decision}}
  from contact_history as history
  left join contacts as contact on contact.id = history.contact_id
 cross join lateral (
	select {{source_then history.contact_id history.id contact.source_id}} as id) as source
  left join assignment_decisions as decision
    on decision.batch_id = history.batch_id and decision.source_id = source.id
 where history.contact_id = $1::bigint
 order by history.id
