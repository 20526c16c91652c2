-- A lead with its 100 newest contacts.
-- $1 id, $2 operator whose contacts alone are seen, or null -> json (no row: unknown, or $2 has no contact of it)
select {{lead_json lead 100 $2}}
  from leads as lead
 where lead.id = $1::bigint
   and ($2::bigint is null or exists (select from contacts where lead_id = lead.id and operator_id = $2))
