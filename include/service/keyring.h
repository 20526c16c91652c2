/*
 * Says what the bearer of a key may do. Keys that were asked for lately are remembered; a change of any key is told by
 * the database, and then all are asked for anew.
 */
#ifndef LEADD_SERVICE_KEYRING_H
#define LEADD_SERVICE_KEYRING_H

#include "db/pool.h"
#include "service/feed.h"
#include "service/known_keys.h"

struct keyring;

/*
 * Owned by the caller: keyring_free().
 *
 * feed: whose connection hears of changes; who listens to it calls keyring_forget()
 */
struct keyring *keyring_new(struct loop *loop, struct pool *pool, const struct feed *feed);

/* Some key was changed, or may have been. */
void keyring_forget(struct keyring *keyring);

/* Says so in the log when no key could make others; to be called when the database is there. */
void keyring_look_for_admin(struct keyring *keyring);

/* Notes no more which keys are used; requests that are still served are answered as ever. */
void keyring_stop(struct keyring *keyring);

/* Only when nothing runs: after the pool was freed. */
void keyring_free(struct keyring **keyring);

enum key_answer {
	KEY_KNOWN,       /* caller is good */
	KEY_UNKNOWN,     /* no such key, or it was revoked */
	KEY_UNAVAILABLE, /* the database could not be asked, or too many unknown keys are being asked for */
	KEY_ASKED        /* answered() will say which of the others */
};

/* Embedded in what the caller keeps for it; everything in it must live until it is answered. */
struct key_question {
	struct arena *arena; /* for the caller's texts */
	void (*answered)(struct key_question *question, enum key_answer answer);
	void *context;
	struct caller caller;

	/* its own */
	uint8_t digest[DIGEST_BYTES];
	struct list node;
};

/* Answers at once where that is known; else asks the database, and answered comes once, not before this returned. */
MUST_CHECK enum key_answer keyring_ask(struct keyring *keyring, struct text key, struct key_question *question);

#endif
