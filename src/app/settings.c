/* The settings, from environment and arguments, by one table. */
#include "app/settings.h"

#include "base/log.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct option {
	const char *name;           /* in the environment; --name-in-lower-case as an argument */
	size_t offset;              /* in struct config */
	const char *const *choices; /* texts: NULL for any */
	bool is_number;
	int64_t least, most;
	const char *fallback; /* NULL: none */
	const char *if_empty; /* what to do instead of setting it to nothing; NULL: an empty variable is as none */
	const char *unit;
	const char *help;
};

static const char *const auth_choices[] = { "open", "keys", NULL };
static const char *const level_choices[] = { "debug", "info", "warn", "error", NULL };

#define NUMBER(member, first, last)                                                                                    \
	.offset = offsetof(struct config, member), .is_number = true, .least = first, .most = last
#define WORDS(member) .offset = offsetof(struct config, member)

static const struct option options[] = {
	/* An empty one is as a rule a secret that did not arrive; a private database instead would hide that. */
	{ "DATABASE_URL", WORDS(database_url), .unit = "libpq URL or conninfo",
	  .if_empty = "for a private PostgreSQL leave it out altogether",
	  .help = "The PostgreSQL (14 or newer) to use. Without it leadd runs a private one of its own; "
		  "an empty one is refused." },
	{ "DATABASE_PASSWORD_FILE", WORDS(database_password_file), .unit = "file",
	  .help = "Its first line is the password, when DATABASE_URL has none: a secret of Docker, for example." },
	{ "DATA_DIR", WORDS(data_dir), .unit = "folder",
	  .help = "Data of the private PostgreSQL. Without it: leadd/postgres in the user's data folder "
		  "($XDG_DATA_HOME or ~/.local/share), for root in /var/lib." },
	{ "PG_BIN", WORDS(pg_bin), .unit = "folder",
	  .help = "Programs (initdb, postgres) of the private PostgreSQL. Without it they are looked for." },
	{ "HOST", WORDS(host), .fallback = "127.0.0.1", .unit = "address",
	  .help = "Where to listen; 0.0.0.0 for all." },
	{ "PORT", NUMBER(port, 0, 65535), .fallback = "8000", .unit = "port",
	  .help = "Where to listen; 0 for any that is free, which is then printed." },
	{ "AUTH", WORDS(auth), .choices = auth_choices, .unit = "open, keys",
	  .help = "Who may use the API: everybody that can reach the port, or bearers of a key. Without it open with "
		  "the private PostgreSQL, keys with DATABASE_URL." },
	{ "LOG_LEVEL", WORDS(log_level), .choices = level_choices, .fallback = "info",
	  .unit = "debug, info, warn, error", .help = "Least important lines to write. debug shows each request." },
	{ "DATABASE_CONNECTIONS", NUMBER(database_connections, 1, 50), .fallback = "4", .unit = "connections",
	  .help = "For everything but assigning contacts, which has two of its own." },
	{ "DATABASE_WAIT_SECONDS", NUMBER(database_wait_seconds, 0, 3600), .fallback = "30", .unit = "seconds",
	  .help = "How long to wait at start for a database that is missing or cannot be reached." },
	{ "LOCK_TIMEOUT_MS", NUMBER(lock_timeout_ms, 10, 60000), .fallback = "200", .unit = "milliseconds",
	  .help = "How long a batch waits for a lock before the contacts concerned wait apart from the others." },
	{ "STATEMENT_TIMEOUT_MS", NUMBER(statement_timeout_ms, 100, 600000), .fallback = "4000", .unit = "milliseconds",
	  .help = "Longest time of one SQL statement." },
	{ "QUEUE_WAIT_MS", NUMBER(queue_wait_ms, 100, 60000), .fallback = "4000", .unit = "milliseconds",
	  .help = "How long a request waits for the database or for a lock before it is answered with 503." },
	{ "BATCH_MAX", NUMBER(batch_max, 1, 5000), .fallback = "512", .unit = "contacts",
	  .help = "Most contacts that are assigned in one transaction." },
	{ "LINE_MAX", NUMBER(line_max, 1, 1000000), .fallback = "20000", .unit = "contacts",
	  .help = "Most contacts that wait to be assigned; one more is answered with 503." },
	{ "LINE_WAIT_MS", NUMBER(line_wait_ms, 1, 60000), .fallback = "500", .unit = "milliseconds",
	  .help = "A contact that would wait longer than that for its batch, by how long reading and batches have "
		  "taken of late, is answered with 503. One full batch may always wait; without the database, all." },
	{ "BACKLOG_SWEEP_SECONDS", NUMBER(backlog_sweep_seconds, 1, 3600), .fallback = "30", .unit = "seconds",
	  .help = "How often to look for contacts that wait although somebody could take them, in case that nothing "
		  "told of it. Usually the database does, at once." },
	{ "CONNECTIONS_MAX", NUMBER(connections_max, 1, 1000000), .fallback = "20000", .unit = "connections",
	  .help = "Most client connections; further ones wait to be accepted." },
	{ "STREAMS_MAX", NUMBER(streams_max, 0, 1000000), .fallback = "1000", .unit = "streams",
	  .help = "Most event streams (`/api/v1/events`) that clients have open, each a connection as well, and at "
		  "most half of CONNECTIONS_MAX; one more is answered with 503." },
	{ "WAITING_MAX", NUMBER(waiting_max, 1, 100000), .fallback = "2000", .unit = "requests",
	  .help = "Most requests that wait for a database connection; one more is answered with 503." },
	{ "BUFFER_MAX_MIB", NUMBER(buffer_max_mib, 1, 65536), .fallback = "32", .unit = "MiB",
	  .help = "Most memory for requests that arrive or are being served, and as much for answers that clients have "
		  "not fetched yet; beyond it requests of more than 4 KiB, and large answers to GET, become 503." },
	{ "LISTS_MAX_MIB", NUMBER(lists_max_mib, 1, 65536), .fallback = "16", .unit = "MiB",
	  .help = "Most bytes of lists of contacts that are taken in at the same time, which takes some five times as "
		  "much memory; beyond it they are answered with 503." },
	{ "REQUEST_DEADLINE_MS", NUMBER(request_deadline_ms, 100, 600000), .fallback = "10000", .unit = "milliseconds",
	  .help = "How long a request may take to arrive." },
	{ "IDLE_TIMEOUT_MS", NUMBER(idle_timeout_ms, 100, 3600000), .fallback = "60000", .unit = "milliseconds",
	  .help = "How long a connection is kept open without a request." },
	{ "DRAIN_SECONDS", NUMBER(drain_seconds, 0, 600), .fallback = "0", .unit = "seconds",
	  .help = "How long to go on serving after the first signal while the readiness says no: behind a load "
		  "balancer longer than its checks take to notice." },
	{ "SHUTDOWN_SECONDS", NUMBER(shutdown_seconds, 1, 600), .fallback = "20", .unit = "seconds",
	  .help = "How long to wait for requests in flight when stopping." },
	{ "SEED", NUMBER(seed, 0, INT64_MAX), .fallback = "0", .unit = "number",
	  .help = "Start of the random draws, for tests; 0: from the system's entropy." },
};

