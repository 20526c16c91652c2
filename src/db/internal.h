/* What the files of db/ share and nobody else sees. */
#ifndef LEADD_SRC_DB_INTERNAL_H
#define LEADD_SRC_DB_INTERNAL_H

#include "db/conn.h"
#include "db/pool.h"

#include <libpq-fe.h>

/* -- values and errors ------------------------------------------------------------------------- */

struct rows {
	PGresult *result;
};

/* What a failed result says: SQLSTATE and constraint, never its texts, which hold row values. */
struct db_failure db_failure_of(const PGresult *result);

/* Whether the session itself is of no more use after this SQLSTATE: standby, stale plans, statements gone. */
bool db_error_spoils_session(const char *sqlstate);

enum { DB_REASON_BYTES = 200 };

/*
 * Why connecting failed, fit for a log: the server's SQLSTATE or "" (found in the message, for which the connection
 * must be at PQERRORS_SQLSTATE), and libpq's words without anything that was in quotes. Quotes hold what was
 * taken from the conninfo, and a conninfo that was mistyped holds pieces of the password in odd places.
 */
struct db_reason {
	char sqlstate[6];
	char words[DB_REASON_BYTES];
};

struct db_reason db_reason_of(const char *libpq_message);

/* -- what to connect to ------------------------------------------------------------------------ */

struct target;

/*
 * Reads a conninfo or URL as libpq does: environment, service file and defaults count too.
 *
 * to_write: where it does not say which servers will do (target_session_attrs), those that take changes
 */
struct target *target_new(const char *conninfo, bool to_write);
void target_free(struct target **target);

/*
 * Looks up the host names in it without blocking, those that are names; without this libpq does it, blocking.
 * on_found(context, good) comes once, never before this returned; good is false when no host has an address.
 */
void target_lookup(struct target *target, struct loop *loop, void (*on_found)(void *context, bool good), void *context);
void target_lookup_cancel(struct target *target);

/*
 * Begins connecting, beginning with host number first (modulo their number): libpq waits for ever for a host that
 * does not answer, so after a time-out the next try must begin elsewhere. Owned by the caller: PQfinish().
 */
PGconn *target_connect(const struct target *target, unsigned first);

/* -- one connection, for conn.c and connect.c -------------------------------------------------- */

enum conn_state {
	CONN_UNUSED,  /* conn_connect() has not been called */
	CONN_RESTING, /* until the next try */
	CONN_LOOKUP,
	CONN_CONNECTING,
	CONN_SETTING,   /* runs the settings */
	CONN_PREPARING, /* prepares the statements */
	CONN_WARMING,   /* runs some of them for the first time */
	CONN_READY
};

struct conn {
	struct loop *loop;
	struct conn_options options;
	const struct conn_hooks *hooks;
	void *owner;

	enum conn_state state;
	struct target *target;
	PGconn *pg; /* NULL before CONN_CONNECTING */
	struct watch *watch;
	struct timer *retry, *limit;
	int failures;        /* in a row */
	unsigned first_host; /* moved on when a host does not answer */
	int64_t began_at_ms; /* the try that is under way, or was the last one */
	int64_t ready_at_ms, logged_at_ms;
	bool spoiled;           /* serves out its unit of work, then it is dropped */
	struct deferred broken; /* a send failed; that is told after the turn */

	/* The trip that is being put together or under way. */
	bool running;
	bool has_looked_late; /* whether the answers of this trip have come, when its time was over */
	int64_t spare_ms;     /* how much longer than its asker waits the trip may take */
	int asked, seen;      /* seen: results that came, also of statements being prepared */
	int count;            /* good ones, in rows */
	struct rows rows[TRIP_MAX];
	const char *names[TRIP_MAX]; /* of the statements, for log lines */
	struct db_failure failure;
	conn_on_answers *on_answers;
	void *context;
};

/* Statements that every connection has prepared beside those of its options. */
enum { CONN_CONTROLS = 3 };
extern const struct query_text conn_controls[CONN_CONTROLS];

/* Closes, plans the next try, tells the owner, fails the trip; in any state. */
void conn_drop(struct conn *conn, const char *reason, bool overdue);

/* Sends what libpq holds and waits for the answers. */
void conn_flush(struct conn *conn);

/* The watch's callback from CONN_SETTING on. */
void conn_on_socket(void *context, int events);

/* Everything is prepared, and warm. */
void conn_ready(struct conn *conn);

/* Starts one try to connect; its end is conn_ready() or conn_drop(). */
void connect_begin(struct conn *conn);

/* Plans the next try, after a pause that grows with the failures; its timer calls connect_on_retry(). */
void connect_later(struct conn *conn);
void connect_on_retry(void *context);

/* Takes results in CONN_SETTING, CONN_PREPARING and CONN_WARMING. */
void connect_read(struct conn *conn);

/* Gives the try up: the reason is logged unless that was done a moment ago. */
void connect_failed(struct conn *conn, struct db_reason reason);

/* -- jobs: units of work, for pool.c and flow.c ------------------------------------------------ */

struct job;

struct job_kind {
	/* A connection is yours: run trips on it, then pool_give_back() unless it was lost. */
	void (*start)(struct job *job, struct conn *conn);
	/* There is none, and there will be none. */
	void (*refused)(struct job *job);
};

/* A single statement or a flow: embedded in what waits for a connection or has one. */
struct job {
	struct list node;
	int64_t until_ms;      /* whoever asked is told by then, whatever it waits for; its trips end with it */
	int64_t wait_until_ms; /* for a connection */
	const struct job_kind *kind;
};

/*
 * start or refused comes once; refused never before this returned. pool_job_done() ends the job.
 *
 * until_ms: see struct job; usually pool_until_ms()
 */
void pool_submit(struct pool *pool, struct job *job, const struct job_kind *kind, int64_t until_ms);

/* For a job that had a connection and needs one again: past the bounds of the line. */
void pool_resubmit(struct pool *pool, struct job *job);

/* Keeps a job that pauses before it comes back with pool_resubmit(), so that pool_free() finds it. */
void pool_hold(struct pool *pool, struct job *job);

/* After its last trip; before pool_job_done(), so that the next job is on its way before this one's reply. */
void pool_give_back(struct pool *pool, struct conn *conn);

void pool_job_done(struct pool *pool);

struct loop *pool_loop(struct pool *pool);
struct rng *pool_rng(struct pool *pool);
const char *pool_name(const struct pool *pool);

#endif
