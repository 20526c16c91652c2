-- Who got how many. \set first_source, last_source, last_contact: of these sources, later than this contact
select link.source_id, link.weight, count(contact.id)
  from source_operator_weights as link
  left join contacts as contact
    on contact.source_id = link.source_id
   and contact.operator_id = link.operator_id
   and contact.id > :last_contact
 where link.source_id between :first_source and :last_source
 group by link.source_id, link.operator_id, link.weight;
