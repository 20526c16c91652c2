/* The database of this process: the private server where it is ours, the schema, and the connections. */
#ifndef LEADD_APP_DATABASE_H
#define LEADD_APP_DATABASE_H

#include "app/config.h"
#include "app/quickstart.h"
#include "base/log.h"
#include "db/pool.h"

struct database {
	const struct config *config;
	struct quickstart *quickstart; /* NULL: the database is somebody else's */
	const char *conninfo;
	struct pool *lane;     /* for the batches */
	struct pool *requests; /* for everything else */

	/* its own */
	struct timer *respawn; /* of the private server */
	struct timer *tidy;
	struct timer *password; /* its file is read anew */
	bool is_stopping;
};

/* What a connection that listens is told; for listen_options.settings. */
extern const char database_listen_settings[];

/*
 * The conninfo of DATABASE_URL, with the password of DATABASE_PASSWORD_FILE made known to libpq; NULL: it is not set.
 * Ends the process with EXIT_CONFIG when it can never work.
 */
const char *database_named(const struct config *config);

/*
 * Finds or starts the server and brings the schema up to date; blocking, before the loop starts. On false *code_out
 * says how the process ends, and the reason has been printed. database_close() in any case.
 */
MUST_CHECK bool database_open(struct database *database, const struct config *config, enum exit_code *code_out);

/* Opens the pools. From then on a private server that ends is started again, until database_stop(). */
void database_connect(struct database *database, struct loop *loop);
void database_stop(struct database *database);

/* Closes the pools: whatever runs on them fails. */
void database_disconnect(struct database *database);

/* Stops the private server. */
void database_close(struct database *database);

#endif
