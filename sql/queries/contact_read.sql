-- $1 id -> json, version (no row: unknown)
select json_build_object({{contact_members contact lead.external_id}}), contact.version
  from contacts as contact
  join leads as lead on lead.id = contact.lead_id
 where contact.id = $1::bigint
