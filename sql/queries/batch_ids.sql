-- Ids for the batch's contacts and for the batch itself, and the moment that all of them carry.
-- $1 how many -> id, now, batch_id
select nextval('contacts_id_seq'), (select rfc3339(now())), (select nextval('assignment_batches_id_seq'))
  from generate_series(1, $1::integer)
