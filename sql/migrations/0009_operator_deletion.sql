-- Operators deleted in psql without their load locked before, as a plain delete does.

-- The operator's row is locked here already, which an assignment asks for last and holding the load: it must not be
-- waited for without end, or the two wait in a circle. The service's own deletions hold the load already. Shorter than
-- what the lanes wait for a lock, so that it is not the assignment that gives up.
create function operators_lock_load(deleted bigint) returns void language plpgsql set lock_timeout = '150ms' as $$
begin
	perform from operator_loads where operator_id = deleted for update;
exception
	when lock_not_available then
		raise exception 'operator % is being assigned contacts, nothing was deleted', deleted
			using errcode = 'lock_not_available', table = 'operators',
			hint = 'Try again, or deactivate it and try again.';
end $$;

create or replace function operators_in_history() returns trigger language plpgsql as $$
begin
	perform operators_lock_load(old.id);
	-- A statement of its own, so that it sees what was assigned by whoever was waited for.
	if exists (select from operator_loads where operator_id = old.id and last_contact_id > 0) then
		raise exception 'operator % appears in history; deactivate it instead', old.id
			using errcode = 'foreign_key_violation', constraint = 'contacts_operator_id_fkey',
			table = 'operators';
	end if;
	return old;
end $$;
