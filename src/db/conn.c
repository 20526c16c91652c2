/* One connection that stands: one trip at a time, its deadline, its loss. */
#include "db/conn.h"

#include "base/log.h"
#include "db/internal.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum {
	READS_MAX = 16,      /* in one turn; libpq takes 8 to 16 kB with each */
	STOOD_MS = 1000,     /* a connection that stood for less counts as one more failure to connect */
	SPARE_MIN_MS = 1000, /* a trip that has less left when its asker is told is given up with him */
};

const struct query_text conn_controls[CONN_CONTROLS] = {
	[CONN_BEGIN] = { "leadd.begin", "begin", 0, 0 },
	[CONN_COMMIT] = { "leadd.commit", "commit", 0, 0 },
	[CONN_ROLLBACK] = { "leadd.rollback", "rollback", 0, 0 },
};

/* -- losing it and coming back ----------------------------------------------------------------- */

static struct answers trip_answers(const struct conn *conn, bool lost, bool overdue)
{
	struct answers answers = {
		.failure = conn->failure,
		.rows = conn->rows,
		.count = conn->count,
		.asked = conn->asked,
		.lost = lost,
		.overdue = overdue,
	};

	if (lost && answers.failure.error == DB_OK)
		answers.failure.error = DB_UNAVAILABLE;
	return answers;
}

static void trip_end(struct conn *conn, bool lost, bool overdue)
{
	struct answers answers = trip_answers(conn, lost, overdue);

	conn->running = false;
	conn->asked = conn->seen = conn->count = 0;
	conn->failure = (struct db_failure){ 0 };
	timer_stop(conn->limit);
	conn->on_answers(conn->context, &answers);
	/* The next trip may have been sent meanwhile; its rows come from the loop, so these are still the old ones. */
	for (int i = 0; i < answers.count; i++)
		PQclear(conn->rows[i].result);
}

static void disconnect(struct conn *conn)
{
	timer_stop(conn->retry);
	timer_stop(conn->limit);
	target_lookup_cancel(conn->target);
	deferred_cancel(&conn->broken);
	watch_free(&conn->watch);
	PQfinish(conn->pg);
	conn->pg = NULL;
	conn->spoiled = false;
}

static void tell_loss(struct conn *conn, bool was_ready, bool overdue)
{
	if (was_ready)
		conn->hooks->on_lost(conn->owner, conn, overdue);
	if (conn->running)
		trip_end(conn, true, overdue);
	conn->asked = 0;
}

void conn_drop(struct conn *conn, const char *reason, bool overdue)
{
	bool was_ready = conn->state == CONN_READY;

	if (was_ready) {
		log_warn("db.lost", "pool=%s reason=%s", conn->options.name, reason);
		if (loop_now_ms() - conn->ready_at_ms >= STOOD_MS)
			conn->failures = 0;
	}
	disconnect(conn);
	connect_later(conn);
	tell_loss(conn, was_ready, overdue);
}

static void on_broken(void *context)
{
	struct conn *conn = context;

	if (conn->state == CONN_READY)
		conn_drop(conn, "closed", false);
	else
		connect_failed(conn, (struct db_reason){ .words = "closed" });
}

static void on_undone(void *context, const struct answers *answers)
{
	struct conn *conn = context;

	if (!answers->lost)
		conn->hooks->on_regained(conn->owner, conn);
}

static void on_forsaken(void *context, const struct answers *answers)
{
	struct conn *conn = context;

	if (answers->lost || !conn_in_transaction(conn)) {
		on_undone(conn, answers);
		return;
	}
	conn_add_control(conn, CONN_ROLLBACK);
	conn_run(conn, INT64_MAX, on_undone, conn);
}

/* Whoever asked is told; the answers may still come, and end what the server is doing for us. */
static void forsake(struct conn *conn)
{
	conn_on_answers *on_answers = conn->on_answers;
	struct answers answers = trip_answers(conn, true, true);
	void *context = conn->context;

	log_warn("db.forsaken", "pool=%s", conn->options.name);
	conn->on_answers = on_forsaken;
	conn->context = conn;
	timer_start(conn->limit, conn->spare_ms);
	conn->has_looked_late = false;
	conn->spare_ms = 0;
	on_answers(context, &answers);
}

