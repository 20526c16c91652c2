-- Of each contact of a batch, in order of arrival: its id and its lead; also the moment that all of them carry, and the
-- id of the batch itself. Behind the locks: ids follow each other as places are taken. A statement of its own, so that
-- it sees the leads which another process just stored.
-- $1 external ids (one null in a batch without new contacts), $2 their order
-- -> contact id, lead id (null: there is no such lead), now, batch id
select nextval('contacts_id_seq'), lead.id, (select rfc3339(now())), (select nextval('assignment_batches_id_seq'))
  from (select leads.id
	  from unnest($1::text[], $2::bigint[]) as given (external_id, place)
	  left join leads on leads.external_id = given.external_id
	 order by given.place) as lead
