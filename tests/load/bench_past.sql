-- The past of the load test, with its history: closed contacts of all sources, and active ones of the hot one.
-- \set past: closed contacts, two of each lead; active: those that each operator of the hot source holds
--
-- Millions of rows in a minute: without triggers and foreign keys (the rows are right by their making, and the load
-- counters are set at the end), and with the indexes made after.
\set ON_ERROR_STOP on
set session_replication_role = replica;
set maintenance_work_mem = '256MB';
set synchronous_commit = off;
create temporary table indexes as
select index.indexdef as make, format('drop index %I', index.indexname) as drop
  from pg_indexes as index
 where index.schemaname = 'public'
   and index.tablename in ('leads', 'contacts')
   and not exists (select from pg_constraint where conname = index.indexname);
select drop from indexes \gexec

insert into leads (id, external_id)
select number, 'past-' || number from generate_series(1, :past / 2) as number;

insert into contacts (id, lead_id, source_id, operator_id, status, message, created_at, assigned_at, closed_at)
select number, 1 + number % (:past / 2), link.source_id, link.operator_id, 'closed', 'past-' || number, moment, moment,
       moment + interval '1 hour'
  from generate_series(1, :past) as number
  join (select source_id, operator_id, row_number() over (order by source_id, operator_id) as place
	  from source_operator_weights) as link
    on link.place = 1 + number % 510,
       lateral (select now() - interval '1 day' - interval '1 second' * (:past - number) as moment) as time
 order by number;

insert into contacts (id, lead_id, source_id, operator_id, status, message, created_at, assigned_at)
select :past + number, 1 + number % (:past / 2), 1, 1 + number % 10, 'active', 'held-' || number, moment, moment
  from generate_series(1, :active * 10) as number,
       lateral (select now() - interval '1 millisecond' * (:active * 10 - number) as moment) as time;

insert into contact_history (contact_id, at, kind, actor, reason, to_operator_id)
select id, assigned_at, 'assigned', 'api', 'weighted_random', operator_id from contacts order by id;
insert into contact_history (contact_id, at, kind, actor, from_operator_id)
select id, closed_at, 'closed', 'api', operator_id from contacts where status = 'closed' order by id;

select make from indexes \gexec
update operator_loads
   set active_load = :active, last_contact_id = :past + :active * 10
 where operator_id between 1 and 10;
select setval('leads_id_seq', :past / 2), setval('contacts_id_seq', :past + :active * 10) \g /dev/null
reset session_replication_role;
