/* The settings: environment, arguments, what is refused and with which exit code. */
#include "app/config.h"
#include "base/log.h"
#include "unit/child.h"
#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

static const char *const names[] = {
	"DATABASE_URL",
	"DATABASE_PASSWORD_FILE",
	"DATA_DIR",
	"PG_BIN",
	"HOST",
	"PORT",
	"AUTH",
	"LOG_LEVEL",
	"DATABASE_CONNECTIONS",
	"BATCH_MAX",
	"LINE_MAX",
	"LINE_WAIT_MS",
	"WAITING_MAX",
	"BUFFER_MAX_MIB",
	"LISTS_MAX_MIB",
	"BACKLOG_SWEEP_SECONDS",
	"DATABASE_WAIT_SECONDS",
	"LOCK_TIMEOUT_MS",
	"QUEUE_WAIT_MS",
	"CONNECTIONS_MAX",
	"STATEMENT_TIMEOUT_MS",
	"REQUEST_DEADLINE_MS",
	"DRAIN_SECONDS",
	"IDLE_TIMEOUT_MS",
	"SHUTDOWN_SECONDS",
	"SEED",
};

/* What lies in the environment of whoever runs the tests must not matter. */
static void clear_environment(void)
{
	for (size_t i = 0; i < COUNT_OF(names); i++)
		unsetenv(names[i]);
}

enum { WORDS_MAX = 10 };

struct words {
	char *at[WORDS_MAX + 1];
	int count;
};

static struct words words_of(const char *const *texts)
{
	struct words words = { .count = 0 };

	for (; *texts; texts++) {
		ck_assert_int_lt(words.count, WORDS_MAX);
		words.at[words.count++] = (char *)(uintptr_t)*texts;
	}
	return words;
}

#define WORDS(...) words_of((const char *const[]){ __VA_ARGS__, NULL })

static struct config read_words(struct words words)
{
	enum command command;

	return config_read(words.count, words.at, &command);
}

static enum command command_of(struct words words)
{
	enum command command;

	config_read(words.count, words.at, &command);
	return command;
}

static void read_in_child(void *context)
{
	const struct words *words = context;

	read_words(*words);
}

/* Refused with that exit code and one line that holds this text. */
static void assert_refused(struct words words, enum exit_code code, const char *said)
{
	struct child_end end = child_run(read_in_child, &words);

	ck_assert(WIFEXITED(end.status));
	ck_assert_msg(WEXITSTATUS(end.status) == (int)code, "%d: %s", WEXITSTATUS(end.status), end.said);
	ck_assert_msg(strstr(end.said, said) != NULL, "it said: %s", end.said);
	ck_assert_ptr_eq(strchr(end.said, '\n'), end.said + strlen(end.said) - 1);
}

START_TEST(without_anything_the_defaults_stand)
{
	struct config config = read_words(WORDS("leadd"));

	ck_assert_ptr_null(config.database_url);
	ck_assert_ptr_null(config.data_dir);
	ck_assert_ptr_null(config.pg_bin);
	ck_assert_str_eq(config.host, "127.0.0.1");
	ck_assert_int_eq(config.port, 8000);
	ck_assert_str_eq(config.auth, "open");
	ck_assert_int_eq(config.seed, 0);
	ck_assert_int_gt(config.batch_max, 0);
}
END_TEST

START_TEST(settings_come_from_the_environment)
{
	struct config config;

	setenv("PORT", "0", 1);
	setenv("DATABASE_URL", "postgresql:///leads", 1);
	setenv("BATCH_MAX", "5000", 1);
	setenv("SEED", "9223372036854775807", 1);
	config = read_words(WORDS("leadd"));
	ck_assert_int_eq(config.port, 0);
	ck_assert_str_eq(config.database_url, "postgresql:///leads");
	ck_assert_int_eq(config.batch_max, 5000);
	ck_assert_int_eq(config.seed, INT64_MAX);
}
END_TEST

START_TEST(an_empty_variable_is_as_none)
{
	setenv("PORT", "", 1);
	setenv("DATA_DIR", "", 1);
	ck_assert_int_eq(read_words(WORDS("leadd")).port, 8000);
	ck_assert_ptr_null(read_words(WORDS("leadd")).data_dir);
}
END_TEST

START_TEST(an_empty_database_url_is_refused)
{
	static const char *const empty[] = { "", " ", "\r\n" };

	assert_refused(WORDS("leadd", "--database-url", ""), EXIT_CONFIG, "DATABASE_URL is empty; ");
	assert_refused(WORDS("leadd", "migrate", "--database-url="), EXIT_CONFIG, "DATABASE_URL is empty; ");
	for (size_t i = 0; i < COUNT_OF(empty); i++) {
		setenv("DATABASE_URL", empty[i], 1);
		assert_refused(WORDS("leadd"), EXIT_CONFIG, "DATABASE_URL is empty; ");
		assert_refused(WORDS("leadd", "audit"), EXIT_CONFIG, "DATABASE_URL is empty; ");
	}
	ck_assert_str_eq(read_words(WORDS("leadd", "--database-url", "dbname=x")).database_url, "dbname=x");
}
END_TEST

