/* Migrations: which are missing, and applying them. Blocking, because nothing can be served before; see session.c. */
#include "db/migrate.h"

#include "base/log.h"
#include "db/session.h"
#include "migrations.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* "leadd": any process that migrates this database takes the same advisory lock. */
#define LOCK_KEY "465557349476"

enum {
	LOCK_POLL_MS = 100,
	LOG_EVERY_MS = 5000,
	LOCKS_PAUSE_MS = 2000, /* in which those go on who queued behind a migration that waited for a lock */
	LOCKS_PATIENCE_MS = 60000,
	VERSION_LEAST = 140000
};

/*
 * The book-keeping cannot live in sql/queries: pools prepare those, on a schema that is up to date. A migration waits
 * for a lock no longer than those can wait who queue behind it, and tries again.
 */
static const char sql_settings[] = "set client_min_messages = notice; set statement_timeout = 0; "
				   "set lock_timeout = '1s'; set idle_in_transaction_session_timeout = 0";
static const char sql_exists[] = "select to_regclass('schema_migrations') is not null";
static const char sql_applied[] = "select version, name, sha256 from schema_migrations order by version";
static const char sql_try_lock[] = "select pg_try_advisory_lock(" LOCK_KEY ")";
static const char sql_table[] = "create table if not exists schema_migrations ("
				"version int primary key, name text not null, sha256 text not null, "
				"applied_at timestamptz not null default now())";
static const char sql_note[] = "insert into schema_migrations (version, name, sha256) values ($1, $2, $3)";

struct book {
	const struct migration *list;
	int count;
	bool *applied; /* one for each of the list */
	int missing;
};

static const struct migration *book_find(const struct book *book, int version)
{
	for (int i = 0; i < book->count; i++)
		if (book->list[i].version == version)
			return &book->list[i];
	return NULL;
}

/* Compares what the database has with what the program has. */
static bool book_check(struct session *session, struct book *book, PGresult *rows)
{
	book->missing = book->count;
	memset(book->applied, 0, (size_t)book->count * sizeof(book->applied[0]));
	for (int i = 0; i < PQntuples(rows); i++) {
		int version = (int)strtol(PQgetvalue(rows, i, 0), NULL, 10);
		const struct migration *known = book_find(book, version);

		if (!known)
			return session_fail(session, MIGRATE_NEWER,
					    "the database has migration %d, which this program does not know: "
					    "it needs a newer program",
					    version);
		if (strcmp(PQgetvalue(rows, i, 2), known->sha256_hex) != 0)
			return session_fail(session, MIGRATE_CHANGED,
					    "migration %d (%s) was applied with another content than this program has",
					    version, known->name);
		book->applied[known - book->list] = true;
		book->missing--;
	}
	return true;
}

static bool book_read(struct session *session, struct book *book)
{
	PGresult *rows = session_ask(session, "looking for migrations", sql_exists);
	bool exists = rows && *PQgetvalue(rows, 0, 0) == 't', good = rows;

	PQclear(rows);
	if (!exists) {
		book->missing = book->count;
		return good;
	}
	rows = session_ask(session, "reading schema_migrations", sql_applied);
	good = rows && book_check(session, book, rows);
	PQclear(rows);
	return good;
}

/* Tried again and again rather than waited for: so a signal is noticed, and lock_timeout does not count. */
static bool take_lock(struct session *session)
{
	for (int64_t waited_ms = 0;; waited_ms += LOCK_POLL_MS) {
		PGresult *rows = session_ask(session, "taking the migration lock", sql_try_lock);
		bool good = rows, taken = rows && *PQgetvalue(rows, 0, 0) == 't';

		PQclear(rows);
		if (!good || taken)
			return good;
		if (waited_ms % LOG_EVERY_MS == 0)
			log_info("migrate.wait", "for=lock waited_ms=%" PRId64, waited_ms);
		if (!session_pause(session, LOCK_POLL_MS))
			return false;
	}
}

static bool apply_once(struct session *session, const struct migration *migration)
{
	char what[128], version[16];
	const char *const values[] = { version, migration->name, migration->sha256_hex };
	bool good;

	snprintf(version, sizeof(version), "%d", migration->version);
	snprintf(what, sizeof(what), "migration %d (%s)", migration->version, migration->name);
	session->script = migration->sql;
	session->sqlstate[0] = '\0';
	good = session_run(session, what, "begin") && session_run(session, what, migration->sql) &&
	       session_run_with(session, what, sql_note, COUNT_OF(values), values) &&
	       session_run(session, what, "commit");
	session->script = NULL;
	return good;
}

static bool apply(struct session *session, const struct migration *migration)
{
	int64_t start_ms = loop_now_ms();

	while (!apply_once(session, migration)) {
		int64_t waited_ms = loop_now_ms() - start_ms;

		if (strcmp(session->sqlstate, "55P03") != 0 || waited_ms > LOCKS_PATIENCE_MS)
			return false;
		session->result = MIGRATE_DONE;
		log_warn("migrate.wait", "for=locks migration=%d waited_ms=%" PRId64, migration->version, waited_ms);
		if (!session_run(session, "undoing it", "rollback") || !session_pause(session, LOCKS_PAUSE_MS))
			return false;
	}
	log_info("migrate.applied", "version=%d name=%s ms=%" PRId64, migration->version, migration->name,
		 loop_now_ms() - start_ms);
	return true;
}

/* Reads before it locks or writes: where nothing is missing, a role that may only read is enough. */
static bool bring_up_to_date(struct session *session, struct book *book)
{
	if (PQserverVersion(session->pg) < VERSION_LEAST)
		return session_fail(session, MIGRATE_UNSUPPORTED,
				    "the server is PostgreSQL %d; 14 is the oldest that will do",
				    PQserverVersion(session->pg) / 10000);
	if (!session_run(session, "preparing the session", sql_settings) || !book_read(session, book))
		return false;
	if (book->missing == 0)
		return true;
	if (!take_lock(session) || !session_run(session, "creating schema_migrations", sql_table) ||
	    !book_read(session, book))
		return false;
	for (int i = 0; i < book->count; i++)
		if (!book->applied[i] && !apply(session, &book->list[i]))
			return false;
	return true;
}

enum migrate_result migrate_with(const struct migration *list, int count, const char *conninfo, int64_t wait_ms,
				 char *message, unsigned long message_size)
{
	struct session session = { .message = message, .message_size = message_size };
	struct book book = { .list = list, .count = count, .applied = mem_alloc((size_t)count, sizeof(bool)) };

	message[0] = '\0';
	if (session_open(&session, conninfo, wait_ms) && bring_up_to_date(&session, &book))
		log_info("migrate.done", "version=%d", count ? list[count - 1].version : 0);
	session_close(&session);
	mem_free(book.applied);
	return session.result;
}

enum migrate_result migrate(const char *conninfo, int64_t wait_ms, char *message, unsigned long message_size)
{
	return migrate_with(migrations, migration_count, conninfo, wait_ms, message, message_size);
}
