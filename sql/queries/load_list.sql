-- Every operator's load and free places, by id.
-- -> items
select coalesce(json_agg(shown order by operator_id), '[]')::text
  from (select operator.id as operator_id, operator.name as operator_name, operator.is_active,
	       operator.max_load_limit, load.active_load,
	       case when operator.is_active
		then greatest(0, operator.max_load_limit - load.active_load) else 0 end as free
	  from operators as operator
	  join operator_loads as load on load.operator_id = operator.id) as shown
