-- The world of the load test: a team and its sources, and a past of closed contacts.
-- \set past: closed contacts of the past, two of each lead

-- One hot source, 1, with the operators 1 to 10, weights 1 to 10.
insert into operators (id, name, max_load_limit)
select number, 'Hot ' || number, 1000000 from generate_series(1, 10) as number;
insert into sources (id, name) values (1, 'Hot');
insert into source_operator_weights (source_id, operator_id, weight)
select 1, number, number from generate_series(1, 10) as number;

-- 50 sources, 101 to 150, and 200 operators, 101 to 300. Each source has ten, weights 1 to 10, of which its neighbour
-- shares six: each operator serves two or three sources.
insert into operators (id, name, max_load_limit)
select 100 + number, 'Spread ' || number, 1000000 from generate_series(1, 200) as number;
insert into sources (id, name)
select 100 + number, 'Spread ' || number from generate_series(1, 50) as number;
insert into source_operator_weights (source_id, operator_id, weight)
select 100 + source, 101 + ((source - 1) * 4 + place - 1) % 200, place
  from generate_series(1, 50) as source, generate_series(1, 10) as place;

select setval('operators_id_seq', 1000), setval('sources_id_seq', 1000) \g /dev/null

insert into leads (external_id)
select 'past-' || number from generate_series(1, :past / 2) as number;
insert into contacts (lead_id, source_id, operator_id, status, message, created_at, assigned_at, closed_at)
select lead.id, link.source_id, link.operator_id, 'closed', 'past-' || number, moment, moment, moment + interval '1 hour'
  from generate_series(1, :past) as number
  join leads as lead on lead.external_id = 'past-' || 1 + number % (:past / 2)
  join (select source_id, operator_id, row_number() over (order by source_id, operator_id) as place
	  from source_operator_weights) as link
    on link.place = 1 + number % 510,
       lateral (select now() - interval '1 second' * (:past - number) as moment) as time;
