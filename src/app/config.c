/* The command line: one command, what it takes, and settings. */
#include "app/settings.h"

#include "base/log.h"
#include "domain/role.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

/* What the arguments say. Values of settings are not checked yet: whether they matter depends on the command. */
struct reading {
	struct config config;
	const struct command_row *command;  /* NULL: none */
	const struct command_row *question; /* --help or --version, which go with any command and win; NULL: none */
	const char *values[SETTINGS_MAX];   /* of flags, the last ones; NULL: none */
};

static const struct command_row {
	const char *word; /* or two */
	enum command command;
	const char *help; /* NULL: another word for the one before */
} commands[] = {
	{ "serve", COMMAND_SERVE, "serve the API (also without any command)" },
	{ "migrate", COMMAND_MIGRATE, "bring the schema of DATABASE_URL up to date and exit; serving does it as well" },
	{ "explain", COMMAND_EXPLAIN, "say what happened to a contact: who was to get it, and why" },
	{ "audit", COMMAND_AUDIT, "look whether all that is stored agrees; also while the service runs" },
	{ "key create", COMMAND_KEY_CREATE, "make a key of the API and print it; it cannot be read again" },
	{ "key list", COMMAND_KEY_LIST, "list the keys that are in use" },
	{ "key revoke", COMMAND_KEY_REVOKE, "end a key: from then on it opens nothing" },
	{ "health", COMMAND_HEALTH, "ask the service on HOST and PORT whether it is ready; exit code 0 or 1" },
	{ "settings", COMMAND_SETTINGS, "print all settings as Markdown" },
	{ "--help", COMMAND_HELP, "print this" },
	{ "-h", COMMAND_HELP, NULL },
	{ "help", COMMAND_HELP, NULL },
	{ "--version", COMMAND_VERSION, "print the version" },
};

/* How many of the arguments make up that command; 0: they are something else. */
static int words_of(const char *command, char **argv)
{
	size_t first = strcspn(command, " ");

	if (strncmp(argv[0], command, first) != 0 || argv[0][first])
		return 0;
	if (!command[first])
		return 1;
	return argv[1] && strcmp(argv[1], command + first + 1) == 0 ? 2 : 0;
}

/* Whether it is the first of a command's two words. */
static bool begins(const char *command, const char *word)
{
	size_t first = strcspn(command, " ");

	return command[first] && strncmp(word, command, first) == 0 && !word[first];
}

static int read_command(struct reading *reading, char **argv)
{
	bool is_half = false;

	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		int words = words_of(commands[i].word, argv);

		is_half |= begins(commands[i].word, argv[0]);
		if (!words)
			continue;
		if (argv[0][0] == '-') {
			reading->question = &commands[i];
			return words;
		}
		if (reading->command)
			die(EXIT_ARGUMENTS, "%s is a second command, behind %s; see leadd --help", log_quote(argv[0]),
			    reading->command->word);
		reading->command = &commands[i];
		return words;
	}
	if (is_half && !(argv[1] && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)))
		die(EXIT_ARGUMENTS, "%s is half a command; see leadd --help", log_quote(argv[0]));
	return is_half;
}

/* What a single command takes beside the settings. */
static const struct argument {
	enum command command;
	const char *flag;  /* NULL: a word without one, which the command needs */
	const char *value; /* what a number or a text stands for; NULL: a flag alone */
	size_t offset;     /* in struct config: int64_t or const char * with a value, else bool */
	int64_t fallback;
	const char *help;
	bool is_text, is_needed;
	const char *const *choices; /* of a text: NULL for any */
} arguments[] = {
	{ COMMAND_EXPLAIN, NULL, "contact id", offsetof(struct config, contact_id), 0, .help = "which contact",
	  .is_needed = true },
	{ COMMAND_AUDIT, "--repair", NULL, offsetof(struct config, repairs), 0, .help = "mend what can be mended" },
	{ COMMAND_AUDIT, "--json", NULL, offsetof(struct config, prints_json), 0,
	  .help = "print JSON instead of a table" },
	{ COMMAND_AUDIT, "--decisions", "number", offsetof(struct config, decisions), 10000,
	  .help = "how many of the newest choices to make again" },
	{ COMMAND_KEY_CREATE, "--role", "role", offsetof(struct config, key_role), 0,
	  .help = "ingest, operator, supervisor or admin", .is_text = true, .is_needed = true, .choices = role_names },
	{ COMMAND_KEY_CREATE, "--name", "name", offsetof(struct config, key_name), 0,
	  .help = "who or what has it, as history will name it", .is_text = true, .is_needed = true },
	{ COMMAND_KEY_CREATE, "--source", "source id", offsetof(struct config, source_id), 0,
	  .help = "of ingest: the only source whose contacts it may send" },
	{ COMMAND_KEY_CREATE, "--operator", "operator id", offsetof(struct config, operator_id), 0,
	  .help = "of operator, which needs it: who that is" },
	{ COMMAND_KEY_REVOKE, NULL, "key id", offsetof(struct config, key_id), 0, .help = "which key",
	  .is_needed = true },
};

