-- Who they are.
-- $1 operator ids -> id, name
select id, name
  from operators
 where id = any ($1::bigint[])
 order by id
