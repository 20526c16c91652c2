-- Load rows for the operators that have none.
insert into operator_loads (operator_id)
select id
  from operators
 where id not in (select operator_id from operator_loads)
 order by id
    on conflict (operator_id) do nothing
