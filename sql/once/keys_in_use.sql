-- Keys that open something, oldest first.
-- -> id, role, source_id, operator_id, created_at, created_by, last_used_at (to the minute, UTC), name
select id, role, source_id, operator_id, to_char(created_at, 'YYYY-MM-DD HH24:MI'), created_by,
       to_char(last_used_at, 'YYYY-MM-DD HH24:MI'), name
  from api_keys
 where revoked_at is null
 order by id
