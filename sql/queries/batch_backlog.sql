-- The oldest waiting contacts of the automatic sources within reach, locked: of each at most as many as there are
-- places. What somebody is editing now is passed over. After the loads were locked.
-- $1 source ids, $2 at most so many of one source
-- -> id, source_id, is_capped (there are more than $2 places), strategy, sticky operator or null
select oldest.id, oldest.source_id, reach.places > $2::integer, source.strategy,
       case when source.sticky_seconds > 0 then
		{{sticky_operator oldest.lead_id oldest.source_id source.sticky_seconds}} end
  from ({{reach $1::bigint[]}}) as reach
  join sources as source on source.id = reach.source_id
 cross join lateral (
	select id, source_id, lead_id
	  from contacts
	 where contacts.source_id = reach.source_id
	   and contacts.waiting_reason is not null
	 order by contacts.id
	 limit least(reach.places, $2::integer)
	   for no key update skip locked) as oldest
 order by oldest.id
