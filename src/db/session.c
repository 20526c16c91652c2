/* The blocking session of migrate.c and once.c: waits for a database that is starting, and ends at a signal. */
#include "db/session.h"

#include "base/log.h"
#include "db/conninfo.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CONNECT_MS = 3000, /* one try: libpq has no limit of its own here */
	RETRY_MS = 250,
	LOG_EVERY_MS = 5000,
	SLICE_MS = 100, /* how late a signal may be noticed */
	WHY_BYTES = 256
};

bool session_fail(struct session *session, enum migrate_result result, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(session->message, session->message_size, format, args);
	va_end(args);
	session->result = result;
	return false;
}

bool session_pause(struct session *session, int64_t ms)
{
	struct timespec time = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * 1000000) };
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGHUP);
	if (sigtimedwait(&ends, NULL, &time) < 0)
		return true;
	return session_fail(session, MIGRATE_INTERRUPTED, "stopped by a signal");
}

/* Whether the socket became ready before until_ms; false also at a signal, with result set. */
static bool wait_for(struct session *session, short events, int64_t until_ms)
{
	struct pollfd fd = { .fd = PQsocket(session->pg), .events = events };

	while (session_pause(session, 0)) {
		int64_t left_ms = until_ms - loop_now_ms();

		if (left_ms <= 0)
			return false;
		if (poll(&fd, 1, left_ms < SLICE_MS ? (int)left_ms : SLICE_MS) > 0)
			return true;
	}
	return false;
}

/* -- connecting -------------------------------------------------------------------------------- */

static bool connect_once(struct session *session, const struct target *target, unsigned first_host)
{
	PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;
	int64_t until_ms = loop_now_ms() + CONNECT_MS;

	session->pg = target_connect(target, first_host);
	if (PQstatus(session->pg) == CONNECTION_BAD)
		return false;
	while (wanted == PGRES_POLLING_WRITING || wanted == PGRES_POLLING_READING) {
		if (!wait_for(session, wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT, until_ms))
			return false;
		wanted = PQconnectPoll(session->pg);
	}
	return wanted == PGRES_POLLING_OK;
}

/*
 * No waiting makes these good: authentication, no right to connect, options that the server does not know (what libpq
 * does not know is refused before the first try). A missing database is waited for: where services start together,
 * whoever makes it may come a little later.
 */
static bool is_for_good(const PGconn *pg, const char *sqlstate)
{
	return PQconnectionNeedsPassword(pg) || strncmp(sqlstate, "28", 2) == 0 || strncmp(sqlstate, "42", 2) == 0 ||
	       strncmp(sqlstate, "22", 2) == 0;
}

static const char *explain(const char *sqlstate, const struct db_reason *reason)
{
	static const struct {
		const char *code, *words;
	} known[] = {
		{ "28P01", "wrong password" },
		{ "28", "the server does not accept this role (no such role, or no line in pg_hba.conf)" },
		{ "3D", "no such database" },
		{ "42501", "the role may not connect to this database" },
		{ "57P03", "the server is starting or stopping" },
		{ "53300", "the server has too many connections" },
	};

	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (*sqlstate && strncmp(sqlstate, known[i].code, strlen(known[i].code)) == 0)
			return known[i].words;
	return *reason->words ? reason->words : "no answer in time";
}

/* Only scripts say something worth reading, with RAISE NOTICE; what they name are the schema's objects. */
static void on_notice(void *context, const PGresult *notice)
{
	const struct session *session = context;
	const char *text = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);

	if (session->script && text)
		log_warn("migrate.notice", "text=%s", log_quote(text));
}

bool session_open(struct session *session, const char *conninfo, int64_t wait_ms)
{
	int64_t start_ms = loop_now_ms(), logged_ms = start_ms - LOG_EVERY_MS;
	struct target *target;
	char why[WHY_BYTES];
	bool connected;

	if (!conninfo_can_work(conninfo, why, sizeof(why)))
		return session_fail(session, MIGRATE_REFUSED, "the conninfo of the database cannot work: %s", why);
	target = target_new(conninfo, !session->is_reader);
	for (unsigned tries = 0; !(connected = connect_once(session, target, tries)); tries++) {
		struct db_reason reason = db_reason_of(PQerrorMessage(session->pg));
		const char *words = explain(reason.sqlstate, &reason);
		int64_t now_ms = loop_now_ms();
		bool for_good = is_for_good(session->pg, reason.sqlstate);

		session_close(session);
		if (session->result)
			break;
		if (for_good || now_ms - start_ms + RETRY_MS > wait_ms) {
			session_fail(session, for_good ? MIGRATE_REFUSED : MIGRATE_UNREACHABLE,
				     for_good ? "the database refuses us: %s%s%s"
					      : "the database cannot be reached: %s%s%s",
				     words, *reason.sqlstate ? ", SQLSTATE " : "", reason.sqlstate);
			break;
		}
		if (now_ms - logged_ms >= LOG_EVERY_MS) {
			log_warn("migrate.wait", "for=database waited_ms=%" PRId64 " reason=%s", now_ms - start_ms,
				 log_quote(words));
			logged_ms = now_ms;
		}
		if (!session_pause(session, RETRY_MS))
			break;
	}
	target_free(&target);
	if (connected)
		PQsetNoticeReceiver(session->pg, on_notice, session);
	return connected;
}

