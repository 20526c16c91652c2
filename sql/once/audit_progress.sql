-- The mark up to which the hours are summed up is there, and in the past: without it, or until the clock has caught up
-- with it, nothing is summed up any more.
-- -> checked, wrong, examples
with wrong as (
	select 'distribution_progress' as place,
	       'distribution_progress: its row is gone, so that no decision is summed up' as example
	 where not exists (select from distribution_progress)
	union all
	select 'distribution_progress',
	       format('distribution_progress: summed up until %s, which is to come: the clock went back', summed_until)
	  from distribution_progress
	 where summed_until > now()
)
select 1::bigint as checked, {{audit_answer}}
