-- The answer of every list: the first $1 of the rows in "page" (id, place, item), and the id to go on after,
-- null on the last page. Lists ask for one row more than they show.
select coalesce(json_agg(item order by place) filter (where place <= $1), '[]')::text as items,
       case when count(*) > $1 then max(id) filter (where place = $1) end as next_id
  from page
