-- The world of the load test: a team and its sources. \set idle: operators without a source

-- Limits that no run reaches: in five repeats a fast machine stores six million contacts, and no operator may have more
-- than one million.
alter table operators drop constraint operators_max_load_limit_range;

-- One hot source, 1, with the operators 1 to 10, weights 1 to 10.
insert into operators (id, name, max_load_limit)
select number, 'Hot ' || number, 1000000000 from generate_series(1, 10) as number;
insert into sources (id, name) values (1, 'Hot');
insert into source_operator_weights (source_id, operator_id, weight)
select 1, number, number from generate_series(1, 10) as number;

-- 50 sources, 101 to 150, and 200 operators, 101 to 300. Each source has ten, weights 1 to 10, of which its neighbour
-- shares six: each operator serves two or three sources.
insert into operators (id, name, max_load_limit)
select 100 + number, 'Spread ' || number, 1000000000 from generate_series(1, 200) as number;
insert into sources (id, name)
select 100 + number, 'Spread ' || number from generate_series(1, 50) as number;
insert into source_operator_weights (source_id, operator_id, weight)
select 100 + source, 101 + ((source - 1) * 4 + place - 1) % 200, place
  from generate_series(1, 50) as source, generate_series(1, 10) as place;

-- Operators who serve nobody, for lists that show all.
select setval('operators_id_seq', 1000), setval('sources_id_seq', 1000) \g /dev/null
insert into operators (name, max_load_limit)
select 'Idle ' || number, 10 from generate_series(1, :idle) as number;
