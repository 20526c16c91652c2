-- The leads of a batch; a statement of its own, so that it sees those which another process just stored.
-- $1 external ids -> id, external_id
select id, external_id
  from leads
 where external_id = any ($1::text[])
