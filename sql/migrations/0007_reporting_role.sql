-- Who may read the views: the role `reporting`, and nobody else. They read the tables with the rights of their owner.
revoke all on schema reporting from public;
revoke all on all tables in schema reporting from public;

-- A role belongs to the whole server: another database may make it at this moment, somebody may have made it long ago
-- in another way, and whoever migrates may not be allowed to. Then the service does without; deploy/reporting_role.sql
-- does the same by hand. This is a migration of its own because other databases wait until the new role is committed.
-- Without a password nobody gets in where one is asked for.
do $$
declare
	problem text;
begin
	for attempt in 1..10 loop
		begin
			if not exists (select from pg_roles where rolname = 'reporting') then
				create role reporting login connection limit 20;
				alter role reporting set default_transaction_read_only = on;
				alter role reporting set statement_timeout = '60s';
				alter role reporting set idle_in_transaction_session_timeout = '60s';
				alter role reporting set search_path = reporting;
				alter role reporting set jit = off;
			end if;
			grant usage on schema reporting to reporting;
			grant select on all tables in schema reporting to reporting;
			if (select pg_has_role(datdba, 'usage') from pg_database where datname = current_database())
			then
				execute format('grant connect on database %I to reporting', current_database());
			end if;
			return;
		exception
			when unique_violation or duplicate_object or undefined_object or internal_error then
				problem := sqlerrm;
			when others then
				problem := sqlerrm;
				exit;
		end;
	end loop;
	raise notice 'role "reporting" has no access yet, see deploy/reporting_role.sql: %', problem;
end $$;

-- What PUBLIC, and with it the new role, could do beside reading: tables of its own, temporary ones included. It may
-- still connect, because roles that the service runs as may have nothing else to connect by.
do $$
begin
	if (select pg_has_role(nspowner, 'usage') from pg_namespace where nspname = 'public') then
		revoke create on schema public from public;
	elsif has_schema_privilege('public', 'public', 'create') then
		raise notice 'PUBLIC may still create tables in schema public of database "%"', current_database();
	end if;
	if (select pg_has_role(datdba, 'usage') from pg_database where datname = current_database()) then
		execute format('revoke temporary on database %I from public', current_database());
	elsif has_database_privilege('public', current_database(), 'temporary') then
		raise notice 'PUBLIC may still create temporary tables in database "%"', current_database();
	end if;
exception
	when others then
		raise notice 'PUBLIC may still create objects in database "%": %', current_database(), sqlerrm;
end $$;
