-- Locks a slice of an operator's active contacts, oldest first; what somebody is editing now is left to a later one.
-- $1 operator id, $2 after this contact id, $3 at most so many -> id, source_id (no rows once it takes contacts again)
select contact.id, contact.source_id
  from contacts as contact
 where contact.operator_id = $1::bigint
   and contact.id > $2::bigint
   and contact.status = 'active'
   and exists (select from operator_departures where operator_id = $1)
 order by contact.id
 limit $3::integer
   for no key update of contact skip locked
