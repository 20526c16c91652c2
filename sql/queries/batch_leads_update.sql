-- Writes what contacts say of their leads, in id order: only members that are given, only where they differ.
-- $1 lead ids (sorted, distinct), $2 name given, $3 name, $4 phone given, $5 phone, $6 email given, $7 email
with locked as materialized (
	select lead.id,
	       case when given.name_given then given.name else lead.name end as name,
	       case when given.phone_given then given.phone else lead.phone end as phone,
	       case when given.email_given then given.email else lead.email end as email
	  from unnest($1::bigint[], $2::boolean[], $3::text[], $4::boolean[], $5::text[], $6::boolean[],
			$7::text[])
	    as given (id, name_given, name, phone_given, phone, email_given, email)
	  join leads as lead on lead.id = given.id
	 order by lead.id
	   for no key update of lead
)
update leads as lead
   set name = locked.name, phone = locked.phone, email = locked.email
  from locked
 where lead.id = locked.id
   and (lead.name, lead.phone, lead.email) is distinct from (locked.name, locked.phone, locked.email)
