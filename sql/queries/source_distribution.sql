-- How a source's contacts went: per operator the share that its weight promises and the one that it got.
-- $1 source id, $2 from, $3 to (times of assignment, null: unbounded) -> json (no row: unknown source)
with assigned as (
	select contact.operator_id, count(*) as contacts
	  from contacts as contact
	 where contact.source_id = $1::bigint
	   and contact.operator_id is not null
	   and ($2::timestamptz is null or contact.assigned_at >= $2)
	   and ($3::timestamptz is null or contact.assigned_at < $3)
	 group by contact.operator_id
), weights as (
	select operator_id, weight
	  from source_operator_weights
	 where source_id = $1
), people as (
	select operator.id, operator.name, weights.weight, coalesce(assigned.contacts, 0) as contacts
	  from weights
	  full join assigned on assigned.operator_id = weights.operator_id
	  join operators as operator on operator.id = coalesce(weights.operator_id, assigned.operator_id)
), statuses as (
	select contact.status, count(*) as contacts
	  from contacts as contact
	 where contact.source_id = $1
	 group by contact.status
), oldest as (
	select contact.id, {{seconds_since contact.created_at}} as waiting_seconds
	  from contacts as contact
	 where contact.source_id = $1
	   and contact.operator_id is null
	   and contact.status = 'waiting'
	 order by contact.id
	 limit 10
), shares as (
	select people.id as operator_id, people.name as operator_name, trim_scale(people.weight) as weight,
	       coalesce((people.weight / nullif(total.weight, 0))::double precision, 0) as expected_share,
	       coalesce((people.contacts / nullif(total.contacts, 0))::double precision, 0) as actual_share,
	       people.contacts as assigned
	  from people
	 cross join (select sum(weight) as weight, sum(contacts) as contacts from people) as total
), shown as (
	select source.id as source_id, source.name as source_name, rfc3339($2) as from, rfc3339($3) as to,
	       (select coalesce(sum(contacts), 0) from assigned) as assigned,
	       coalesce((select contacts from statuses where status = 'active'), 0) as active,
	       coalesce((select contacts from statuses where status = 'waiting'), 0) as waiting,
	       coalesce((select contacts from statuses where status = 'closed'), 0) as closed,
	       coalesce((select json_agg(oldest order by id) from oldest), '[]') as oldest_waiting,
	       coalesce((select json_agg(shares order by operator_id) from shares), '[]') as items
	  from sources as source
	 where source.id = $1
)
select row_to_json(shown)
  from shown
