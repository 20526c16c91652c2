-- As batch_sources, but passes over rows that somebody else has locked: their contacts wait apart.
-- $1 source ids -> id, is_held
with held as materialized (
	select id
	  from sources
	 where id = any ($1::bigint[])
	 order by id
	   for key share skip locked
)
select sources.id, held.id is not null
  from sources
  left join held on held.id = sources.id
 where sources.id = any ($1)
 order by sources.id
