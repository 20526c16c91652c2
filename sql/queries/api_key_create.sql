-- Stores a key.
-- $1 name, $2 role, $3 source_id or null, $4 operator_id or null, $5 its digest in hexadecimal,
-- $6 who makes it, or null (whose session it is) -> json, id
with made as (
	insert into api_keys (name, role, source_id, operator_id, digest, created_by)
	values ($1::text, $2::text, $3::bigint, $4::bigint, decode($5::text, 'hex'), coalesce($6::text, session_user))
	returning id, name, role, source_id, operator_id, created_at, created_by, last_used_at, revoked_at
)
select {{api_key_json made}}, made.id
  from made
