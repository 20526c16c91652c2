-- -> whether a key could make others
select exists (select from api_keys where role = 'admin' and revoked_at is null)