bool settings_read_number(const char *word, int64_t least, int64_t most, int64_t *number_out)
{
	char *end;

	errno = 0;
	*number_out = strtoll(word, &end, 10);
	return !errno && end != word && !*end && *number_out >= least && *number_out <= most;
}

static void set(struct config *config, const struct option *option, const char *value)
{
	char *member = (char *)config + option->offset;
	int64_t number;

	if (option->if_empty && !value[strspn(value, " \t\r\n")])
		die(EXIT_CONFIG, "%s is empty; %s", option->name, option->if_empty);
	if (option->is_number) {
		if (!settings_read_number(value, option->least, option->most, &number))
			die(EXIT_CONFIG, "%s is %s, not a number from %" PRId64 " to %" PRId64, option->name,
			    log_quote(value), option->least, option->most);
		*(int64_t *)(void *)member = number;
		return;
	}
	for (const char *const *choice = option->choices; choice; choice++) {
		if (!*choice)
			die(EXIT_CONFIG, "%s is %s, not one of: %s", option->name, log_quote(value), option->unit);
		if (strcmp(*choice, value) == 0)
			break;
	}
	*(const char **)(void *)member = value;
}

/* "--batch-max" */
static const char *flag_of(const struct option *option)
{
	static char flag[64];
	size_t at = 2;

	memcpy(flag, "--", 2);
	for (const char *c = option->name; *c; c++)
		flag[at++] = *c == '_' ? '-' : (char)tolower(*c);
	flag[at] = '\0';
	return flag;
}

/* "--port 1", "--port=1"; the number of arguments it took. */
int settings_read_flag(const char **values, char **argv)
{
	for (size_t i = 0; i < COUNT_OF(options); i++) {
		const char *flag = flag_of(&options[i]);
		size_t length = strlen(flag);

		if (strncmp(argv[0], flag, length) != 0)
			continue;
		if (argv[0][length] == '=') {
			values[i] = argv[0] + length + 1;
			return 1;
		}
		if (argv[0][length] != '\0')
			continue;
		if (!argv[1])
			die(EXIT_ARGUMENTS, "%s needs a value", flag);
		values[i] = argv[1];
		return 2;
	}
	die(EXIT_ARGUMENTS, "unknown argument %s; see leadd --help", log_quote(argv[0]));
}

void settings_fill(struct config *config, const char *const *values)
{
	for (size_t i = 0; i < COUNT_OF(options); i++) {
		const char *value = values[i];

		if (!value)
			value = getenv(options[i].name);
		if (!value || (!*value && !values[i] && !options[i].if_empty))
			value = options[i].fallback;
		if (value)
			set(config, &options[i], value);
	}
	if (!config->auth)
		config->auth = config->database_url ? "keys" : "open";
}

void settings_print_help(struct buf *out)
{
	for (size_t i = 0; i < COUNT_OF(options); i++) {
		const struct option *option = &options[i];

		buf_printf(out, "\n  %s <%s>", flag_of(option), option->unit);
		if (option->is_number && option->most != INT64_MAX)
			buf_printf(out, " from %" PRId64 " to %" PRId64, option->least, option->most);
		if (option->fallback)
			buf_printf(out, ", default %s", option->fallback);
		buf_printf(out, "\n      %s\n", option->help);
	}
}

void config_print_markdown(struct buf *out)
{
	buf_string(
		out,
		"# Settings\n\nPrinted by `leadd settings`. Each is read from the environment, or from an argument "
		"of the same name\n(`BATCH_MAX` is `--batch-max`), which wins. An empty variable is as none, but for "
		"`DATABASE_URL`.\n\n"
		"| setting | value | default | meaning |\n|---|---|---|---|\n");
	for (size_t i = 0; i < COUNT_OF(options); i++) {
		const struct option *option = &options[i];

		buf_printf(out, "| `%s` | %s", option->name, option->unit);
		if (option->is_number && option->most != INT64_MAX)
			buf_printf(out, ", %" PRId64 " to %" PRId64, option->least, option->most);
		buf_printf(out, " | %s%s%s | %s |\n", option->fallback ? "`" : "",
			   option->fallback ? option->fallback : "", option->fallback ? "`" : "", option->help);
	}
}

_Static_assert(COUNT_OF(options) <= SETTINGS_MAX, "SETTINGS_MAX is too small");
