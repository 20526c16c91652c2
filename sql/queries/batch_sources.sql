-- The sources of a batch that exist, held against deletion until the batch is stored.
-- $1 source ids -> id, is_held, strategy, sticky_seconds, is_automatic, any_automatic
select id, true, strategy, sticky_seconds, backlog = 'auto',
       exists (select from sources as automatic where automatic.backlog = 'auto')
  from sources
 where id = any ($1::bigint[])
 order by id
   for key share
