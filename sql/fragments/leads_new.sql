-- Those of a batch's leads that are not there yet, none for a contact that will not be stored: of an unknown source, or
-- with a key that was answered. $1 external ids, $2 the source id of each, $3 the key of each or null
select distinct given.external_id collate "C"
  from unnest($1::text[], $2::bigint[], $3::text[]) as given (external_id, source_id, key)
 where exists (select from sources where id = given.source_id)
   and not exists (select from leads where external_id = given.external_id)
   and (given.key is null
	or (select true from idempotency_keys
	     where caller = 0 and key = given.key and created_at > now() - {{keys_last}}) is null)
