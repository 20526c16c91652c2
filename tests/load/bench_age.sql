-- Into the midst of a checkpoint's cycle: behind a checkpoint each page costs its image in the WAL when it is touched
-- first, and contacts of known leads touch pages of all of the past. So many of them as half a cycle sees, taken back.
-- \set past: closed contacts, two of each lead; known: contacts of known leads
begin;
insert into contacts (lead_id, source_id, status, message)
select 1 + floor(random() * (:past / 2))::bigint, 1, 'closed', 'never' from generate_series(1, :known) as number;
rollback;
