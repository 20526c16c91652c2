/* SQLSTATEs reduced to what a caller can act on, and libpq's error texts to what a log may hold. */
#include "db/error.h"

#include "db/internal.h"

#include <stdio.h>
#include <string.h>

/* The first row whose code begins the SQLSTATE counts. */
static const struct {
	const char *code;
	enum db_error error;
	bool spoils_session;
} rules[] = {
	{ .code = "40001", .error = DB_RESTART },
	{ .code = "40P01", .error = DB_RESTART },
	{ .code = "40003", .error = DB_OUTCOME_UNKNOWN },
	{ .code = "55P03", .error = DB_BUSY },
	{ .code = "57014", .error = DB_BUSY },
	{ .code = "42501", .error = DB_UNAVAILABLE }, /* a right was taken away: an administrator can give it back */
	{ .code = "25006", .error = DB_UNAVAILABLE, .spoils_session = true }, /* read only: we are on a standby */
	{ .code = "25P03", .error = DB_UNAVAILABLE, .spoils_session = true }, /* idle in transaction for too long */
	{ .code = "0A000", .error = DB_UNAVAILABLE, .spoils_session = true }, /* a plan made before a migration */
	{ .code = "26000", .error = DB_UNAVAILABLE, .spoils_session = true }, /* somebody dropped our statements */
	{ .code = "23", .error = DB_CONFLICT },
	{ .code = "22", .error = DB_DATA },
	{ .code = "54", .error = DB_DATA },
	{ .code = "08", .error = DB_UNAVAILABLE },
	{ .code = "53", .error = DB_UNAVAILABLE }, /* disk, memory, connections */
	{ .code = "57P", .error = DB_UNAVAILABLE },
	{ .code = "58", .error = DB_UNAVAILABLE }, /* system error */
	{ .code = "XX", .error = DB_UNAVAILABLE }, /* internal error */
};

static const char *const names[] = {
	[DB_OK] = "ok",
	[DB_UNAVAILABLE] = "unavailable",
	[DB_BUSY] = "busy",
	[DB_RESTART] = "restart",
	[DB_CONFLICT] = "conflict",
	[DB_DATA] = "data",
	[DB_OUTCOME_UNKNOWN] = "outcome-unknown",
	[DB_BUG] = "bug",
};

enum db_error db_error_of(const char *sqlstate)
{
	if (!sqlstate || !*sqlstate)
		return DB_UNAVAILABLE;
	for (size_t i = 0; i < COUNT_OF(rules); i++)
		if (strncmp(sqlstate, rules[i].code, strlen(rules[i].code)) == 0)
			return rules[i].error;
	return DB_BUG;
}

bool db_error_spoils_session(const char *sqlstate)
{
	for (size_t i = 0; i < COUNT_OF(rules); i++)
		if (strncmp(sqlstate, rules[i].code, strlen(rules[i].code)) == 0)
			return rules[i].spoils_session;
	return false;
}

const char *db_error_name(enum db_error error)
{
	return (size_t)error < COUNT_OF(names) ? names[error] : "bug";
}

struct db_failure db_failure_of(const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
	struct db_failure failure = { .error = db_error_of(sqlstate) };

	snprintf(failure.sqlstate, sizeof(failure.sqlstate), "%s", sqlstate ? sqlstate : "");
	snprintf(failure.constraint, sizeof(failure.constraint), "%s", constraint ? constraint : "");
	return failure;
}

/* A line such as "... failed: FATAL:  28P01", or only "28P01" behind the severity. */
static void find_sqlstate(const char *line, size_t length, char sqlstate[6])
{
	const char *code = line + length - 5;

	if (length < 8 || strncmp(code - 3, ":  ", 3) != 0)
		return;
	if (strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") < 5)
		return;
	memcpy(sqlstate, code, 5);
}

struct db_reason db_reason_of(const char *libpq_message)
{
	struct db_reason reason = { .sqlstate = "" };
	size_t quotes = 0, length = 0;
	bool quoted = false;

	for (const char *line = libpq_message; *line;) {
		size_t bytes = strcspn(line, "\n");

		/* Of several tries, with and without TLS, that with a wrong password got furthest. */
		if (strcmp(reason.sqlstate, "28P01") != 0)
			find_sqlstate(line, bytes, reason.sqlstate);
		line += bytes + (line[bytes] == '\n');
	}
	for (const char *at = libpq_message; *at; at++)
		quotes += *at == '"';
	for (const char *at = libpq_message; *at && length < sizeof(reason.words) - 1; at++) {
		/* With an odd quote nobody knows what is inside, and translated messages quote otherwise. */
		if ((unsigned char)*at >= 127 || (*at == '"' && quotes % 2 == 1))
			break;
		if (*at == '"' && !quoted)
			reason.words[length++] = '?';
		else if (!quoted)
			reason.words[length++] = *at < ' ' ? ' ' : *at;
		quoted ^= *at == '"';
	}
	while (length > 0 && reason.words[length - 1] == ' ')
		length--;
	reason.words[length] = '\0';
	return reason;
}
