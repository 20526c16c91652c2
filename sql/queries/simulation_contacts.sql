-- How many of a source's newest contacts a simulation of its last ones takes, and how the source chooses.
-- $1 source id, $2 at most so many -> contacts, strategy (no row: unknown source)
select (select count(*)
	  from (select from contacts where source_id = $1 order by id desc limit $2::integer) as newest),
       strategy
  from sources
 where id = $1::bigint
