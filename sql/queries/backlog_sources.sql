-- Automatic sources with a contact that waits although somebody could take it, in the order of these contacts' age.
-- $1 source ids to leave out, $2 number of sources -> source_id, id of the contact that waits longest
select source.id, oldest.id
  from sources as source
  cross join lateral (
	select contacts.id
	  from contacts
	 where contacts.source_id = source.id
	   and contacts.waiting_reason is not null
	 order by contacts.id
	 limit 1) as oldest
 where source.backlog = 'auto'
   and source.id <> all ($1::bigint[])
   and exists (
	select from source_operator_weights as weight
	  join operators as operator on operator.id = weight.operator_id
	  join operator_loads as load on load.operator_id = weight.operator_id
	 where weight.source_id = source.id
	   and weight.weight > 0
	   and operator.is_active
	   and load.active_load < operator.max_load_limit)
 order by oldest.id
 limit $2::integer
