/* Brings the schema up to date, blocking, before the loop starts. */
#ifndef LEADD_DB_MIGRATE_H
#define LEADD_DB_MIGRATE_H

#include <stdint.h>

enum migrate_result {
	MIGRATE_DONE = 0,
	MIGRATE_UNREACHABLE, /* no server or no such database within wait_ms, or it was lost on the way */
	MIGRATE_REFUSED,     /* no waiting helps: wrong password, no rights, a conninfo that cannot work */
	MIGRATE_NEWER,       /* the database has migrations that this program does not know */
	MIGRATE_CHANGED,     /* a migration that was applied differs from the one in this program */
	MIGRATE_UNSUPPORTED, /* the server is older than PostgreSQL 14 */
	MIGRATE_FAILED,      /* a migration's SQL failed */
	MIGRATE_INTERRUPTED  /* SIGTERM, SIGINT or SIGHUP arrived while waiting; the caller has to block them */
};

/*
 * Waits for the database (at most wait_ms, a log line at the first failure and every 5 s), takes an advisory lock,
 * and applies the migrations that are missing, each in a transaction of its own; table schema_migrations holds version,
 * name, SHA-256 and time of each. Safe to run from any number of processes at once.
 *
 * message: on failure a sentence for a person, without secrets; at least 512 bytes.
 */
enum migrate_result migrate(const char *conninfo, int64_t wait_ms, char *message, unsigned long message_size);

struct migration;

/* The same with other migrations than the program's own, sorted by version; for tests. */
enum migrate_result migrate_with(const struct migration *list, int count, const char *conninfo, int64_t wait_ms,
				 char *message, unsigned long message_size);

#endif
