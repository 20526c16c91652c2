-- Sums up anew, in a snapshot that is newer than the lock; writes what differs. Nothing without the
-- mark up to when.
with told as materialized (
	{{hours_told}}
), gone as (
	delete from distribution_hours as stored
	 where exists (select from distribution_progress)
   and not exists (select from told
			    where told.source_id = stored.source_id
			      and told.hour = stored.hour
			      and told.operator_id = stored.operator_id)
)
insert into distribution_hours as stored (source_id, hour, operator_id, expected, assigned)
select source_id, hour, operator_id, expected, assigned
  from told
 order by source_id, hour, operator_id
    on conflict (source_id, hour, operator_id) do update
   set expected = excluded.expected, assigned = excluded.assigned
 where {{hours_differ stored excluded}}
