-- What keys may do.
-- $1 their digests in hexadecimal -> digest, id, name, role, source_id, operator_id (no row: none, or it was revoked)
select encode(digest, 'hex'), id, name, role, source_id, operator_id
  from api_keys
 where digest in (select decode(given.hex, 'hex') from unnest($1::text[]) as given (hex))
   and revoked_at is null
