-- Makes the role `reporting`, and gives it the views of this database and nothing else: what the migrations do, for
-- when they were not allowed to, for a restored database, and before a restore (then it only makes the role).
--   psql -X -f deploy/reporting_role.sql DATABASE
-- As a superuser, or as the owner of the database if that may make roles, or if the role is there. As often as you like.
\set ON_ERROR_STOP on
begin;

-- Who may not change a role that is there leaves it as it is.
do $$
declare
	setting record;
begin
	if not exists (select from pg_roles where rolname = 'reporting') then
		create role reporting login connection limit 20;
	end if;
	for setting in
		select name, value
		  from (values ('default_transaction_read_only', 'on'), ('statement_timeout', '60s'),
			       ('idle_in_transaction_session_timeout', '60s'), ('search_path', 'reporting'),
			       ('jit', 'off')) as wanted (name, value)
		 where not exists (select from pg_roles
				    where rolname = 'reporting' and format('%s=%s', name, value) = any (rolconfig))
	loop
		begin
			execute format('alter role reporting set %I = %L', setting.name, setting.value);
		exception
			when insufficient_privilege then
				raise notice 'role "reporting" is left without % = %', setting.name, setting.value;
		end;
	end loop;
end $$;

do $$
begin
	if to_regnamespace('reporting') is not null then
		grant usage on schema reporting to reporting;
		grant select on all tables in schema reporting to reporting;
	end if;
	execute format('grant connect on database %I to reporting', current_database());
	execute format('revoke temporary on database %I from public', current_database());
end $$;

-- Up to PostgreSQL 14 everybody may create in schema public, and the owner of the tables by no other right.
do $$
declare
	owner name := (select tableowner from pg_tables where schemaname = 'public' and tablename = 'contacts');
begin
	if owner is not null then
		if not has_schema_privilege(owner, 'public', 'create with grant option') then
			execute format('grant usage, create on schema public to %I', owner);
		end if;
		revoke create on schema public from public;
	end if;
end $$;

commit;
