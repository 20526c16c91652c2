-- $1 id -> json (no row: unknown)
select {{api_key_json key}}
  from api_keys as key
 where key.id = $1::bigint
