/* leadd key: makes, lists and revokes keys of the API, also where no key opens it yet. */
#include "api/api.h"
#include "app/commands.h"
#include "service/key.h"

#include <inttypes.h>
#include <stdio.h>

/* What only the database knows. */
static const struct refusal {
	const char *constraint, *words;
} refusals[] = {
	{ "api_keys_name_key", "another key that is in use has this name" },
	{ "api_keys_source_id_fkey", "there is no such source" },
	{ "api_keys_operator_id_fkey", "there is no such operator" },
};

static enum exit_code refuse(const char *what, const char *why)
{
	fprintf(stderr, "leadd: the key was not made: %s%s%s\n", what, *what ? " " : "", why);
	return EXIT_WRONG;
}

static enum exit_code explain_failure(const struct command_run *run)
{
	for (size_t i = 0; i < COUNT_OF(refusals); i++)
		if (strstr(run->message, refusals[i].constraint))
			return refuse("", refusals[i].words);
	return EXIT_DATABASE;
}

/* As the body of a request would say it. */
static struct text draft_of(struct command_run *run)
{
	const struct config *config = run->config;
	struct text draft;
	struct buf json;

	buf_init(&json);
	buf_string(&json, "{\"name\":");
	buf_json(&json, text_of(config->key_name));
	buf_string(&json, ",\"role\":");
	buf_json(&json, text_of(config->key_role));
	if (config->source_id)
		buf_printf(&json, ",\"source_id\":%" PRId64, config->source_id);
	if (config->operator_id)
		buf_printf(&json, ",\"operator_id\":%" PRId64, config->operator_id);
	buf_char(&json, '}');
	draft = (struct text){ arena_copy(run->arena, json.bytes, json.length), json.length };
	buf_done(&json);
	return draft;
}

static enum exit_code store(struct command_run *run, const struct value *draft)
{
	char key[KEY_CHARACTERS + 1], digest[KEY_DIGEST_CHARACTERS + 1];
	struct args args = args_start(run->arena);
	struct rows *rows;

	key_make(key, digest);
	args_text(&args, draft[KEY_NAME].text);
	args_text(&args, draft[KEY_ROLE].text);
	args_int_or_null(&args, draft[KEY_SOURCE_ID].integer);
	args_int_or_null(&args, draft[KEY_OPERATOR_ID].integer);
	args_text(&args, text_of(digest));
	args_null(&args);
	rows = once_ask(run->once, Q_API_KEY_CREATE, &args);
	if (!rows)
		return explain_failure(run);
	fprintf(stderr, "Key %" PRId64 " is made. This is the only time it is shown:\n", row_int(rows, 0, 1));
	buf_printf(&run->out, "%s\n", key);
	once_free_rows(&rows);
	return EXIT_ASKED;
}

static enum exit_code create(struct command_run *run)
{
	struct faults *faults = faults_new(run->arena);
	const char *malformed;
	struct value *draft = fields_read_text(run->arena, draft_of(run), &key_draft_schema, faults, &malformed);

	if (malformed)
		return refuse("", malformed);
	key_check_draft(draft, faults);
	if (faults->count)
		return refuse(faults->items[0].field, faults->items[0].message);
	return store(run, draft);
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

enum { ID, ROLE, SOURCE_ID, OPERATOR_ID, CREATED_AT, CREATED_BY, LAST_USED_AT, NAME };

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
	if (text_equals(row_text(rows, row, CREATED_BY), TEXT("api")))
		buf_string(out, " (made while the service was open)");
	buf_char(out, '\n');
}

static enum exit_code list(struct command_run *run)
{
	struct rows *rows = once_ask(run->once, Q_KEYS_IN_USE, NULL);

	if (!rows)
		return EXIT_DATABASE;
	buf_printf(&run->out, "%6s  %-10s  %-16s  %-16s  %s\n", "id", "role", "made (UTC)", "last used (UTC)", "name");
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
