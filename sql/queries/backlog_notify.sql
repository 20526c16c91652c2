-- Wakes whoever drains backlogs, where one of these sources is automatic: contacts of theirs began to wait in a
-- transaction that writes its history itself. Else the trigger of history does it.
-- $1 source ids
select pg_notify('leadd_backlog', '')
 where exists (select from sources where id = any ($1::bigint[]) and backlog = 'auto')