static void on_limit(void *context)
{
	struct conn *conn = context;
	struct pollfd look = { .fd = conn->pg ? PQsocket(conn->pg) : -1, .events = POLLIN };

	/* After a pause of the process, time is over for what came meanwhile and was not read: that counts first. */
	if (conn->state == CONN_READY && !conn->has_looked_late && poll(&look, 1, 0) == 1) {
		conn->has_looked_late = true;
		timer_start(conn->limit, 0);
		conn_on_socket(conn, LOOP_READ);
		return;
	}
	if (conn->state == CONN_READY && conn->spare_ms >= SPARE_MIN_MS) {
		forsake(conn);
	} else if (conn->state == CONN_READY) {
		conn_drop(conn, "overdue", true);
	} else {
		conn->first_host += conn->state != CONN_LOOKUP;
		connect_failed(conn, (struct db_reason){ .words = "no answer in time" });
	}
}

void conn_ready(struct conn *conn)
{
	timer_stop(conn->limit);
	conn->state = CONN_READY;
	conn->seen = 0;
	conn->ready_at_ms = loop_now_ms();
	log_info("db.connected", "pool=%s tries=%d", conn->options.name, conn->failures + 1);
	conn->hooks->on_ready(conn->owner, conn);
}

/* -- life -------------------------------------------------------------------------------------- */

struct conn *conn_new(struct loop *loop, const struct conn_options *options, const struct conn_hooks *hooks,
		      void *owner)
{
	struct conn *conn = mem_alloc(1, sizeof(*conn));

	conn->loop = loop;
	conn->options = *options;
	conn->hooks = hooks;
	conn->owner = owner;
	conn->target = target_new(options->conninfo, true);
	conn->retry = timer_new(loop, connect_on_retry, conn);
	conn->limit = timer_new(loop, on_limit, conn);
	deferred_init(&conn->broken, on_broken, conn);
	return conn;
}

void conn_free(struct conn **conn)
{
	struct conn *freed = *conn;
	bool was_ready;

	if (!freed)
		return;
	was_ready = freed->state == CONN_READY;
	disconnect(freed);
	freed->state = CONN_UNUSED;
	tell_loss(freed, was_ready, false);
	target_free(&freed->target);
	timer_free(&freed->retry);
	timer_free(&freed->limit);
	mem_free(freed);
	*conn = NULL;
}

void conn_connect(struct conn *conn)
{
	if (conn->state == CONN_UNUSED)
		connect_begin(conn);
}

bool conn_is_alive(struct conn *conn)
{
	char byte;

	/* Usually nothing is there to read. A shutdown leaves an error message and then the end. */
	for (int tries = 0; tries < 3; tries++) {
		ssize_t got = recv(PQsocket(conn->pg), &byte, 1, MSG_PEEK | MSG_DONTWAIT);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (got <= 0 || !PQconsumeInput(conn->pg)) {
			conn_drop(conn, "closed", false);
			return false;
		}
		PQisBusy(conn->pg); /* makes libpq take the message out of its buffer */
	}
	return true;
}

bool conn_in_transaction(const struct conn *conn)
{
	return PQtransactionStatus(conn->pg) != PQTRANS_IDLE;
}

bool conn_is_clean(struct conn *conn)
{
	const char *reason = conn->spoiled ? "spoiled" : "unclean";

	if (!conn->spoiled && !conn_in_transaction(conn))
		return true;
	conn_drop(conn, PQstatus(conn->pg) == CONNECTION_OK ? reason : "closed", false);
	return false;
}

/* -- one trip ---------------------------------------------------------------------------------- */

static void add(struct conn *conn, const struct query_text *statement, const struct args *args)
{
	static const struct args none = { 0 };

	assert(conn->state == CONN_READY && !conn->running && conn->asked < TRIP_MAX);
	args = args ? args : &none;
	assert(args->count == statement->parameters);
	conn->names[conn->asked++] = statement->name;
	/* It fails on a dead connection only, and then the sync of conn_run() fails as well. */
	PQsendQueryPrepared(conn->pg, statement->name, args->count, args->values, args->lengths, args->formats, 0);
}

void conn_add(struct conn *conn, int query, const struct args *args)
{
	const struct query_text *statement = &conn->options.statements[query];
	struct args row;

	assert(query >= 0 && query < conn->options.statement_count);
	if (statement->row_params && args_one_row(args, statement->row_params, &row))
		add(conn, statement + 1, &row);
	else
		add(conn, statement, args);
}

