-- The next id of each table is above all that are there; otherwise inserting fails, or ids come twice.
-- -> checked, wrong, examples
with ids as (
	select 'contacts' as place, (select max(id) from contacts) as highest, last_value, is_called
	  from contacts_id_seq
	union all
	select 'leads', (select max(id) from leads), last_value, is_called from leads_id_seq
	union all
	select 'operators', (select max(id) from operators), last_value, is_called from operators_id_seq
	union all
	select 'sources', (select max(id) from sources), last_value, is_called from sources_id_seq
), wrong as (
	select place,
	       format('%s: the highest id is %s, but the next one would be %s', place, highest,
			last_value + is_called::integer) as example
	  from ids
	 where highest >= last_value + is_called::integer
)
select (select count(*) from ids) as checked, {{audit_answer}}
