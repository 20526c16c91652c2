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
	select contact.id,
	       greatest(0, floor(extract(epoch from now() - contact.created_at))) as waiting_seconds
	  from contacts as contact
	 where contact.source_id = $1
	   and contact.operator_id is null
	   and contact.status = 'waiting'
	 order by contact.id
	 limit 10
)
select json_build_object(
	'source_id', source.id,
	'source_name', source.name,
	'from', rfc3339($2),
	'to', rfc3339($3),
	'assigned', (select coalesce(sum(contacts), 0) from assigned),
	'active', coalesce((select contacts from statuses where status = 'active'), 0),
	'waiting', coalesce((select contacts from statuses where status = 'waiting'), 0),
	'closed', coalesce((select contacts from statuses where status = 'closed'), 0),
	'oldest_waiting', coalesce((
		select json_agg(json_build_object('id', id, 'waiting_seconds', waiting_seconds) order by id)
		  from oldest), '[]'),
	'items', coalesce((
		select json_agg(json_build_object(
				'operator_id', people.id,
				'operator_name', people.name,
				'weight', trim_scale(people.weight),
				'expected_share',
					coalesce((people.weight / nullif(total.weight, 0))::double precision, 0),
				'actual_share',
					coalesce((people.contacts / nullif(total.contacts, 0))::double precision, 0),
				'assigned', people.contacts)
			order by people.id)
		  from people
		 cross join (select sum(weight) as weight, sum(contacts) as contacts from people) as total), '[]'))
  from sources as source
 where source.id = $1
