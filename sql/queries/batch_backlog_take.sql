-- Locks the waiting contacts that were chosen. Those that somebody edits or assigns at this moment are passed over, and
-- so are those that wait no more.
-- $1 contact ids, $2 the source id of each -> id
select contacts.id
  from contacts
  join unnest($1::bigint[], $2::bigint[]) as chosen (id, source_id)
    on chosen.id = contacts.id and chosen.source_id = contacts.source_id
 where contacts.waiting_reason is not null
 order by contacts.id
   for no key update of contacts skip locked