static bool is_choice(const struct argument *argument, const char *value)
{
	for (const char *const *choice = argument->choices; choice && *choice; choice++)
		if (strcmp(*choice, value) == 0)
			return true;
	return !argument->choices;
}

/* False: it is no such value. */
static bool read_value(const struct argument *argument, const char *value, char *member)
{
	if (argument->is_text && !is_choice(argument, value))
		return false;
	if (!argument->is_text)
		return settings_read_number(value, 1, INT64_MAX, (int64_t *)(void *)member);
	*(const char **)(void *)member = value;
	return true;
}

static bool is_given(const struct argument *argument, const char *member)
{
	if (argument->is_text)
		return *(const char *const *)(const void *)member;
	return *(const int64_t *)(const void *)member;
}

/* The number of words it took; 0: it is none of the command's arguments. */
static int read_argument(struct reading *reading, char **argv)
{
	for (size_t i = 0; reading->command && i < COUNT_OF(arguments); i++) {
		const struct argument *argument = &arguments[i];
		char *member = (char *)&reading->config + argument->offset;
		const char *value = argument->flag ? argv[1] : argv[0];

		if (argument->command != reading->command->command ||
		    (argument->flag ? strcmp(argv[0], argument->flag) != 0 : argv[0][0] == '-'))
			continue;
		if (!argument->flag && is_given(argument, member))
			die(EXIT_ARGUMENTS, "%s is one too many: %s takes a single %s; see leadd --help",
			    log_quote(argv[0]), reading->command->word, argument->value);
		if (!argument->value) {
			*(bool *)member = true;
			return 1;
		}
		if (!value)
			die(EXIT_ARGUMENTS, "%s needs a value", argument->flag);
		if (!read_value(argument, value, member))
			die(EXIT_ARGUMENTS, "%s is no %s", log_quote(value), argument->value);
		return argument->flag ? 2 : 1;
	}
	return 0;
}

static void check_arguments(const struct config *config, enum command command)
{
	for (size_t i = 0; i < COUNT_OF(arguments); i++) {
		const struct argument *argument = &arguments[i];

		if (argument->command == command && argument->is_needed &&
		    !is_given(argument, (const char *)config + argument->offset))
			die(EXIT_ARGUMENTS, "a %s is missing; see leadd --help",
			    argument->flag ? argument->flag : argument->value);
	}
}

/* These tell of the program itself, also where a setting has to be put right first. */
static bool reads_settings(enum command command)
{
	return command != COMMAND_HELP && command != COMMAND_VERSION && command != COMMAND_SETTINGS;
}

struct config config_read(int argc, char **argv, enum command *command_out)
{
	struct reading reading = { 0 };
	const struct command_row *row;

	for (size_t i = 0; i < COUNT_OF(arguments); i++)
		if (arguments[i].value && !arguments[i].is_text)
			*(int64_t *)(void *)((char *)&reading.config + arguments[i].offset) = arguments[i].fallback;
	for (int i = 1, taken; i < argc; i += taken) {
		taken = read_command(&reading, argv + i);
		if (!taken)
			taken = read_argument(&reading, argv + i);
		if (!taken)
			taken = settings_read_flag(reading.values, argv + i);
	}
	row = reading.question ? reading.question : reading.command;
	*command_out = row ? row->command : COMMAND_SERVE;
	check_arguments(&reading.config, *command_out);
	if (reads_settings(*command_out))
		settings_fill(&reading.config, reading.values);
	return reading.config;
}

static void print_arguments(struct buf *out, enum command command)
{
	for (size_t i = 0; i < COUNT_OF(arguments); i++) {
		const struct argument *argument = &arguments[i];

		if (argument->command != command)
			continue;
		buf_printf(out, "              %s%s", argument->flag ? argument->flag : "",
			   argument->flag && argument->value ? " " : "");
		if (argument->value)
			buf_printf(out, "<%s>", argument->value);
		buf_printf(out, ": %s", argument->help);
		if (argument->fallback)
			buf_printf(out, ", default %" PRId64, argument->fallback);
		buf_char(out, '\n');
	}
}

void config_print_help(struct buf *out)
{
	buf_string(out, "leadd: takes in contacts and hands each to one operator\n\n"
			"usage: leadd [command] [--setting value ...]\n\ncommands:\n");
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		if (!commands[i].help)
			continue;
		buf_printf(out, "  %-12s%s\n", commands[i].word, commands[i].help);
		print_arguments(out, commands[i].command);
	}
	buf_string(out, "\nsettings, as arguments or from the environment (--batch-max is BATCH_MAX there):\n");
	settings_print_help(out);
	buf_string(
		out,
		"\nexit codes: 0 stopped as asked, or nothing is wrong; 1 audit, explain, key or health say no;\n"
		"            2 wrong arguments, 3 wrong settings, 4 no usable database, 5 cannot listen, 70 a bug\n");
}
