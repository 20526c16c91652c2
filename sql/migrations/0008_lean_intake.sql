-- Taking in contacts costs less.

-- The search by beginnings: most external ids have no capitals, and are found by the index that keeps them unique. Only
-- the others need their small letters in one of their own.
drop index leads_external_id_search;
create index leads_external_id_search on leads (lower(external_id collate "default") text_pattern_ops)
	where lower(external_id collate "default") collate "C" <> external_id;

-- A session that writes its own history holds the load rows of all contacts that it inserts.
create or replace function contacts_count_inserted() returns trigger language plpgsql as $$
begin
	if current_setting('leadd.records', true) is distinct from 'own' then
		perform from operator_loads
		  where operator_id in (select operator_id from added where status = 'active')
		  order by operator_id
		    for update;
	end if;
	update operator_loads as load
	   set active_load = load.active_load + change.places,
	       last_contact_id = greatest(load.last_contact_id, change.last_contact_id)
	  from (select operator_id, count(*)::integer as places, max(id) as last_contact_id
		  from added where status = 'active' group by operator_id) as change
	 where load.operator_id = change.operator_id;
	return null;
end $$;
