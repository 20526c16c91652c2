/* Connections to one database: single statements share them, transactions lease one, who finds none free waits. */
#ifndef LEADD_DB_POOL_H
#define LEADD_DB_POOL_H

#include "base/loop.h"
#include "db/error.h"
#include "db/values.h"
#include "queries.h" /* generated from sql/queries: enum query, one Q_<NAME> a file */

struct pool;

struct pool_options {
	const char *name;     /* for log lines: "requests", "lane" */
	const char *conninfo; /* any libpq conninfo or URL */
	const char *settings; /* run once on each new connection: "set jit = off; set ..."; may be NULL */
	int size;             /* connections, 1..100 */
	int waiting_max;      /* units that may wait for a connection; one more is refused at once */
	int64_t wait_ms;      /* longest wait for a connection */
	int64_t unit_ms;      /* longest time of one trip to the server; then the connection is dropped */
	int64_t answer_ms; /* longest time of one unit of work in all, the wait included; then whoever asked is told */
	uint64_t seed;     /* for the jitter of reconnecting */

	/*
	 * Run once on each new connection before it is used, with null for every parameter, so that nobody waits for
	 * their plans: they must change nothing then. One that fails ends the warming, and the connection is used all
	 * the same. Not copied.
	 */
	const enum query *warm;
	int warm_count;

	/* For tests: statements in place of sql/queries; NULL: query_texts. Not copied. */
	const struct query_text *statements;
	int statement_count;
};

/*
 * Starts connecting: one connection first, the others once it stands. A connection that is lost is made anew with
 * growing pauses (50 ms doubling to 2 s, jittered). Each connection prepares every statement of sql/queries once.
 * While nothing has been connected for wait_ms, new units are refused at once with DB_UNAVAILABLE.
 * Host names are looked up without blocking the loop.
 *
 * The options' strings are copied. Owned by the caller: pool_free().
 */
struct pool *pool_new(struct loop *loop, const struct pool_options *options);

/*
 * Fails everything that waits or runs with DB_UNAVAILABLE (through its callback, before this returns) and closes;
 * writes and commits that were sent already get DB_OUTCOME_UNKNOWN. Not from inside a callback of this pool.
 */
void pool_free(struct pool **pool);

/* Whether at least one connection stands and answers. */
bool pool_is_ready(const struct pool *pool);

/* Calls on_change(context) after each turn in which pool_is_ready() changed. One listener. */
void pool_on_change(struct pool *pool, void (*on_change)(void *context), void *context);

/* By when a unit that is submitted now is answered, whatever happens; of loop_now_ms(). */
int64_t pool_until_ms(const struct pool *pool);

/* Units waiting for a connection, and units running. */
int pool_waiting(const struct pool *pool);
int pool_running(const struct pool *pool);

/* Connections as set, those that stand, and how many were lost since the start. */
int pool_size(const struct pool *pool);
int pool_connected(const struct pool *pool);
uint64_t pool_lost(const struct pool *pool);

/*
 * Runs one statement as a transaction of its own. on_rows comes exactly once, never before this call returned;
 * rows is NULL unless failure->error is DB_OK, and borrowed during the call; so is failure.
 *
 * pool_read():  a statement that changes nothing. When its connection is lost before the answer, it is run once more.
 * pool_write(): a statement that changes something. When its connection is lost after it was sent: DB_OUTCOME_UNKNOWN.
 *
 * args is borrowed until on_rows (its arena must live that long).
 */
typedef void pool_on_rows(void *context, const struct db_failure *failure, const struct rows *rows);

void pool_read(struct pool *pool, enum query query, const struct args *args, pool_on_rows *on_rows, void *context);
void pool_write(struct pool *pool, enum query query, const struct args *args, pool_on_rows *on_rows, void *context);

#endif
