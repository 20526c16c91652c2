-- Writes what contacts say of their leads, in id order: only members that are given, only where they differ.
-- $1 lead ids (sorted, distinct), $2 name given, $3 name, $4 phone given, $5 phone, $6 email given, $7 email
with given as (
	select id, name_given, name, phone_given, phone, email_given, email
	  from unnest($1::bigint[], $2::boolean[], $3::text[], $4::boolean[], $5::text[], $6::boolean[],
			$7::text[])
	    as given (id, name_given, name, phone_given, phone, email_given, email)
), locked as materialized (
	select id
	  from leads
	 where id = any ($1)
	 order by id
	   for no key update
)
update leads as lead
   set name = case when given.name_given then given.name else lead.name end,
       phone = case when given.phone_given then given.phone else lead.phone end,
       email = case when given.email_given then given.email else lead.email end
  from given
 where lead.id = given.id
   and lead.id in (select id from locked)
   and (given.name_given and given.name is distinct from lead.name
	or given.phone_given and given.phone is distinct from lead.phone
	or given.email_given and given.email is distinct from lead.email)