void session_close(struct session *session)
{
	PQfinish(session->pg);
	session->pg = NULL;
}

/* -- statements -------------------------------------------------------------------------------- */

static int line_of(const char *sql, const char *position)
{
	long left = position ? strtol(position, NULL, 10) : 0;
	int line = 1;

	for (; *sql && left > 1; sql++, left--)
		line += *sql == '\n';
	return line;
}

/* Names the SQLSTATE and the objects; the text itself would hold values of rows. */
static void say_failure(struct session *session, const char *what, const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
	const char *table = PQresultErrorField(result, PG_DIAG_TABLE_NAME);
	const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
	char place[32] = "";

	snprintf(session->sqlstate, sizeof(session->sqlstate), "%s", sqlstate ? sqlstate : "");
	if (strcmp(session->sqlstate, "25006") == 0) {
		session_fail(session, MIGRATE_REFUSED, "the database is read only: %s, SQLSTATE 25006", what);
		return;
	}
	if (strcmp(session->sqlstate, "42501") == 0) {
		session_fail(session, MIGRATE_REFUSED, "the role lacks the rights for it: %s, SQLSTATE 42501", what);
		return;
	}
	if (strcmp(session->sqlstate, "55P03") == 0) {
		session_fail(session, MIGRATE_FAILED,
			     "%s failed: somebody else holds a lock that it needs (a backup, a report, an open "
			     "transaction), SQLSTATE 55P03",
			     what);
		return;
	}
	if (!sqlstate || db_error_of(sqlstate) == DB_UNAVAILABLE) {
		session_fail(session, MIGRATE_UNREACHABLE, "the connection was lost while %s ran%s%s", what,
			     sqlstate ? ", SQLSTATE " : "", sqlstate ? sqlstate : "");
		return;
	}
	if (session->script && position)
		snprintf(place, sizeof(place), ", line %d", line_of(session->script, position));
	session_fail(session, MIGRATE_FAILED, "%s failed: SQLSTATE %s%s%s%s%s%s", what, sqlstate, place,
		     table ? ", table " : "", table ? table : "", constraint ? ", constraint " : "",
		     constraint ? constraint : "");
}

/* The last result of what was sent, or NULL when any of it failed. */
static PGresult *finish(struct session *session, const char *what, int sent)
{
	PGresult *last = NULL, *result;
	bool failed = false;

	while (sent) {
		while (PQisBusy(session->pg)) {
			if (!wait_for(session, POLLIN, INT64_MAX)) {
				PQclear(last);
				return NULL;
			}
			PQconsumeInput(session->pg);
		}
		result = PQgetResult(session->pg);
		if (!result)
			break;
		if (PQresultStatus(result) == PGRES_FATAL_ERROR && !failed) {
			say_failure(session, what, result);
			failed = true;
		}
		PQclear(last);
		last = result;
	}
	if (!last && !failed)
		session_fail(session, MIGRATE_UNREACHABLE, "the connection was lost while %s ran", what);
	if (!failed)
		return last;
	PQclear(last);
	return NULL;
}

bool session_run(struct session *session, const char *what, const char *sql)
{
	PGresult *result = finish(session, what, PQsendQuery(session->pg, sql));
	bool good = result;

	PQclear(result);
	return good;
}

bool session_run_with(struct session *session, const char *what, const char *sql, int count, const char *const *values)
{
	PGresult *result =
		finish(session, what, PQsendQueryParams(session->pg, sql, count, NULL, values, NULL, NULL, 0));
	bool good = result;

	PQclear(result);
	return good;
}

PGresult *session_ask(struct session *session, const char *what, const char *sql)
{
	return finish(session, what, PQsendQuery(session->pg, sql));
}

PGresult *session_ask_with(struct session *session, const char *what, const char *sql, const struct args *args)
{
	return finish(
		session, what,
		PQsendQueryParams(session->pg, sql, args->count, NULL, args->values, args->lengths, args->formats, 0));
}
