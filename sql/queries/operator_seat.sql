-- What decides whether an operator may take a contact, read after loads_lock.
-- $1 id -> is_active, max_load_limit, name (no row: unknown)
select is_active, max_load_limit, name
  from operators
 where id = $1::bigint
