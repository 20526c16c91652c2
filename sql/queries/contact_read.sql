-- $1 id -> json, version (no row: unknown)
select {{contact_json contact lead.external_id}}, contact.version
  from contacts as contact
  join leads as lead on lead.id = contact.lead_id
 where contact.id = $1::bigint
