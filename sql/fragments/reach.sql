-- Automatic sources with somebody waiting, that have an operator with room in common with some sources; the places
-- free there. %1 the ids of those sources.
select weight.source_id, sum(operator.max_load_limit - load.active_load) as places
  from sources as source
  join source_operator_weights as weight on weight.source_id = source.id
  join operators as operator on operator.id = weight.operator_id
  join operator_loads as load on load.operator_id = weight.operator_id
 where source.backlog = 'auto'
   and exists (select from contacts where contacts.source_id = source.id and contacts.waiting_reason is not null)
   and weight.weight > 0
   and operator.is_active
   and load.active_load < operator.max_load_limit
   and exists (select from source_operator_weights as shared
		where shared.operator_id = weight.operator_id and shared.source_id = any (%1))
 group by weight.source_id
