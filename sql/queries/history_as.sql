-- What history says of this transaction's changes: who makes them, why, and whether the transaction writes it itself.
-- $1 actor or null (whose session it is), $2 reason or null, $3 writes it itself
select set_config('leadd.actor', coalesce($1::text, current_setting('leadd.actor', true), ''), true),
       set_config('leadd.reason', coalesce($2::text, ''), true),
       set_config('leadd.records', case when $3::boolean then 'own' else '' end, true)
