-- As batch_sources, but passes over rows that somebody else has locked: their contacts wait apart.
-- $1 source ids -> id, is_held, strategy, sticky_seconds, is_automatic, any_automatic
with held as materialized (
	select id
	  from sources
	 where id = any ($1::bigint[])
	 order by id
	   for key share skip locked
)
select sources.id, held.id is not null, strategy, sticky_seconds, backlog = 'auto',
       exists (select from sources as automatic where automatic.backlog = 'auto')
  from sources
  left join held on held.id = sources.id
 where sources.id = any ($1)
 order by sources.id
