-- Whether migrations were ever applied here.
-- -> is_known
select to_regclass('schema_migrations') is not null
