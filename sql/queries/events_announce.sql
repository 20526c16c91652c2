-- Speaks to all processes about who listens to events.
-- $1 "here": somebody does; "who" and a token: somebody who does is to say so
select pg_notify('leadd_listeners', pg_current_xact_id()::text || ' ' || (extract(epoch from now()) * 1000000)::bigint
			|| ' ' || $1::text)
