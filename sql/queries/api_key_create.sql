-- Stores a key.
-- $1 name, $2 role, $3 source_id or null, $4 operator_id or null, $5 its digest in hexadecimal -> json, id
with made as (
	insert into api_keys (name, role, source_id, operator_id, digest)
	values ($1::text, $2::text, $3::bigint, $4::bigint, decode($5::text, 'hex'))
	returning id, name, role, source_id, operator_id, created_at, last_used_at, revoked_at
)
select {{api_key_json made}}, made.id
  from made
