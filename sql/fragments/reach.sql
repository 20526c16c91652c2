-- Automatic sources with somebody waiting whom an operator of "team" (operator_id) has room for; the places free there.
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
   and weight.operator_id in (select operator_id from team)
 group by weight.source_id
