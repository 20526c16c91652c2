/* A PostgreSQL of our own for whoever just wants to run the program: made once, started as a child, ended with us. */
#ifndef LEADD_APP_QUICKSTART_H
#define LEADD_APP_QUICKSTART_H

#include "base/buf.h"

#include <stdbool.h>
#include <sys/types.h>

struct quickstart;

struct quickstart_options {
	const char *data_dir; /* NULL: see app/pg_place.h */
	const char *programs; /* folder of initdb and postgres; NULL: PG_BIN, PATH, the usual places */
};

enum quickstart_result {
	QUICKSTART_RUNNING = 0,
	QUICKSTART_FAILED,     /* message says why */
	QUICKSTART_INTERRUPTED /* SIGTERM, SIGINT or SIGHUP arrived while waiting; the caller has to block them */
};

/*
 * Makes the database if there is none, stops a server that a killed parent left behind, starts the server and waits
 * until it accepts connections. Blocks: only before the loop starts. As root the server runs as the owner of its
 * data, else postgres, else nobody. Its log is <data>.log. Two programs on the same data: the second one fails.
 *
 * message:        on failure a sentence for a person
 * quickstart_out: on QUICKSTART_RUNNING owned by the caller: quickstart_stop(); else NULL
 */
enum quickstart_result quickstart_start(const struct quickstart_options *options, struct buf *message,
					struct quickstart **quickstart_out);

/*
 * The conninfo of a private PostgreSQL that another leadd has running on these data; NULL, and a sentence in message,
 * when there is none. Starts and makes nothing. In the arena.
 */
const char *quickstart_find(const char *data_dir, struct arena *arena, struct buf *message);

/* For libpq; and what a person types. Borrowed. */
const char *quickstart_conninfo(const struct quickstart *quickstart);
const char *quickstart_psql_command(const struct quickstart *quickstart);
pid_t quickstart_pid(const struct quickstart *quickstart); /* 0: it does not run */

/*
 * To be called after each SIGCHLD: whether the server has ended by itself. Call quickstart_restart() about a second
 * later (and again, should it end again: what is left of the old server may need a moment to go).
 */
bool quickstart_has_ended(struct quickstart *quickstart);

/* Starts the server again and does not wait for it. False: errno says why. */
MUST_CHECK bool quickstart_restart(struct quickstart *quickstart);

/* Empties the server's log when it has grown beyond bounds; to be called now and then. */
void quickstart_tidy(struct quickstart *quickstart);

/*
 * Stops the server (fast shutdown, at most 15 s; then harder) and frees everything. Blocks, and signals do not cut it
 * short. NULL is accepted, the caller's pointer is cleared.
 */
void quickstart_stop(struct quickstart **quickstart);

#endif
