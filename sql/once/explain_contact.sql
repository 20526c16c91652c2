-- A contact in the words of a person.
-- $1 id -> lead_id, external_id, source_id, source name, status, operator_id, operator name
select contact.lead_id, lead.external_id, contact.source_id, source.name, contact.status, contact.operator_id,
       operator.name
  from contacts as contact
  join leads as lead on lead.id = contact.lead_id
  join sources as source on source.id = contact.source_id
  left join operators as operator on operator.id = contact.operator_id
 where contact.id = $1::bigint
