-- Locks the keys of a batch until its end, in the order of their numbers; waits for whoever has one in flight.
-- $1 numbers of the keys (sorted, distinct)
select pg_advisory_xact_lock(number)
  from unnest($1::bigint[]) as number
