-- The answer of every list: the first $1 of the rows in "page" (id, place, item), and the id to go on after,
-- null on the last page. Lists ask for one row more than they show. A page whose items have come to 4 MiB ends early.
select coalesce(json_agg(item order by place) filter (where is_shown), '[]')::text as items,
       case when count(*) > count(*) filter (where is_shown)
	    then (array_agg(id order by place desc) filter (where is_shown))[1] end as next_id
  from (select id, place, item,
	       place <= $1
		and coalesce(sum(octet_length(item::text)) over (order by place rows between unbounded preceding
								  and 1 preceding), 0) < 4194304 as is_shown
	  from page) as page
