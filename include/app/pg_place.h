/* Where the private PostgreSQL lives: its programs, its data, its socket, and the account that it runs as. */
#ifndef LEADD_APP_PG_PLACE_H
#define LEADD_APP_PG_PLACE_H

#include "app/child.h"
#include "base/buf.h"

struct pg_place {
	struct account account;
	const char *programs; /* folder with initdb and postgres */
	int major;            /* their version: 15 */
	const char *data;     /* absolute; <data>.log, .lock and .new-* lie beside it */
	bool has_data;        /* it holds a database already */
	const char *sockets;  /* folder of the socket: ours alone, its path short and plain; else NULL */
};

/*
 * Finds account, data and programs, and makes the folder that the data go into.
 *
 * data_dir: NULL: leadd/postgres in the user's data folder (XDG_DATA_HOME), as root /var/lib/leadd/postgres
 * programs: folder of initdb and postgres; NULL: PG_BIN of the environment, PATH, then the newest in the usual places.
 *           Data that exist decide the version.
 * message:  on failure a sentence for a person
 */
MUST_CHECK bool pg_place_find(struct pg_place *place, struct arena *arena, const char *data_dir, const char *programs,
			      struct buf *message);

/* Where the data lie unless somebody says otherwise; they need not be there. */
const char *pg_place_usual_data(struct arena *arena);

/* The socket's folder of a server that accepts connections on these data, whoever started it; NULL: there is none. */
const char *pg_place_sockets_of(const char *data, struct arena *arena);

/* Makes the socket's folder; only for who holds the lock on the data. */
MUST_CHECK bool pg_place_make_sockets(struct pg_place *place, struct arena *arena, struct buf *message);

/*
 * A server that runs on these data, left by a killed parent: its pid, or 0. Also takes away a postmaster.pid that names
 * a process which is something else, once no process has the old server's shared memory any more.
 */
pid_t pg_place_server(const struct pg_place *place);

/* Whether postmaster.pid names this process and says that it accepts connections. */
bool pg_place_is_ready(const struct pg_place *place, pid_t pid);

#endif
