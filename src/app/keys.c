/* leadd key: makes, lists and revokes keys of the API, also where no key opens it yet, which a start tells. */
#include "app/commands.h"
#include "service/key.h"

#include <inttypes.h>
#include <stdio.h>

/* What the rules of the table mean to a person. */
static const struct refusal {
	const char *constraint, *words;
} refusals[] = {
	{ "api_keys_name_key", "another key that is in use has this name" },
	{ "api_keys_name_length", "a name has 1 to 200 characters" },
	{ "api_keys_source_id_fkey", "there is no such source" },
	{ "api_keys_operator_id_fkey", "there is no such operator" },
	{ "api_keys_source_of_ingest", "--source is for the role ingest" },
	{ "api_keys_operator_of_operator", "--operator is for the role operator, which needs it" },
};

static enum exit_code explain_failure(const struct command_run *run)
{
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		if (!strstr(run->message, refusals[i].constraint))
			continue;
		fprintf(stderr, "leadd: the key was not made: %s\n", refusals[i].words);
		return EXIT_WRONG;
	}
	return EXIT_DATABASE;
}

static enum exit_code create(struct command_run *run)
{
	const struct config *config = run->config;
	char key[KEY_CHARACTERS + 1], digest[KEY_DIGEST_CHARACTERS + 1];
	struct args args = args_start(run->arena);
	struct rows *rows;

	key_make(key, digest);
	args_text(&args, text_of(config->key_name));
	args_text(&args, text_of(config->key_role));
	args_int_or_null(&args, config->source_id);
	args_int_or_null(&args, config->operator_id);
	args_text(&args, text_of(digest));
	rows = once_ask(run->once, Q_API_KEY_CREATE, &args);
	if (!rows)
		return explain_failure(run);
	fprintf(stderr, "Key %" PRId64 " is made. This is the only time it is shown:\n", row_int(rows, 0, 1));
	buf_printf(&run->out, "%s\n", key);
	once_free_rows(&rows);
	return EXIT_ASKED;
}

enum exit_code command_key_create(const struct config *config)
{
	struct command_run run;
	enum exit_code code = EXIT_DATABASE;

	if (command_open(&run, config))
		code = create(&run);
	return command_close(&run, code);
}

/* -- list -------------------------------------------------------------------------------------- */

enum { ID, ROLE, SOURCE_ID, OPERATOR_ID, CREATED_AT, LAST_USED_AT, NAME };

static void print_key(struct buf *out, const struct rows *rows, int row)
{
	struct text used = row_text(rows, row, LAST_USED_AT);

	buf_printf(out, "%6" PRId64 "  %-10s  %-16s  %-16s  ", row_int(rows, row, ID), row_text(rows, row, ROLE).at,
		   row_text(rows, row, CREATED_AT).at, used.at ? used.at : "never");
	command_print_text(out, row_text(rows, row, NAME));
	if (!row_is_null(rows, row, SOURCE_ID))
		buf_printf(out, " (source %" PRId64 ")", row_int(rows, row, SOURCE_ID));
	if (!row_is_null(rows, row, OPERATOR_ID))
		buf_printf(out, " (operator %" PRId64 ")", row_int(rows, row, OPERATOR_ID));
	buf_char(out, '\n');
}

static enum exit_code list(struct command_run *run)
{
	struct rows *rows = once_ask(run->once, Q_KEYS_IN_USE, NULL);

	if (!rows)
		return EXIT_DATABASE;
	buf_printf(&run->out, "%6s  %-10s  %-16s  %-16s  %s\n", "id", "role", "made (UTC)", "last used", "name");
	for (int row = 0; row < rows_count(rows); row++)
		print_key(&run->out, rows, row);
	once_free_rows(&rows);
	return EXIT_ASKED;
}

enum exit_code command_key_list(const struct config *config)
{
	struct command_run run;
	enum exit_code code = EXIT_DATABASE;

	if (command_open(&run, config))
		code = list(&run);
	return command_close(&run, code);
}

/* -- revoke ------------------------------------------------------------------------------------ */

static enum exit_code revoke(struct command_run *run)
{
	struct args args = args_start(run->arena);
	struct rows *rows;
	bool is_found;

	args_int(&args, run->config->key_id);
	rows = once_ask(run->once, Q_API_KEY_REVOKE, &args);
	if (!rows)
		return EXIT_DATABASE;
	is_found = rows_affected(rows);
	once_free_rows(&rows);
	if (!is_found) {
		fprintf(stderr, "leadd: there is no key %" PRId64 "\n", run->config->key_id);
		return EXIT_WRONG;
	}
	buf_printf(&run->out, "Key %" PRId64 " is revoked.\n", run->config->key_id);
	return EXIT_ASKED;
}

enum exit_code command_key_revoke(const struct config *config)
{
	struct command_run run;
	enum exit_code code = EXIT_DATABASE;

	if (command_open(&run, config))
		code = revoke(&run);
	return command_close(&run, code);
}

/* -- at a start -------------------------------------------------------------------------------- */

void keys_warn_when_missing(const char *conninfo)
{
	char message[512];
	struct once *once = once_open(conninfo, NULL, 0, message, sizeof(message));
	struct rows *rows = once ? once_ask(once, Q_HAS_ADMIN_KEY, NULL) : NULL;

	if (rows && !row_bool(rows, 0, 0))
		log_warn("app.no_admin_key", "%s", "make_one=\"leadd key create --role admin --name NAME\"");
	once_free_rows(&rows);
	once_close(&once);
}
