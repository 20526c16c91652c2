-- How a source's contacts went: per operator what was to be expected of the choices that were made, what it got, and
-- whether chance explains the difference.
-- $1 source id, $2 from, $3 to (times of choice, whole hours, null: unbounded) -> json (no row: unknown source)
--
-- Hours are summed up now and then; the choices made since come from the decisions. Both are read in this one
-- statement, so that none is missed or counted twice. The range has two ends for the planner's sake: it then takes the
-- index of decisions by time.
--
-- The test is Pearson's: over the cells, the sum of (assigned - expected)^2 / expected, with one degree of freedom less
-- than there are cells. It is beyond the critical value, the quantile 0.999 (3.0902 of the normal distribution) by
-- Wilson and Hilferty (1931), in at most one of a thousand honest periods: where chances vary from choice to choice,
-- an operator's count has the variance sum of p (1 - p), never more than with its mean chance throughout.
-- Operators of whom less than 5 was expected share one cell; where that has less than 5 as well it is left out.
with choices as (
	select operator_id, expected, assigned
	  from distribution_hours
	 where source_id = $1::bigint
	   and hour >= coalesce($2::timestamptz, '-infinity')
	   and hour < coalesce($3::timestamptz, 'infinity')
	union all
	select seat.operator_id, seat.expected, seat.assigned
	  from assignment_decisions as decision
	 cross join unnest(decision.operator_ids, decision.expected, decision.assigned)
		as seat (operator_id, expected, assigned)
	 where decision.source_id = $1
	   and decision.at >= greatest((select summed_until from distribution_progress), $2)
	   and decision.at < coalesce($3, 'infinity')
), chosen as (
	select operator_id, round(sum(expected)::numeric, 6) as expected, sum(assigned) as assigned
	  from choices
	 group by operator_id
	having sum(expected) > 0
), weights as (
	select operator_id, weight
	  from source_operator_weights
	 where source_id = $1
), people as (
	select operator.id, operator.name, weights.weight, coalesce(chosen.expected, 0) as expected,
	       coalesce(chosen.assigned, 0) as assigned
	  from weights
	  full join chosen on chosen.operator_id = weights.operator_id
	  join operators as operator on operator.id = coalesce(weights.operator_id, chosen.operator_id)
), shares as (
	select people.id as operator_id, people.name as operator_name, trim_scale(people.weight) as weight,
	       coalesce((people.expected / nullif(total.expected, 0))::double precision, 0) as expected_share,
	       coalesce((people.assigned / nullif(total.assigned, 0))::double precision, 0) as actual_share,
	       trim_scale(round(people.expected, 3)) as expected, people.assigned
	  from people
	 cross join (select sum(expected) as expected, sum(assigned) as assigned from people) as total
), cells as (
	select sum(expected) as expected, sum(assigned) as assigned
	  from people
	 group by case when expected < 5 then 0 else id end
	having sum(expected) >= 5
), measured as (
	select sum((assigned - expected) ^ 2 / expected) as chi_square, count(*)::numeric - 1 as freedom
	  from cells
	having count(*) > 1
), judged as (
	select chi_square, freedom,
	       freedom * (1 - 2 / (9 * freedom) + 3.0902 * sqrt(2 / (9 * freedom))) ^ 3 as critical_value
	  from measured
), test as (
	select trim_scale(round(judged.chi_square, 3)) as chi_square, judged.freedom as degrees_of_freedom,
	       trim_scale(round(judged.critical_value, 3)) as critical_value, always.significance,
	       case when judged.freedom is null then 'too_few'
		    when judged.chi_square > judged.critical_value then 'deviates'
		    else 'as_expected' end as verdict
	  from (values (0.001)) as always (significance)
	  left join judged on true
), statuses as (
	select count(*) filter (where status = 'active') as active,
	       count(*) filter (where status = 'waiting') as waiting,
	       count(*) filter (where status = 'closed') as closed
	  from contacts
	 where source_id = $1
), oldest as (
	select contact.id, {{seconds_since contact.created_at}} as waiting_seconds
	  from contacts as contact
	 where contact.source_id = $1
	   and contact.waiting_reason is not null
	 order by contact.id
	 limit 10
), shown as (
	select source.id as source_id, source.name as source_name, rfc3339($2) as from, rfc3339($3) as to,
	       (select coalesce(sum(assigned), 0) from people) as assigned, statuses.active, statuses.waiting,
	       statuses.closed, coalesce((select json_agg(oldest order by id) from oldest), '[]') as oldest_waiting,
	       (select row_to_json(test) from test) as test,
	       coalesce((select json_agg(shares order by operator_id) from shares), '[]') as items
	  from sources as source
	 cross join statuses
	 where source.id = $1
)
select row_to_json(shown)
  from shown
