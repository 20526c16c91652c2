-- How many are wrong and some of them, one a line. To be used beside "wrong" (place, example).
(select count(*) from wrong) as wrong,
	(select string_agg(example, chr(10) order by place)
	   from (select place, example from wrong order by place limit 5) as first) as examples
