-- Changes the members that are given.
-- $1 id, $2 name given, $3 name, $4 phone given, $5 phone, $6 email given, $7 email
update leads
   set name = case when $2::boolean then $3::text else name end,
       phone = case when $4::boolean then $5::text else phone end,
       email = case when $6::boolean then $7::text else email end
 where id = $1::bigint
