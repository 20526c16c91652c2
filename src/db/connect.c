/* How a connection comes about: a pause, lookup, connecting, settings, preparing, warming up; all wait on the loop. */
#include "db/internal.h"

#include "base/log.h"

#include <assert.h>
#include <string.h>

enum {
	RETRY_FIRST_MS = 50,
	RETRY_LAST_MS = 2000,
	STEP_MS = 3000,       /* for each step; libpq has no limit of its own here */
	LOG_EVERY_MS = 10000, /* failures in a row are logged no more often */
};

static const char *const steps[] = {
	[CONN_UNUSED] = "-",           [CONN_RESTING] = "-",        [CONN_LOOKUP] = "lookup",
	[CONN_CONNECTING] = "connect", [CONN_SETTING] = "settings", [CONN_PREPARING] = "prepare",
	[CONN_WARMING] = "warm",       [CONN_READY] = "ready",
};

void connect_failed(struct conn *conn, struct db_reason reason)
{
	int64_t now_ms = loop_now_ms();
	const char *step = steps[conn->state];

	if (conn->failures == 0 || now_ms - conn->logged_at_ms >= LOG_EVERY_MS) {
		log_warn("db.connect_failed", "pool=%s step=%s tries=%d sqlstate=%s reason=%s", conn->options.name,
			 step, conn->failures + 1, *reason.sqlstate ? reason.sqlstate : "-", log_quote(reason.words));
		conn->logged_at_ms = now_ms;
	}
	conn_drop(conn, step, false);
}

static void next_step(struct conn *conn, enum conn_state state)
{
	conn->state = state;
	timer_start(conn->limit, STEP_MS);
}

static void prepare(struct conn *conn)
{
	bool good = PQenterPipelineMode(conn->pg) == 1;

	next_step(conn, CONN_PREPARING);
	conn->seen = 0;
	for (int i = 0; good && i < CONN_CONTROLS; i++)
		good = PQsendPrepare(conn->pg, conn_controls[i].name, conn_controls[i].sql, 0, NULL);
	for (int i = 0; good && i < conn->options.statement_count; i++)
		good = PQsendPrepare(conn->pg, conn->options.statements[i].name, conn->options.statements[i].sql, 0,
				     NULL);
	if (!good || !PQpipelineSync(conn->pg))
		loop_defer(conn->loop, &conn->broken);
	else
		conn_flush(conn);
}

/* A plan is made, and what a trigger needs is read, by the first execution: without this, while somebody waits. */
static void warm(struct conn *conn)
{
	static const char *const nulls[ARGS_MAX];
	bool good = true;

	next_step(conn, CONN_WARMING);
	for (int i = 0; good && i < conn->options.warm_count; i++) {
		int query = (int)conn->options.warm[i];
		const struct query_text *statement = &conn->options.statements[query];

		assert(query < conn->options.statement_count && statement->parameters <= ARGS_MAX);
		good = PQsendQueryPrepared(conn->pg, statement->name, statement->parameters, nulls, NULL, NULL, 0);
	}
	if (!good || !PQpipelineSync(conn->pg))
		loop_defer(conn->loop, &conn->broken);
	else
		conn_flush(conn);
}

/* A statement or setting that the server refuses is a fault of ours; anything else passes. */
static void setup_failed(struct conn *conn, const PGresult *result)
{
	struct db_failure failure = db_failure_of(result);
	const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
	struct db_reason reason = { .words = "refused" };
	int number = conn->seen - CONN_CONTROLS;
	const char *statement = "-";

	if (conn->state == CONN_PREPARING && number >= 0 && number < conn->options.statement_count)
		statement = conn->options.statements[number].name;
	if (failure.error != DB_UNAVAILABLE)
		log_error("db.setup_failed", "pool=%s step=%s statement=%s sqlstate=%s position=%s", conn->options.name,
			  steps[conn->state], statement, failure.sqlstate, position ? position : "-");
	memcpy(reason.sqlstate, failure.sqlstate, sizeof(reason.sqlstate));
	connect_failed(conn, reason);
}

