-- The report's sums by hours are those of the decisions. (Without the mark up to when: see audit_progress.)
-- -> checked, wrong, examples
with told as (
	{{hours_told}}
), wrong as (
	select format('%s-%s-%s', source_id, extract(epoch from hour), operator_id) as place,
	       format('source %s, operator %s, hour %s: %s of %s expected, but decisions say %s of %s', source_id,
			operator_id, to_char(hour at time zone 'UTC', 'YYYY-MM-DD HH24:MI'),
			coalesce(stored.assigned, 0),
			round(coalesce(stored.expected, 0)::numeric, 3), coalesce(told.assigned, 0),
			round(coalesce(told.expected, 0)::numeric, 3)) as example
	  from told
	  full join distribution_hours as stored using (source_id, hour, operator_id)
	 where {{hours_differ stored told}}
   and exists (select from distribution_progress)
)
select (select count(*) from distribution_hours) as checked, {{audit_answer}}
