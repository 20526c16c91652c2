-- Whom the leads of a batch go to again, in sources that are sticky.
-- $1 external ids, $2 the source id of each -> place (from 0), operator_id or null
select given.place - 1, {{sticky_operator lead.id source.id source.sticky_seconds}}
  from unnest($1::text[], $2::bigint[]) with ordinality as given (external_id, source_id, place)
  join sources as source on source.id = given.source_id and source.id = any ($2) and source.sticky_seconds > 0
  join leads as lead on lead.external_id = given.external_id