START_TEST(arguments_win_over_the_environment)
{
	setenv("PORT", "9000", 1);
	ck_assert_int_eq(read_words(WORDS("leadd", "--port", "9001")).port, 9001);
	ck_assert_int_eq(read_words(WORDS("leadd", "--port", "1", "--port", "2")).port, 2);
}
END_TEST

START_TEST(an_argument_is_written_with_a_blank_or_an_equals_sign)
{
	ck_assert_int_eq(read_words(WORDS("leadd", "--batch-max=7", "--line-max", "8")).batch_max, 7);
	ck_assert_int_eq(read_words(WORDS("leadd", "--batch-max=7", "--line-max", "8")).line_max, 8);
	ck_assert_str_eq(read_words(WORDS("leadd", "--database-url=host=/tmp dbname=x")).database_url,
			 "host=/tmp dbname=x");
}
END_TEST

START_TEST(commands_are_recognised_among_the_settings)
{
	ck_assert_int_eq(command_of(WORDS("leadd")), COMMAND_SERVE);
	ck_assert_int_eq(command_of(WORDS("leadd", "serve")), COMMAND_SERVE);
	ck_assert_int_eq(command_of(WORDS("leadd", "migrate", "--port", "1")), COMMAND_MIGRATE);
	ck_assert_int_eq(command_of(WORDS("leadd", "--port", "1", "settings")), COMMAND_SETTINGS);
	ck_assert_int_eq(command_of(WORDS("leadd", "--help")), COMMAND_HELP);
	ck_assert_int_eq(command_of(WORDS("leadd", "-h")), COMMAND_HELP);
	ck_assert_int_eq(command_of(WORDS("leadd", "--version")), COMMAND_VERSION);
}
END_TEST

START_TEST(commands_have_arguments_of_their_own)
{
	struct config config = read_words(WORDS("leadd", "explain", "42", "--port", "1"));

	ck_assert_int_eq(command_of(WORDS("leadd", "--port", "1", "explain", "42")), COMMAND_EXPLAIN);
	ck_assert_int_eq(config.contact_id, 42);
	config = read_words(WORDS("leadd", "audit"));
	ck_assert(!config.repairs && !config.prints_json && config.decisions == 10000);
	config = read_words(WORDS("leadd", "audit", "--repair", "--decisions", "7", "--json"));
	ck_assert(config.repairs && config.prints_json && config.decisions == 7);
}
END_TEST

START_TEST(arguments_of_another_command_are_refused)
{
	assert_refused(WORDS("leadd", "--repair"), EXIT_ARGUMENTS, "unknown argument \"--repair\"");
	assert_refused(WORDS("leadd", "explain", "42", "--json"), EXIT_ARGUMENTS, "unknown argument \"--json\"");
	assert_refused(WORDS("leadd", "audit", "42"), EXIT_ARGUMENTS, "unknown argument \"42\"");
	assert_refused(WORDS("leadd", "audit", "--decisions"), EXIT_ARGUMENTS, "--decisions needs a value");
	assert_refused(WORDS("leadd", "audit", "--decisions", "0"), EXIT_ARGUMENTS, "\"0\" is no number");
	assert_refused(WORDS("leadd", "explain"), EXIT_ARGUMENTS, "a contact id is missing");
	assert_refused(WORDS("leadd", "explain", "9223372036854775808"), EXIT_ARGUMENTS, "is no contact id");
}
END_TEST

START_TEST(a_second_command_is_refused)
{
	assert_refused(WORDS("leadd", "migrate", "serve"), EXIT_ARGUMENTS,
		       "\"serve\" is a second command, behind migrate");
	assert_refused(WORDS("leadd", "audit", "--repair", "audit"), EXIT_ARGUMENTS, "second command, behind audit");
	assert_refused(WORDS("leadd", "explain", "1", "--port", "1", "settings"), EXIT_ARGUMENTS,
		       "\"settings\" is a second command, behind explain");
}
END_TEST

START_TEST(a_second_contact_is_refused)
{
	assert_refused(WORDS("leadd", "explain", "1", "2"), EXIT_ARGUMENTS,
		       "\"2\" is one too many: explain takes a single contact id");
	assert_refused(WORDS("leadd", "explain", "1", "--port", "1", "x"), EXIT_ARGUMENTS, "\"x\" is one too many");
}
END_TEST