/* libpq gives a NULL behind each statement's result; behind the sync of a pipeline it gives none. */
void connect_read(struct conn *conn)
{
	enum conn_state state = conn->state;
	int ends = 0;

	while (conn->state == state && ends < 2 && !PQisBusy(conn->pg)) {
		PGresult *result = PQgetResult(conn->pg);
		ExecStatusType status = PQresultStatus(result);

		if (!result) {
			ends++;
			if (state == CONN_SETTING)
				prepare(conn);
			continue;
		}
		ends = 0;
		if (status == PGRES_PIPELINE_SYNC && state == CONN_PREPARING && conn->options.warm_count)
			warm(conn);
		else if (status == PGRES_PIPELINE_SYNC)
			conn_ready(conn);
		else if (status == PGRES_FATAL_ERROR && state == CONN_WARMING)
			log_debug("db.not_warm", "pool=%s sqlstate=%s", conn->options.name,
				  db_failure_of(result).sqlstate);
		else if (status == PGRES_FATAL_ERROR)
			setup_failed(conn, result);
		else
			conn->seen++;
		PQclear(result);
	}
}

static void connected(struct conn *conn)
{
	conn->watch = watch_new(conn->loop, PQsocket(conn->pg), LOOP_READ, conn_on_socket, conn);
	watch_overtakes(conn->watch);
	if (PQsetnonblocking(conn->pg, 1) != 0) {
		loop_defer(conn->loop, &conn->broken);
		return;
	}
	if (!conn->options.settings) {
		prepare(conn);
		return;
	}
	/* Before the pipeline: there a text may hold one statement only. */
	next_step(conn, CONN_SETTING);
	if (PQsendQuery(conn->pg, conn->options.settings))
		conn_flush(conn);
	else
		loop_defer(conn->loop, &conn->broken);
}

/* Each poll may put another socket behind the same number, which epoll would not know: the watch is made anew. */
static void on_connecting(void *context, int events)
{
	struct conn *conn = context;
	PostgresPollingStatusType wanted;

	(void)events;
	watch_free(&conn->watch);
	wanted = PQconnectPoll(conn->pg);
	if (wanted == PGRES_POLLING_FAILED)
		connect_failed(conn, db_reason_of(PQerrorMessage(conn->pg)));
	else if (wanted == PGRES_POLLING_OK)
		connected(conn);
	else
		conn->watch = watch_new(conn->loop, PQsocket(conn->pg),
					wanted == PGRES_POLLING_READING ? LOOP_READ : LOOP_WRITE, on_connecting, conn);
}

/* The default receiver prints to stderr, texts and all. */
static void on_notice(void *context, const PGresult *notice)
{
	const struct conn *conn = context;
	const char *sqlstate = PQresultErrorField(notice, PG_DIAG_SQLSTATE);

	log_debug("db.notice", "pool=%s sqlstate=%s", conn->options.name, sqlstate ? sqlstate : "-");
}

static void on_found(void *context, bool good)
{
	struct conn *conn = context;

	if (!good) {
		connect_failed(conn, (struct db_reason){ .words = "no address for the host name" });
		return;
	}
	next_step(conn, CONN_CONNECTING);
	conn->pg = target_connect(conn->target, conn->first_host);
	if (PQstatus(conn->pg) == CONNECTION_BAD) {
		connect_failed(conn, db_reason_of(PQerrorMessage(conn->pg)));
		return;
	}
	PQsetNoticeReceiver(conn->pg, on_notice, conn);
	conn->watch = watch_new(conn->loop, PQsocket(conn->pg), LOOP_WRITE, on_connecting, conn);
}

void connect_begin(struct conn *conn)
{
	conn->began_at_ms = loop_now_ms();
	next_step(conn, CONN_LOOKUP);
	target_lookup(conn->target, conn->loop, on_found, conn);
}

/* From the beginning of the last try: one that waited long and in vain was a pause itself. */
void connect_later(struct conn *conn)
{
	int64_t pause_ms = 0;

	if (conn->failures > 0) {
		int doublings = conn->failures - 1 < 6 ? conn->failures - 1 : 6;

		pause_ms = (int64_t)RETRY_FIRST_MS << doublings;
		if (pause_ms > RETRY_LAST_MS)
			pause_ms = RETRY_LAST_MS;
		/* Up to half of it off by chance, or all clients of a restarted server would come in step. */
		pause_ms -= (int64_t)rng_below(conn->options.rng, (uint64_t)pause_ms / 2 + 1);
		pause_ms -= loop_now_ms() - conn->began_at_ms;
	}
	conn->failures++;
	conn->state = CONN_RESTING;
	timer_start(conn->retry, pause_ms > 0 ? pause_ms : 0);
}

void connect_on_retry(void *context)
{
	connect_begin(context);
}
