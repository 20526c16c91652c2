-- Stores answers with their keys; a key that is there has expired.
-- $1 keys, $2 digests in hexadecimal, $3 contact ids, $4 answers
insert into idempotency_keys (key, digest, contact_id, answer)
select key, decode(digest, 'hex'), contact_id, answer
  from unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) as given (key, digest, contact_id, answer)
    on conflict (key, caller) do update
   set digest = excluded.digest, contact_id = excluded.contact_id, answer = excluded.answer,
       created_at = excluded.created_at
