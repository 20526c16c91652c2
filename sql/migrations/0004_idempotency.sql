-- Answers that are given again when a request comes a second time with the same key.

create table idempotency_keys (
	caller bigint not null default 0,
	key text collate "C" not null,
	digest bytea not null,
	contact_id bigint not null,
	answer text not null,
	created_at timestamptz not null default now(),
	constraint idempotency_keys_pkey primary key (key, caller),
	constraint idempotency_keys_key_length check (char_length(key) between 1 and 255),
	constraint idempotency_keys_digest_length check (octet_length(digest) = 32)
);
create index idempotency_keys_created_at on idempotency_keys (created_at);

comment on table idempotency_keys is 'Keys of the last 24 hours and the answers that were given; older ones go.';
comment on column idempotency_keys.caller is 'Whose key it is; 0 while callers are not told apart.';
comment on column idempotency_keys.digest is
	'SHA-256 of the checked request: the same key goes only with the same one.';