void conn_add_control(struct conn *conn, enum conn_control control)
{
	add(conn, &conn_controls[control], NULL);
}

void conn_run(struct conn *conn, int64_t until_ms, conn_on_answers *on_answers, void *context)
{
	int64_t unit_ms = conn->options.unit_ms, limit_ms = until_ms - loop_now_ms();

	limit_ms = limit_ms < 0 ? 0 : limit_ms < unit_ms ? limit_ms : unit_ms;
	conn->running = true;
	conn->has_looked_late = false;
	conn->on_answers = on_answers;
	conn->context = context;
	conn->spare_ms = unit_ms - limit_ms;
	timer_start(conn->limit, limit_ms);
	if (PQpipelineSync(conn->pg))
		conn_flush(conn);
	else
		loop_defer(conn->loop, &conn->broken);
}

void conn_flush(struct conn *conn)
{
	int unsent = PQflush(conn->pg);

	/* Room to write is waited for only while libpq holds bytes back. */
	if (unsent < 0)
		loop_defer(conn->loop, &conn->broken);
	else
		watch_want(conn->watch, unsent ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

/* The caller of a statement reacts; here is the only place that knows which one of a trip it was. */
static void note_failure(struct conn *conn, const PGresult *result)
{
	struct db_failure failure = db_failure_of(result);
	const char *name = conn->seen < conn->asked ? conn->names[conn->seen] : "-";
	enum log_level level = failure.error == DB_BUG ? LOG_ERROR : LOG_WARN;

	if (failure.error == DB_CONFLICT || failure.error == DB_RESTART || failure.error == DB_BUSY)
		level = LOG_DEBUG;
	log_line(level, "db.failed", "pool=%s statement=%s sqlstate=%s constraint=%s", conn->options.name, name,
		 *failure.sqlstate ? failure.sqlstate : "-", *failure.constraint ? failure.constraint : "-");
	conn->failure = failure;
	conn->spoiled |= db_error_spoils_session(failure.sqlstate);
}

static void take_result(struct conn *conn, PGresult *result)
{
	switch (PQresultStatus(result)) {
	case PGRES_PIPELINE_SYNC:
		PQclear(result);
		trip_end(conn, false, false);
		return;
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
	case PGRES_EMPTY_QUERY:
		assert(conn->count < conn->asked);
		conn->rows[conn->count++].result = result;
		break;
	case PGRES_PIPELINE_ABORTED:
		PQclear(result);
		break;
	default:
		if (conn->failure.error == DB_OK)
			note_failure(conn, result);
		PQclear(result);
		break;
	}
	conn->seen++;
}

/* One NULL ends a statement; two in a row: nothing is pending, the connection is gone. */
static void read_answers(struct conn *conn)
{
	PGresult *result;
	int ends = 0;

	while (ends < 2 && !PQisBusy(conn->pg) && conn->running) {
		result = PQgetResult(conn->pg);
		ends = result ? 0 : ends + 1;
		if (result)
			take_result(conn, result);
		if (!conn->pg)
			return;
	}
}

/* They come at any time, also with the answers of a trip. */
static void take_notifications(struct conn *conn)
{
	PGnotify *notification;

	while ((notification = PQnotifies(conn->pg))) {
		conn->hooks->on_notify(conn->owner, notification->relname, notification->extra);
		PQfreemem(notification);
	}
}

/* All that has come of an answer: where others had a turn between two pieces, the server would wait with its locks. */
void conn_on_socket(void *context, int events)
{
	struct conn *conn = context;
	int reads = 0, bytes = 0;
	bool open;

	(void)events;
	do {
		open = PQconsumeInput(conn->pg) == 1;
		if (conn->state == CONN_READY)
			read_answers(conn);
		else
			connect_read(conn);
	} while (conn->pg && open && conn->running && ++reads < READS_MAX &&
		 ioctl(PQsocket(conn->pg), FIONREAD, &bytes) == 0 && bytes > 0);
	if (!conn->pg)
		return;
	if (conn->state == CONN_READY && conn->hooks->on_notify)
		take_notifications(conn);
	if (open && PQstatus(conn->pg) == CONNECTION_OK)
		conn_flush(conn);
	else
		on_broken(conn);
}
