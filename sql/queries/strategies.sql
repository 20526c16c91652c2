-- How sources choose, read after loads_lock, and the number of the decisions made by it.
-- $1 source ids -> id, strategy, batch_id
select id, strategy, (select nextval('assignment_batches_id_seq'))
  from sources
 where id = any ($1::bigint[])
 order by id
