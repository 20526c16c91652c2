-- $1 id, $2 operator whose contacts alone are seen, or null -> json, version (no row: unknown)
select {{contact_json contact lead.external_id}}, contact.version
  from contacts as contact
  join leads as lead on lead.id = contact.lead_id
 where contact.id = $1::bigint
   and ($2::bigint is null or contact.operator_id = $2)
