-- The sources of a batch that exist, held against deletion until the batch is stored.
-- $1 source ids -> id, is_held
select id, true
  from sources
 where id = any ($1::bigint[])
 order by id
   for key share