START_TEST(help_and_version_may_be_asked_for_beside_a_command)
{
	ck_assert_int_eq(command_of(WORDS("leadd", "explain", "--help")), COMMAND_HELP);
	ck_assert_int_eq(command_of(WORDS("leadd", "-h", "explain", "42")), COMMAND_HELP);
	ck_assert_int_eq(command_of(WORDS("leadd", "migrate", "--version")), COMMAND_VERSION);
	assert_refused(WORDS("leadd", "explain", "1", "2", "--help"), EXIT_ARGUMENTS, "one too many");
}
END_TEST

START_TEST(wrong_settings_do_not_keep_the_program_from_telling_of_itself)
{
	setenv("BATCH_MAX", "none", 1);
	setenv("LOG_LEVEL", "loud", 1);
	ck_assert_int_eq(command_of(WORDS("leadd", "--help")), COMMAND_HELP);
	ck_assert_int_eq(command_of(WORDS("leadd", "help")), COMMAND_HELP);
	ck_assert_int_eq(command_of(WORDS("leadd", "--version")), COMMAND_VERSION);
	ck_assert_int_eq(command_of(WORDS("leadd", "settings", "--port", "http")), COMMAND_SETTINGS);
	assert_refused(WORDS("leadd", "audit"), EXIT_CONFIG, "is \"loud\"");
	assert_refused(WORDS("leadd", "--help", "--ports"), EXIT_ARGUMENTS, "unknown argument");
}
END_TEST

START_TEST(an_argument_replaces_a_wrong_variable)
{
	setenv("BATCH_MAX", "none", 1);
	ck_assert_int_eq(read_words(WORDS("leadd", "--batch-max", "7")).batch_max, 7);
}
END_TEST

START_TEST(a_word_behind_a_setting_is_its_value_and_no_command)
{
	ck_assert_str_eq(read_words(WORDS("leadd", "--host", "migrate")).host, "migrate");
	ck_assert_int_eq(command_of(WORDS("leadd", "--host", "migrate")), COMMAND_SERVE);
}
END_TEST

START_TEST(numbers_out_of_range_are_refused)
{
	assert_refused(WORDS("leadd", "--port", "65536"), EXIT_CONFIG,
		       "PORT is \"65536\", not a number from 0 to 65535");
	assert_refused(WORDS("leadd", "--port=-1"), EXIT_CONFIG, "PORT");
	assert_refused(WORDS("leadd", "--batch-max", "0"), EXIT_CONFIG, "BATCH_MAX");
	assert_refused(WORDS("leadd", "--seed", "9223372036854775808"), EXIT_CONFIG, "SEED");
}
END_TEST

START_TEST(what_is_no_number_is_refused)
{
	assert_refused(WORDS("leadd", "--port", "http"), EXIT_CONFIG, "PORT is \"http\"");
	assert_refused(WORDS("leadd", "--port", "80x"), EXIT_CONFIG, "PORT is \"80x\"");
	assert_refused(WORDS("leadd", "--port", "8e3"), EXIT_CONFIG, "PORT is \"8e3\"");
	assert_refused(WORDS("leadd", "--port="), EXIT_CONFIG, "PORT is \"\"");
}
END_TEST

START_TEST(a_wrong_variable_is_refused_as_a_wrong_argument_is)
{
	setenv("PORT", "many", 1);
	assert_refused(WORDS("leadd"), EXIT_CONFIG, "PORT is \"many\"");
}
END_TEST

START_TEST(words_that_are_none_of_the_choices_are_refused)
{
	assert_refused(WORDS("leadd", "--auth", "closed"), EXIT_CONFIG, "AUTH is \"closed\", not one of");
	assert_refused(WORDS("leadd", "--log-level", "loud"), EXIT_CONFIG,
		       "LOG_LEVEL is \"loud\", not one of: debug, info, warn, error");
	ck_assert_str_eq(read_words(WORDS("leadd", "--log-level", "debug")).log_level, "debug");
}
END_TEST

START_TEST(keys_are_needed_where_a_database_is_named)
{
	ck_assert_str_eq(read_words(WORDS("leadd")).auth, "open");
	ck_assert_str_eq(read_words(WORDS("leadd", "--database-url", "postgresql:///x")).auth, "keys");
	ck_assert_str_eq(read_words(WORDS("leadd", "--database-url", "postgresql:///x", "--auth", "open")).auth,
			 "open");
	ck_assert_str_eq(read_words(WORDS("leadd", "--auth", "keys")).auth, "keys");
}
END_TEST

