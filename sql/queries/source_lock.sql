-- Orders changes of one source's weights.
-- $1 id -> id (no row: unknown)
select id
  from sources
 where id = $1::bigint
   for no key update
