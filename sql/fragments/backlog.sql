-- The oldest waiting contacts of the automatic sources within reach of "team", at most $2 of each source and, but for
-- one of each, $4 of all of them, without $3. To be ended by whoever uses it: how they are locked, and ") as oldest
-- order by oldest.id".
select oldest.id, oldest.source_id, oldest.lead_id,
       reach.places > reach.most and count(*) over (partition by oldest.source_id) = reach.most, source.strategy,
       case when source.sticky_seconds > 0 then
		{{sticky_operator oldest.lead_id oldest.source_id source.sticky_seconds}} end,
       case when source.sticky_seconds > 0 then
		lag(oldest.id) over (partition by oldest.source_id, oldest.lead_id order by oldest.id) end
  from (select source_id, places, least($2::integer, greatest($4::integer / count(*) over (), 1)) as most
	  from ({{reach}}) as reach) as reach
  join sources as source on source.id = reach.source_id
 cross join lateral (
	select id, source_id, lead_id
	  from contacts
	 where contacts.source_id = reach.source_id
	   and contacts.waiting_reason is not null
	   and contacts.id <> all ($3::bigint[])
	 order by contacts.id
	 limit least(reach.places, reach.most)
