-- As batch_leads_lock, but passes over the rows that somebody else holds: their contacts wait apart. Leads of which
-- nothing is said are held against deletion: the contact's foreign key does so later, and would wait.
-- $1 external ids of which something is said, $2 those of the others -> id, whether it may be changed
with changed as materialized (
	select id
	  from leads
	 where external_id = any ($1::text[])
	 order by id
	   for no key update skip locked
), kept as materialized (
	select id
	  from leads
	 where external_id = any ($2::text[])
	 order by id
	   for key share skip locked
)
select id, true
  from changed
 union all
select id, false
  from kept
