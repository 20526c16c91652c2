-- A page of a contact's history, oldest first, and one row more than that.
-- $1 limit, $2 after this id, $3 contact id -> id, at, kind, from, to, actor, reason, source_id (then), ordinal, draw,
-- and what the choice was made from (a contact without history: one row whose id is null; no row: unknown)
select history.id, rfc3339(history.at), history.kind, history.from_operator_id, history.to_operator_id, history.actor,
       history.reason, source.id, history.ordinal, history.draw, {{decision_columns decision}}
  from contacts as contact
  left join lateral (
	select id, at, kind, from_operator_id, to_operator_id, actor, reason, batch_id, ordinal, draw
	  from contact_history
	 where contact_id = contact.id
	   and id > $2::bigint
	 order by id
	 limit $1::integer + 1) as history on true
 cross join lateral (
	select {{source_then contact.id history.id contact.source_id}} as id) as source
  left join assignment_decisions as decision
    on decision.batch_id = history.batch_id and decision.source_id = source.id
 where contact.id = $3::bigint
 order by history.id
