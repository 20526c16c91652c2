-- The newest migration that was applied.
-- -> version
select max(version)
  from schema_migrations
