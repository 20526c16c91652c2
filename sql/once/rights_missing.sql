-- What the role that serves needs and lacks; docs/OPERATIONS.md grants it. Each connection prepares its statements
-- without them, and only the first contact would fail.
-- -> the first lack, as in "insert on contact_history"; no row: none
with tables (name) as (
	values ('api_keys'), ('assignment_decisions'), ('contact_history'), ('contact_sources_before'), ('contacts'),
	       ('distribution_hours'), ('distribution_progress'), ('history_start'), ('idempotency_keys'), ('leads'),
	       ('operator_departures'), ('operator_loads'), ('operators'), ('source_operator_weights'), ('sources')
), needs as (
	select format('%s on %s', privilege, tables.name) as need,
	       has_table_privilege(tables.name, privilege) as is_met
	  from tables, (values ('select'), ('insert'), ('update'), ('delete')) as list (privilege)
	union all
	select format('usage on %s', sequence.oid::regclass),
	       case sequence.relkind when 'S' then has_sequence_privilege(sequence.oid, 'usage') end
	  from pg_class as sequence
	 where sequence.relkind = 'S'
	   and sequence.relnamespace = (select relnamespace from pg_class where oid = 'contacts'::regclass)
	   and (sequence.relname = 'assignment_batches_id_seq'
		or exists (select from pg_depend as part
			    where part.objid = sequence.oid
			      and part.classid = 'pg_class'::regclass
			      and part.refobjid in (select name::regclass from tables)))
)
select need from needs where not is_met order by need limit 1
