-- Writes the credits of smooth_weighted. Link rows are locked in their order, since others change several as well.
-- $1 source ids, $2 operator ids, $3 credits
with locked as materialized (
	select weight.source_id, weight.operator_id, given.credit
	  from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as given (source_id, operator_id, credit)
	  join source_operator_weights as weight
	    on weight.source_id = given.source_id and weight.operator_id = given.operator_id
	 order by weight.source_id, weight.operator_id
	   for no key update of weight
)
update source_operator_weights as weight
   set credit = locked.credit
  from locked
 where weight.source_id = locked.source_id
   and weight.operator_id = locked.operator_id
