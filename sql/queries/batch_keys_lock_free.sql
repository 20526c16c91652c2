-- As batch_keys_lock, but leaves those that somebody else has in flight.
-- $1 numbers of the keys (sorted, distinct) -> number (only those that are locked now)
select number
  from unnest($1::bigint[]) as number
 where pg_try_advisory_xact_lock(number)
