/*
 * One connection to the database and one trip on it at a time: statements that are sent together, closed by one sync.
 * For db/ alone; everybody else goes through db/pool.h and db/flow.h.
 */
#ifndef LEADD_DB_CONN_H
#define LEADD_DB_CONN_H

#include "base/loop.h"
#include "base/rng.h"
#include "db/error.h"
#include "db/values.h"

#include "queries.h"

struct conn;

/* Statements in one trip, BEGIN and COMMIT included. */
enum { TRIP_MAX = 64 };

/* All strings and rng are borrowed and must outlive the connection. */
struct conn_options {
	const char *name; /* for log lines: the pool's name */
	const char *conninfo;
	const char *settings; /* SQL run once after connecting; may be NULL */
	const struct query_text *statements;
	int statement_count;
	const enum query *warm; /* as in struct pool_options; may be NULL */
	int warm_count;
	int64_t unit_ms; /* longest time of one trip; then the connection is dropped */
	struct rng *rng; /* for the jitter of reconnecting */
};

struct conn_hooks {
	void (*on_ready)(void *owner, struct conn *conn); /* prepared and warm: a trip may be sent */
	/* Once for each on_ready, before the answers of a lost trip. is_overdue: it did not answer within unit_ms. */
	void (*on_lost)(void *owner, struct conn *conn, bool is_overdue);

	/* The answers of a trip that nobody waited for any more have come, its transaction is undone: use it again. */
	void (*on_regained)(void *owner, struct conn *conn);

	/* A notification, borrowed during the call, which must not free the connection; may be NULL. */
	void (*on_notify)(void *owner, const char *channel, const char *payload);
};

/* Nothing is sent before conn_connect(). Owned by the caller: conn_free(). */
struct conn *conn_new(struct loop *loop, const struct conn_options *options, const struct conn_hooks *hooks,
		      void *owner);

/* Ends a running trip as lost, before this returns. Not from inside its own callbacks. */
void conn_free(struct conn **conn);

/*
 * Connects, unless that is under way or done. From then on it stays connected by itself: whatever fails is tried
 * again, at once the first time, then after 50 ms doubling to 2 s, jittered.
 */
void conn_connect(struct conn *conn);

/*
 * Whether a trip may be sent on an idle connection. Looks at the socket: one that the server has closed since
 * the last turn is dropped here, so that a write is not sent into it and its fate unknown.
 */
bool conn_is_alive(struct conn *conn);

/*
 * Whether the next unit may use it as it is: no transaction open, no sign that the server is not what it was.
 * Otherwise the connection is dropped and made anew.
 */
bool conn_is_clean(struct conn *conn);

/* Whether the server still holds a transaction of ours open; read between two trips. */
bool conn_in_transaction(const struct conn *conn);

/* -- one trip ---------------------------------------------------------------------------------- */

enum conn_control { CONN_BEGIN, CONN_COMMIT, CONN_ROLLBACK };

/* What came back, borrowed during the call. */
struct answers {
	struct db_failure failure; /* the first failure, or DB_OK; a loss without an earlier failure: DB_UNAVAILABLE */
	const struct rows *rows;   /* of the statements that were good, in the order of sending */
	int count;
	int asked;    /* statements that were sent; count == asked: all were good */
	bool lost;    /* the connection went, or the wait ended, before the trip was over; it must not be used again */
	bool overdue; /* because the trip took longer than unit_ms, or than its asker may wait */
};

typedef void conn_on_answers(void *context, const struct answers *answers);

/* Adds a statement to the trip; args is copied. */
void conn_add(struct conn *conn, int query, const struct args *args);
void conn_add_control(struct conn *conn, enum conn_control control);

/*
 * Sends the trip. on_answers comes exactly once, never before this returned; from inside it the next trip may start.
 *
 * until_ms: of loop_now_ms(); an asker who has no answer by then is told that it is lost. The connection is not: a slow
 * server would only get slower by new ones. It has unit_ms to answer nobody, then on_regained() comes.
 */
void conn_run(struct conn *conn, int64_t until_ms, conn_on_answers *on_answers, void *context);

#endif
