/* The world of the database tests: a throw-away server, fresh databases, pools on them, and waiting for conditions. */
#ifndef LEADD_TESTS_DB_SUPPORT_H
#define LEADD_TESTS_DB_SUPPORT_H

#include "base/loop.h"
#include "db/flow.h"
#include "db/pool.h"

#include <check.h>

/*
 * Starts a PostgreSQL of our own, or uses the one of TEST_CONNINFO (keywords, not a URL). It ends with this process,
 * however that ends. Call it first of all: it forks.
 */
void support_start(void);
void support_stop(void);

/* Whether the server may be stopped and restarted, and its processes frozen. */
bool support_owns_server(void);
void support_restart(void);

/* The folder of our own server's socket. */
const char *support_socket_dir(void);

/* A fresh database with the tables of the test statements; the conninfo is good until the next call. */
const char *support_database(void);

/* The conninfo of another database or with more options behind; one of four static buffers in turn. */
const char *support_conninfo(const char *database, const char *more);

/* Runs SQL on a connection of its own; the first column of the first row as a number, or 0. */
int64_t support_ask(const char *conninfo, const char *sql);

/* Ends all other sessions of that database and waits until they are gone. */
void support_terminate_all(const char *conninfo);

/* Serves the loop until the condition holds; fails the test after 15 s. */
void support_until(struct loop *loop, bool (*holds)(void *context), void *context);

/* -- a pool, and what its statements answered -------------------------------------------------- */

struct world {
	const char *conninfo;
	struct loop *loop;
	struct pool *pool;
	struct arena *arena;
};

/* A loop and a ready pool with the test statements on a fresh database. wait_ms 2000, unit_ms 5000, answer_ms 7000. */
struct world world_open(int size);

/* The same with options of the test's own; what is 0 there gets its default. Does not wait for it to be ready. */
struct world world_of(struct pool_options options);

void world_wait_ready(struct world *world);
void world_close(struct world *world);

/* A SQL that gives a number is asked until it gives the wanted one, while the loop is served. */
void world_until_asked(struct world *world, const char *sql, int64_t wanted);

struct outcome {
	int calls;
	struct db_failure failure;
	int count; /* rows */
	int64_t affected;
	int64_t number; /* the first column of the first row */
	char text[256];
};

/* A pool_on_rows whose context is a struct outcome. */
void outcome_take(void *context, const struct db_failure *failure, const struct rows *rows);
void outcome_wait(struct world *world, struct outcome *outcome);

/* Runs one statement to its end. */
struct outcome world_read(struct world *world, int query, const struct args *args);
struct outcome world_write(struct world *world, int query, const struct args *args);

#endif
