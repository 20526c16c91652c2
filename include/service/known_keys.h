/* The keys that a process remembers: whose they are, since when that is known, and which were used. */
#ifndef LEADD_SERVICE_KNOWN_KEYS_H
#define LEADD_SERVICE_KNOWN_KEYS_H

#include "base/digest.h"
#include "base/list.h"
#include "base/mem.h"
#include "domain/role.h"

/* Who asks. */
struct caller {
	int64_t key_id;      /* 0: no key, where none is needed */
	enum role role;      /* 0: nothing is open to it */
	int64_t source_id;   /* ROLE_INGEST: the only source; 0: any */
	int64_t operator_id; /* ROLE_OPERATOR: who it is */
	struct text actor;   /* as history names the key: "key:Telegram bot"; at == NULL: no key */
};

/* A key as it was when it was asked for. */
struct known_key {
	struct list node; /* its owner's */
	uint8_t digest[DIGEST_BYTES];
	struct caller caller;
	int64_t asked_at_ms;   /* of loop_now_ms() */
	int64_t held_until_ms; /* the database could not be asked, and is not asked again before */
	bool is_doubtful;      /* some key was changed since */
	bool is_used;          /* since the last note */
};

enum { KNOWN_KEYS_MAX = 10000 }; /* one more, and all are forgotten */

struct known_keys {
	struct list buckets[256]; /* by a byte of the digest */
	size_t count, used_count;
};

void known_keys_init(struct known_keys *keys);
void known_keys_clear(struct known_keys *keys);

/* NULL: it is not known. Good until the next change of the keys. */
struct known_key *known_keys_find(const struct known_keys *keys, const uint8_t digest[DIGEST_BYTES]);

/* Remembers it, in the place of what was remembered of it; the caller's texts are copied. */
void known_keys_put(struct known_keys *keys, const uint8_t digest[DIGEST_BYTES], const struct caller *caller,
		    int64_t now_ms);

void known_keys_drop(struct known_keys *keys, const uint8_t digest[DIGEST_BYTES]);

/* Some key was changed. */
void known_keys_doubt(struct known_keys *keys);

/* Copies whose it is, the texts into the arena, and notes that it was used. */
struct caller known_keys_use(struct known_keys *keys, struct known_key *key, struct arena *arena);

/* The ids of those that were used since the last call, in the arena; returns how many. */
size_t known_keys_take_used(struct known_keys *keys, struct arena *arena, int64_t **ids_out);

#endif
