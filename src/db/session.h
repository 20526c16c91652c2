/* A blocking session for migrate.c and once.c that can be interrupted: every wait looks for SIGTERM and SIGINT. */
#ifndef LEADD_SRC_DB_SESSION_H
#define LEADD_SRC_DB_SESSION_H

#include "db/internal.h"
#include "db/migrate.h"

struct session {
	PGconn *pg;
	enum migrate_result result;
	char *message; /* for a person, when result is not MIGRATE_DONE */
	unsigned long message_size;
	char sqlstate[6];   /* of the last statement that failed */
	bool is_reader;     /* a server that takes no changes will do */
	const char *script; /* the text that runs, to say the line of a fault in it; may be NULL */
};

/*
 * Waits at most wait_ms for the database. All of these return false or NULL when it failed, with result and message
 * set. What they cannot do anything about (a wrong password) they do not wait for.
 */
MUST_CHECK bool session_open(struct session *session, const char *conninfo, int64_t wait_ms);
void session_close(struct session *session);

/* Runs statements; what: for the message of a failure ("migration 3 (weights)"). */
MUST_CHECK bool session_run(struct session *session, const char *what, const char *sql);
MUST_CHECK bool session_run_with(struct session *session, const char *what, const char *sql, int count,
				 const char *const *values);

/* Runs one statement for its rows. Owned by the caller: PQclear(). */
MUST_CHECK PGresult *session_ask(struct session *session, const char *what, const char *sql);

MUST_CHECK PGresult *session_ask_with(struct session *session, const char *what, const char *sql,
				      const struct args *args);

/* Waits; false: a signal came. */
MUST_CHECK bool session_pause(struct session *session, int64_t ms);

/* Sets result and message, and returns false. */
bool session_fail(struct session *session, enum migrate_result result, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
