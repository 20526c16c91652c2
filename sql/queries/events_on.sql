-- The rest of this transaction's changes of contacts are told to who listens to events (migration 16).
select set_config('leadd.events', 'on', true)
