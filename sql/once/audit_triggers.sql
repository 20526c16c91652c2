-- The triggers that keep counters and history, and that tell of events and of changed keys, are there; nobody has left
-- any switched off.
-- -> checked, wrong, examples
with expected as (
	select table_name::text || '.' || trigger_name as place, table_name, trigger_name
	  from (values
		('api_keys', 'api_keys_notify_changed'), ('api_keys', 'api_keys_notify_deleted'),
		('api_keys', 'api_keys_notify_truncated'),
		('contacts', 'contacts_count_deleted'), ('contacts', 'contacts_count_inserted'),
		('contacts', 'contacts_count_truncated'), ('contacts', 'contacts_count_updated'),
		('contacts', 'contacts_keep_source'), ('contacts', 'contacts_record_deleted'),
		('contacts', 'contacts_record_inserted'), ('contacts', 'contacts_record_truncated'),
		('contacts', 'contacts_record_updated'), ('contacts', 'contacts_stamp_insert'),
		('contacts', 'contacts_stamp_update'), ('contacts', 'contacts_tell_deleted'),
		('contacts', 'contacts_tell_inserted'), ('contacts', 'contacts_tell_truncated'),
		('contacts', 'contacts_tell_updated'), ('contact_history', 'contact_history_is_final'),
		('leads', 'leads_stamp'),
		('operators', 'operators_add_loads'), ('operators', 'operators_changed'),
		('operators', 'operators_in_history'), ('operators', 'operators_stamp'),
		('operators', 'operators_tell_deleted'), ('operators', 'operators_tell_inserted'),
		('operators', 'operators_tell_truncated'), ('operators', 'operators_tell_updated'),
		('sources', 'sources_backlog_auto'), ('sources', 'sources_stamp'),
		('sources', 'sources_tell_deleted'), ('sources', 'sources_tell_inserted'),
		('sources', 'sources_tell_truncated'), ('sources', 'sources_tell_updated'),
		('source_operator_weights', 'source_operator_weights_added'),
		('source_operator_weights', 'source_operator_weights_raised'),
		('source_operator_weights', 'source_operator_weights_tell_added'),
		('source_operator_weights', 'source_operator_weights_tell_changed'),
		('source_operator_weights', 'source_operator_weights_tell_truncated'))
	    as list (table_name, trigger_name)
), wrong as (
	select expected.place, format('trigger %s of %s is missing', trigger_name, table_name) as example
	  from expected
	  left join pg_trigger as found on found.tgrelid = table_name::regclass and found.tgname = trigger_name
	 where found.oid is null
	union all
	select found.tgrelid::regclass::text || '.' || found.tgname,
	       format('%s of %s is switched off',
			coalesce('foreign key ' || rule.conname, 'trigger ' || found.tgname), found.tgrelid::regclass)
	  from pg_trigger as found
	  left join pg_constraint as rule on rule.oid = found.tgconstraint and rule.contype = 'f'
	 where found.tgrelid in (select table_name::regclass from expected)
	   and found.tgenabled not in ('O', 'A')
)
select (select count(*) from expected) as checked, {{audit_answer}}
