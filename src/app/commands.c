/* How a command comes to its database, and how it ends. */
#include "app/commands.h"

#include "app/database.h"
#include "app/quickstart.h"
#include "migrations.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

/* A key that nobody has seen, for one, is to be made anew. */
static enum exit_code refuse_output(void)
{
	fprintf(stderr, "leadd: what there is to say could not be written: %s\n", strerror(errno));
	return EXIT_WRONG;
}

enum exit_code command_close(struct command_run *run, enum exit_code code)
{
	if (code == EXIT_DATABASE)
		fprintf(stderr, "leadd: %s\n", run->message);
	else if (fputs(run->out.bytes, stdout) < 0 || fflush(stdout) != 0)
		code = refuse_output();
	once_close(&run->once);
	buf_done(&run->out);
	arena_free(&run->arena);
	return code;
}

/* Of how many bytes the character there is that a terminal would obey, or that turns the line around; 0: of none. */
static size_t control_at(const unsigned char *at, size_t left)
{
	if (at[0] < ' ' || at[0] == 127)
		return 1;
	if (left >= 2 && at[0] == 0xC2 && at[1] >= 0x80 && at[1] < 0xA0)
		return 2; /* U+0080 to U+009F */
	if (left < 3 || at[0] != 0xE2)
		return 0;
	if (at[1] == 0x80 && (at[2] == 0x8E || at[2] == 0x8F || (at[2] >= 0xA8 && at[2] <= 0xAE)))
		return 3;                                               /* U+200E, U+200F, U+2028 to U+202E */
	return at[1] == 0x81 && at[2] >= 0xA6 && at[2] <= 0xA9 ? 3 : 0; /* U+2066 to U+2069 */
}

void command_print_text(struct buf *out, struct text text)
{
	for (size_t i = 0; i < text.length;) {
		size_t control = control_at((const unsigned char *)text.at + i, text.length - i);

		buf_char(out, control ? '?' : text.at[i]);
		i += control ? control : 1;
	}
}