START_TEST(a_command_of_two_words_takes_texts)
{
	struct config config =
		read_words(WORDS("leadd", "key", "create", "--name", "serve", "--role", "operator", "--operator", "7"));

	ck_assert_str_eq(config.key_name, "serve");
	ck_assert_str_eq(config.key_role, "operator");
	ck_assert_int_eq(config.operator_id, 7);
	ck_assert_int_eq(config.source_id, 0);
	ck_assert_int_eq(command_of(WORDS("leadd", "key", "list")), COMMAND_KEY_LIST);
	ck_assert_int_eq(read_words(WORDS("leadd", "key", "revoke", "3")).key_id, 3);
	assert_refused(WORDS("leadd", "key"), EXIT_ARGUMENTS, "\"key\" is half a command");
	assert_refused(WORDS("leadd", "key", "create", "--name", "x"), EXIT_ARGUMENTS, "a --role is missing");
	assert_refused(WORDS("leadd", "key", "create", "--role", "x"), EXIT_ARGUMENTS, "\"x\" is no role");
	assert_refused(WORDS("leadd", "key", "create", "--role"), EXIT_ARGUMENTS, "--role needs a value");
	assert_refused(WORDS("leadd", "key", "revoke"), EXIT_ARGUMENTS, "a key id is missing");
	assert_refused(WORDS("leadd", "key", "revoke", "list"), EXIT_ARGUMENTS, "\"list\" is no key id");
}
END_TEST

START_TEST(unknown_arguments_are_refused)
{
	static const char *const arguments[] = { "--ports", "--por", "-p", "port", "--PORT", "--", "x\ny" };

	for (size_t i = 0; i < COUNT_OF(arguments); i++)
		assert_refused(WORDS("leadd", arguments[i]), EXIT_ARGUMENTS, "unknown argument");
	assert_refused(WORDS("leadd", "--database", "x"), EXIT_ARGUMENTS, "unknown argument \"--database\"");
}
END_TEST

START_TEST(an_argument_without_its_value_is_refused)
{
	assert_refused(WORDS("leadd", "--port"), EXIT_ARGUMENTS, "--port needs a value");
}
END_TEST

START_TEST(help_and_the_document_name_every_setting)
{
	struct buf help, markdown;

	buf_init(&help);
	buf_init(&markdown);
	config_print_help(&help);
	config_print_markdown(&markdown);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char row[64], flag[64];

		snprintf(row, sizeof(row), "| `%s` |", names[i]);
		ck_assert_msg(strstr(markdown.bytes, row) != NULL, "%s", names[i]);
		snprintf(flag, sizeof(flag), "  --%s <", names[i]);
		for (char *at = flag; *at; at++)
			*at = *at == '_' ? '-' : *at >= 'A' && *at <= 'Z' ? (char)(*at + 32) : *at;
		ck_assert_msg(strstr(help.bytes, flag) != NULL, "%s", flag);
	}
	buf_done(&help);
	buf_done(&markdown);
}
END_TEST

UNIT_SUITE(config)
{
	tcase_add_checked_fixture(tests, clear_environment, clear_environment);
	tcase_add_test(tests, without_anything_the_defaults_stand);
	tcase_add_test(tests, settings_come_from_the_environment);
	tcase_add_test(tests, an_empty_variable_is_as_none);
	tcase_add_test(tests, an_empty_database_url_is_refused);
	tcase_add_test(tests, arguments_win_over_the_environment);
	tcase_add_test(tests, an_argument_is_written_with_a_blank_or_an_equals_sign);
	tcase_add_test(tests, commands_are_recognised_among_the_settings);
	tcase_add_test(tests, commands_have_arguments_of_their_own);
	tcase_add_test(tests, arguments_of_another_command_are_refused);
	tcase_add_test(tests, a_second_command_is_refused);
	tcase_add_test(tests, a_second_contact_is_refused);
	tcase_add_test(tests, help_and_version_may_be_asked_for_beside_a_command);
	tcase_add_test(tests, wrong_settings_do_not_keep_the_program_from_telling_of_itself);
	tcase_add_test(tests, an_argument_replaces_a_wrong_variable);
	tcase_add_test(tests, a_word_behind_a_setting_is_its_value_and_no_command);
	tcase_add_test(tests, numbers_out_of_range_are_refused);
	tcase_add_test(tests, what_is_no_number_is_refused);
	tcase_add_test(tests, a_wrong_variable_is_refused_as_a_wrong_argument_is);
	tcase_add_test(tests, words_that_are_none_of_the_choices_are_refused);
	tcase_add_test(tests, keys_are_needed_where_a_database_is_named);
	tcase_add_test(tests, a_command_of_two_words_takes_texts);
	tcase_add_test(tests, unknown_arguments_are_refused);
	tcase_add_test(tests, an_argument_without_its_value_is_refused);
	tcase_add_test(tests, help_and_the_document_name_every_setting);
}
