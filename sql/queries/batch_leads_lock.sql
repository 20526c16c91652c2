-- Locks the leads of which the batch's contacts say something, before the loads: as whoever changes a lead and closes
-- its contacts does.
-- $1 external ids -> id
select id
  from leads
 where external_id = any ($1::text[])
 order by id
   for no key update
