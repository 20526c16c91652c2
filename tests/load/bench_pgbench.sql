-- One contact, for pgbench. -D first_source, last_source, past_leads,
-- repeated (percent of known leads), whole (whether to store all that the service stores)
\set source random(:first_source, :last_source)
\set number random(1, 1000000000000000)
\set chance random(1, 100)
\if :chance <= :repeated
\set lead random(1, :past_leads)
select bench_contact('past-' || :lead, :source, 'pgbench-' || :number, :whole = 1);
\else
select bench_contact('pgbench-' || :number, :source, 'pgbench-' || :number, :whole = 1);
\endif
