-- As batch_leads_insert, but leaves those that somebody else is making in a transaction that goes on.
-- $1 external ids, $2 the source id of each, $3 the key of each or null -> id of each that was made
select id
  from leads_insert_free(array({{leads_new}})) as id
