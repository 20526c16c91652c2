-- Locks what else a batch needs of its sources, and of those whose backlog it may assign: the operators, against
-- deletion, and the links that keep turns. Passes over what somebody else holds: these sources wait apart. After the
-- loads were locked.
-- $1 source ids -> ids of the sources of which everything is locked
with team as (
	select operator_id
	  from source_operator_weights
	 where source_id = any ($1::bigint[])
), link as materialized (
	select weight.source_id, weight.operator_id, source.strategy = 'smooth_weighted' as keeps_turn
	  from source_operator_weights as weight
	  join sources as source on source.id = weight.source_id
	 where weight.source_id in (select unnest($1)
				     union select source_id from ({{reach}}) as reach)
), operator as materialized (
	select id
	  from operators
	 where id in (select operator_id from link)
	 order by id
	   for key share skip locked
), turn as materialized (
	select source_id, operator_id
	  from source_operator_weights
	 where source_id in (select source_id from link where keeps_turn)
	 order by source_id, operator_id
	   for no key update skip locked
)
select link.source_id
  from link
  left join operator on operator.id = link.operator_id
  left join turn on turn.source_id = link.source_id and turn.operator_id = link.operator_id
 group by link.source_id
having bool_and(operator.id is not null and (turn.operator_id is not null or not link.keeps_turn))
 order by link.source_id
