-- Keys of the API: who may do what. Only a digest of each is kept.

create table api_keys (
	id bigint generated always as identity,
	name text not null,
	role text not null,
	source_id bigint,
	operator_id bigint,
	digest bytea not null,
	created_at timestamptz not null default now(),
	created_by text not null default session_user,
	last_used_at timestamptz,
	revoked_at timestamptz,
	constraint api_keys_pkey primary key (id),
	constraint api_keys_digest_key unique (digest),
	constraint api_keys_source_id_fkey foreign key (source_id) references sources on delete cascade,
	constraint api_keys_operator_id_fkey foreign key (operator_id) references operators on delete cascade,
	constraint api_keys_name_length check (char_length(name) between 1 and 200),
	constraint api_keys_role_known check (role in ('ingest', 'operator', 'supervisor', 'admin')),
	constraint api_keys_source_of_ingest check (source_id is null or role = 'ingest'),
	constraint api_keys_operator_of_operator check ((operator_id is not null) = (role = 'operator')),
	constraint api_keys_digest_sha256 check (octet_length(digest) = 32)
);
-- What a revoked one was called may be the name of another.
create unique index api_keys_name_key on api_keys (name) where revoked_at is null;

comment on table api_keys is 'Keys of the API. They are revoked, not deleted, so that history can be read.';
comment on column api_keys.role is
	'ingest (sends contacts), operator (works on the own ones), supervisor (everything but keys), admin.';
comment on column api_keys.source_id is 'Of ingest: the only source that it sends contacts of; null: any.';
comment on column api_keys.operator_id is 'Of operator: whose contacts are its own.';
comment on column api_keys.digest is 'SHA-256 of the key: sha256(''leadd_...'') finds it.';
comment on column api_keys.created_by is
	'key:<name> of who made it, api (a request where no key was needed), or the database role of a command.';
comment on column api_keys.last_used_at is 'Within ten seconds; null: not yet.';
comment on column api_keys.revoked_at is 'Since when it opens nothing; null: it does.';

-- The services remember the keys that they have seen; of new ones they need not be told. Row by row, since deleting any
-- source or operator runs a statement here as well.
create function api_keys_notify() returns trigger language plpgsql as $$
begin
	notify leadd_keys;
	return null;
end $$;
create trigger api_keys_notify_deleted after delete on api_keys
	for each row execute function api_keys_notify();
create trigger api_keys_notify_changed
	after update of name, role, source_id, operator_id, digest, revoked_at on api_keys
	for each row when ((old.name, old.role, old.source_id, old.operator_id, old.digest, old.revoked_at)
		is distinct from (new.name, new.role, new.source_id, new.operator_id, new.digest, new.revoked_at))
	execute function api_keys_notify();
create trigger api_keys_notify_truncated after truncate on api_keys
	for each statement execute function api_keys_notify();

comment on column contact_history.actor is
	'api, key:<name> (a request with that key), system, or the database role of a change made in psql.';
comment on column reporting.closings.actor is
	'Who closed it: api, key:<name> (a request with it), system, or the database role of a change made in psql.';
comment on column reporting.lead_history.actor is
	'Who did it: api, key:<name> (a request with it), system, or the database role of a change made in psql.';
