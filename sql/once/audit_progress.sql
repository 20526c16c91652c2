-- The mark up to which the hours are summed up is there: without it nothing is summed up any more.
-- -> checked, wrong, examples
with wrong as (
	select 'distribution_progress' as place,
	       'distribution_progress: its row is gone, so that no decision is summed up' as example
	 where not exists (select from distribution_progress)
)
select 1::bigint as checked, {{audit_answer}}
