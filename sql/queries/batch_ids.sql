-- Ids for the batch's contacts, and the moment that all of them carry.
-- $1 how many -> id, now
select nextval('contacts_id_seq'), rfc3339(now())
  from generate_series(1, $1::integer)
