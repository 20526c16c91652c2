/* How a command comes to its database, and how it ends. */
#include "app/commands.h"

#include "app/database.h"
#include "app/quickstart.h"
#include "migrations.h"

#include <inttypes.h>
#include <stdio.h>

/* They may read much, and may wait for a lock, but never long while they hold one. */
static const char settings[] = "set statement_timeout = 0; set lock_timeout = '10s'; "
			       "set idle_in_transaction_session_timeout = '60s'; "
			       "set default_transaction_isolation = 'read committed'; "
			       "set timezone = 'UTC'; set datestyle = 'ISO'; set client_min_messages = warning; "
			       "set jit = off; set work_mem = '64MB'; set application_name = 'leadd-command'";

static const char *find_database(struct command_run *run)
{
	const char *conninfo = database_named(run->config);
	struct buf why;

	if (conninfo)
		return conninfo;
	buf_init(&why);
	conninfo = quickstart_find(run->config->data_dir, run->arena, &why);
	snprintf(run->message, sizeof(run->message), "%s", why.bytes);
	buf_done(&why);
	return conninfo;
}

/* The first number of the answer; -1: the statement failed. */
static int64_t ask_number(struct command_run *run, enum query query)
{
	struct rows *rows = once_ask(run->once, query, NULL);
	int64_t number;

	if (!rows)
		return -1;
	number = row_bool(rows, 0, 0) ? 1 : row_int(rows, 0, 0);
	once_free_rows(&rows);
	return number;
}

static bool check_schema(struct command_run *run)
{
	int64_t version = ask_number(run, Q_SCHEMA_KNOWN);

	if (version > 0)
		version = ask_number(run, Q_SCHEMA_VERSION);
	if (version >= 0 && version != migration_count)
		snprintf(run->message, sizeof(run->message),
			 "the schema has version %" PRId64 ", this program needs %d: %s", version, migration_count,
			 version < migration_count ? "run leadd migrate first" : "it needs a newer program");
	return version == migration_count;
}

bool command_open(struct command_run *run, const struct config *config)
{
	const char *conninfo;

	*run = (struct command_run){ .config = config, .arena = arena_new() };
	buf_init(&run->out);
	conninfo = find_database(run);
	if (!conninfo)
		return false;
	run->once = once_open(conninfo, settings, 0, run->message, sizeof(run->message));
	return run->once && check_schema(run);
}

enum exit_code command_close(struct command_run *run, enum exit_code code)
{
	if (code == EXIT_DATABASE)
		fprintf(stderr, "leadd: %s\n", run->message);
	else
		fputs(run->out.bytes, stdout);
	once_close(&run->once);
	buf_done(&run->out);
	arena_free(&run->arena);
	return code;
}

/* Those of ASCII, and the ones that UTF-8 writes as C2 80 to C2 9F, which terminals obey as well. */
void command_print_text(struct buf *out, struct text text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.at[i];
		unsigned char next = i + 1 < text.length ? (unsigned char)text.at[i + 1] : 0;

		if (byte < ' ' || byte == 127) {
			buf_char(out, '?');
		} else if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {
			buf_char(out, '?');
			i++;
		} else {
			buf_char(out, (char)byte);
		}
	}
}
