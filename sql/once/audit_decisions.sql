-- A page of decisions, newest first, each with the choices that were made from it.
-- $1 before this batch id, $2 and this source id, $3 how many -> batch_id, source_id, assigned, waiting, is_whole (no
-- contact of the batch is gone), expected in millionths (-1000000: impossible), then lists of its choices: contact
-- ids, ordinals (-1: missing), operator ids (0: nobody), draws (-1: none), stickies; then what they were made from
with page as materialized (
	select batch_id, source_id, at, expected, assigned, waiting, strategy, operator_ids, weights, are_active,
	       limits, loads, credits, last_contact_ids, taken_ordinals, taken_seats, taken_own
	  from assignment_decisions
	 where (batch_id, source_id) < ($1::bigint, $2::bigint)
	 order by batch_id desc, source_id desc
	 limit $3::integer
), choices as materialized (
	select history.batch_id, source.id as source_id,
	       array_agg(history.contact_id order by history.ordinal) as contact_ids,
	       array_agg(coalesce(history.ordinal, -1) order by history.ordinal) as ordinals,
	       array_agg(coalesce(history.to_operator_id, 0) order by history.ordinal) as operator_ids,
	       array_agg(coalesce(history.draw, -1) order by history.ordinal) as draws,
	       array_agg((history.reason is not distinct from 'sticky')::integer order by history.ordinal) as stickies
	  from contact_history as history
	  left join contacts as contact on contact.id = history.contact_id
	 cross join lateral (
		select {{source_then history.contact_id history.id contact.source_id}} as id) as source
	 where history.at between (select min(at) from page) and (select max(at) from page)
	   and history.batch_id in (select batch_id from page)
	 group by history.batch_id, source.id
)
select page.batch_id, page.source_id, page.assigned, page.waiting,
       not exists (select from choices as gone
		    where gone.batch_id = page.batch_id and gone.source_id is null) as is_whole,
       array(select case when item between 0 and 1000000000 then round(item * 1000000)::bigint else -1000000 end
	       from unnest(page.expected) with ordinality as list (item, place)
	      order by place),
       coalesce(choices.contact_ids, '{}'), coalesce(choices.ordinals, '{}'), coalesce(choices.operator_ids, '{}'),
       coalesce(choices.draws, '{}'), coalesce(choices.stickies, '{}'), {{decision_columns page}}
  from page
  left join choices on choices.batch_id = page.batch_id and choices.source_id = page.source_id
 order by page.batch_id desc, page.source_id desc
