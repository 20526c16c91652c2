-- Locks waiting contacts that were chosen; what somebody is editing now, or no longer waits where it did, is left out.
-- $1 ids, $2 the source of each -> id
select contacts.id
  from unnest($1::bigint[], $2::bigint[]) as chosen (id, source_id)
  join contacts on contacts.id = chosen.id and contacts.source_id = chosen.source_id
 where contacts.waiting_reason is not null
 order by contacts.id
   for no key update of contacts skip locked
