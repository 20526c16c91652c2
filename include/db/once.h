/*
 * A session for commands that run once and end: blocking, one statement at a time, nothing prepared. For the statements
 * of sql/once; the running service has pools.
 */
#ifndef LEADD_DB_ONCE_H
#define LEADD_DB_ONCE_H

#include "db/values.h"
#include "queries.h" /* generated; see db/pool.h */

struct once;

/*
 * Waits at most wait_ms for the database. A signal that the caller has blocked ends the waiting, here and below.
 *
 * settings: run after connecting; may be NULL
 * message:  here and below on failure a sentence for a person, without secrets; must outlive the session
 * Returns NULL on failure. Owned by the caller: once_close().
 */
struct once *once_open(const char *conninfo, const char *settings, int64_t wait_ms, char *message,
		       unsigned long message_size);

/* An open transaction is undone. NULL is accepted, the caller's pointer is cleared. */
void once_close(struct once **once);

/* Where the session is, as libpq knows it; the texts are borrowed from the session. */
struct once_place {
	const char *host; /* the folder of a socket begins with a slash; of several hosts the one that answered */
	const char *port;
	const char *database;
};

struct once_place once_place(const struct once *once);

/* Runs one statement; args may be NULL. Returns NULL on failure. Owned by the caller: once_free_rows(). */
MUST_CHECK struct rows *once_ask(struct once *once, enum query query, const struct args *args);
void once_free_rows(struct rows **rows);

/* A transaction around several statements; after a failure there is nothing to do but to close the session. */
MUST_CHECK bool once_begin(struct once *once);
MUST_CHECK bool once_commit(struct once *once);

#endif
