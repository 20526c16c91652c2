/* Keys: who may use the API, and for what. */
#include "api/internal.h"
#include "api/problems.h"
#include "service/key.h"

#include <inttypes.h>

static const struct conflict conflicts[] = {
	{ "api_keys_name_key", &problem_conflict, NULL, "Another key that is in use has this name." },
	{ "api_keys_source_id_fkey", NULL, "source_id", "names a source that does not exist" },
	{ "api_keys_operator_id_fkey", NULL, "operator_id", "names an operator that does not exist" },
	{ 0 },
};

#define FIELD_OF_NAME                                                                                                  \
	{                                                                                                              \
		"name", FIELD_TEXT, FIELD_REQUIRED, 1, 200,                                                            \
			.help = "Who or what has it, as history will name it; unique among the keys in use.",          \
			.example = "\"Telegram bot\""                                                                  \
	}
#define FIELD_OF_ROLE                                                                                                  \
	{                                                                                                              \
		"role", FIELD_CHOICE, FIELD_REQUIRED,                                                                  \
			.choices = role_names,                                                                         \
			.help = "ingest: sends contacts. operator: reads its own contacts and their leads, edits "     \
				"their messages and closes them. supervisor: everything but keys. admin: all.",        \
			.example = "\"ingest\""                                                                        \
	}

static const struct field draft_fields[] = {
	[KEY_NAME] = FIELD_OF_NAME,
	[KEY_ROLE] = FIELD_OF_ROLE,
	[KEY_SOURCE_ID] = { "source_id", FIELD_ID, FIELD_NULLABLE,
			    .help = "Of ingest: the only source whose contacts it may send. Without it any.",
			    .example = "1" },
	[KEY_OPERATOR_ID] = { "operator_id", FIELD_ID, FIELD_NULLABLE,
			      .help = "Of operator, which needs it: who that is." },
	{ 0 },
};

const struct schema key_draft_schema = { "KeyDraft", "A key to be made.", SCHEMA_DRAFT, draft_fields };

#define FIELDS_OF_ANSWER                                                                                               \
	{ "id", FIELD_ID, .help = "Never reused.", .example = "1" }, FIELD_OF_NAME, FIELD_OF_ROLE,                     \
		{ "source_id", FIELD_ID, FIELD_NULLABLE, .help = "Of ingest: its only source; null: any.",             \
		  .example = "1" },                                                                                    \
		{ "operator_id", FIELD_ID, FIELD_NULLABLE, .help = "Of operator: who it is.", .example = "null" },     \
		{ "created_at", FIELD_TIME, .help = "When it was made.",                                               \
		  .example = "\"2026-01-31T09:00:00.000000Z\"" },                                                      \
		{ "created_by",                                                                                        \
		  FIELD_TEXT,                                                                                          \
		  0,                                                                                                   \
		  1,                                                                                                   \
		  204,                                                                                                 \
		  .help = "key:NAME of who made it; api: a request while no key was needed; else the database role "   \
			  "of the command line.",                                                                      \
		  .example = "\"key:me\"" },                                                                           \
		{ "last_used_at", FIELD_TIME, FIELD_NULLABLE, .help = "Within ten seconds; null: not yet.",            \
		  .example = "\"2026-01-31T09:00:00.000000Z\"" },                                                      \
	{                                                                                                              \
		"revoked_at", FIELD_TIME, FIELD_NULLABLE, .help = "Since when it opens nothing; null: it does.",       \
							  .example = "null"                                            \
	}

static const struct field answer_fields[] = {
	FIELDS_OF_ANSWER,
	{ 0 },
};
static const struct schema key_schema = { "Key", "What is known of a key, but not the key.", SCHEMA_ANSWER,
					  answer_fields };

static const struct field made_fields[] = {
	FIELDS_OF_ANSWER,
	{ "key", FIELD_VISIBLE, 0, KEY_CHARACTERS, KEY_CHARACTERS,
	  .help = "The key. It is shown this once: only a digest of it is stored.",
	  .example = "\"leadd_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"" },
	{ 0 },
};
static const struct schema made_schema = { "NewKey", "A key, with the key itself.", SCHEMA_ANSWER, made_fields };

/* -- create ------------------------------------------------------------------------------------ */

void key_check_draft(const struct value *body, struct faults *faults)
{
	bool is_ingest = text_equals(body[KEY_ROLE].text, TEXT("ingest"));
	bool is_operator = text_equals(body[KEY_ROLE].text, TEXT("operator"));

	if (!body[KEY_ROLE].text.at)
		return; /* noted */
	if (!is_ingest && !body[KEY_SOURCE_ID].is_null)
		faults_add(faults, "source_id", "is for the role ingest only");
	if (!is_operator && !body[KEY_OPERATOR_ID].is_null)
		faults_add(faults, "operator_id", "is for the role operator only");
	if (is_operator && body[KEY_OPERATOR_ID].is_null)
		faults_add(faults, "operator_id", "is required for the role operator");
}

const struct endpoint keys_create_endpoint = {
	.id = "createKey",
	.tag = "Access",
	.summary = "Make a key",
	.about = "The answer is the only place where the key itself is ever shown.",
	.body = &key_draft_schema,
	.body_example = "{\"name\":\"Telegram bot\",\"role\":\"ingest\"}",
	.check = key_check_draft,
	.answers = { { 201, "The key was made.", ANSWER_OBJECT, &made_schema, ANSWER_HAS_LOCATION } },
	.problems = { &problem_conflict },
};

struct creation {
	struct request *request;
	char key[KEY_CHARACTERS + 1];
	char digest[KEY_DIGEST_CHARACTERS + 1];
};

static void on_created(void *context, const struct db_failure *failure, const struct rows *rows)
{
	struct creation *creation = context;
	struct request *request = creation->request;
	struct text json;
	struct buf answer;

	if (failure->error) {
		respond_failure(request, failure, conflicts);
		return;
	}
	json = row_text(rows, 0, 0);
	buf_init(&answer);
	buf_text(&answer, (struct text){ json.at, json.length - 1 }); /* without its closing brace */
	buf_printf(&answer, ",\"key\":\"%s\"}", creation->key);
	reply_header(request, "Location",
		     arena_printf(request_arena(request), "/api/v1/keys/%" PRId64, row_int(rows, 0, 1)));
	reply_header(request, "Cache-Control", "no-store");
	reply_json_take(request, 201, &answer);
	buf_done(&answer);
}

void keys_create(struct request *request)
{
	struct api *api = request_world(request);
	const struct value *body = request_checked(request)->body;
	const struct caller *caller = request_checked(request)->caller;
	struct creation *creation = arena_alloc(request_arena(request), 1, sizeof(*creation));
	struct args *args = respond_args(request);

	creation->request = request;
	key_make(creation->key, creation->digest);
	args_value(args, &body[KEY_NAME]);
	args_value(args, &body[KEY_ROLE]);
	args_value_int(args, &body[KEY_SOURCE_ID]);
	args_value_int(args, &body[KEY_OPERATOR_ID]);
	args_text(args, text_of(creation->digest));
	args_text(args, caller->actor.at ? caller->actor : TEXT("api"));
	pool_write(api->pool, Q_API_KEY_CREATE, args, on_created, creation);
}

/* -- list, read -------------------------------------------------------------------------------- */

enum { LIMIT, CURSOR };

static const struct field list_query[] = {
	[LIMIT] = FIELD_OF_LIMIT,
	[CURSOR] = FIELD_OF_CURSOR,
	{ 0 },
};

const struct endpoint keys_list_endpoint = {
	.id = "listKeys",
	.tag = "Access",
	.summary = "List keys",
	.about = "Newest first; revoked ones as well.",
	.query = list_query,
	.list = "keys",
	.answers = { { 200, "A page of keys.", ANSWER_PAGE, &key_schema } },
};

void keys_list(struct request *request)
{
	const struct value *query = request_checked(request)->query;

	respond_page(request, keys_list_endpoint.list, Q_API_KEY_LIST,
		     respond_page_args(request, &query[LIMIT], &query[CURSOR], true));
}

const struct endpoint keys_read_endpoint = {
	.id = "readKey",
	.tag = "Access",
	.summary = "Read what is known of a key",
	.answers = { { 200, "The key.", ANSWER_OBJECT, &key_schema } },
};

void keys_read(struct request *request)
{
	respond_object_of_path(request, Q_API_KEY_READ);
}

static const struct field current_fields[] = {
	{ "id", FIELD_ID, FIELD_NULLABLE, .help = "Of the key; null: no key is needed here.", .example = "1" },
	{ "role", FIELD_CHOICE, .choices = role_names, .help = "What it may do; admin where no key is needed.",
	  .example = "\"ingest\"" },
	{ "source_id", FIELD_ID, FIELD_NULLABLE, .help = "Of ingest: its only source; null: any.", .example = "1" },
	{ "operator_id", FIELD_ID, FIELD_NULLABLE, .help = "Of operator: who it is.", .example = "null" },
	{ 0 },
};
static const struct schema current_schema = { "CurrentKey", "What the request's own key may do.", SCHEMA_ANSWER,
					      current_fields };

const struct endpoint keys_current_endpoint = {
	.id = "readCurrentKey",
	.tag = "Access",
	.summary = "What may I do?",
	.about = "What the key that this request is sent with may do.",
	.answers = { { 200, "The role of the key, and whom it is for.", ANSWER_OBJECT, &current_schema } },
};

static void print_id(struct buf *json, const char *name, int64_t id)
{
	buf_printf(json, "\"%s\":", name);
	if (id)
		buf_printf(json, "%" PRId64 ",", id);
	else
		buf_string(json, "null,");
}

void keys_current(struct request *request)
{
	const struct caller *caller = request_checked(request)->caller;
	struct buf json;

	buf_init(&json);
	buf_char(&json, '{');
	print_id(&json, "id", caller->key_id);
	print_id(&json, "source_id", caller->source_id);
	print_id(&json, "operator_id", caller->operator_id);
	buf_printf(&json, "\"role\":\"%s\"}", role_name(caller->role));
	reply_json_take(request, 200, &json);
	buf_done(&json);
}

/* -- revoke ------------------------------------------------------------------------------------ */

const struct endpoint keys_revoke_endpoint = {
	.id = "revokeKey",
	.tag = "Access",
	.summary = "Revoke a key",
	.about = "From now on it opens nothing. It stays in the list; revoked once more it stays as it is.",
	.answers = { { 204, "The key is revoked.", ANSWER_EMPTY } },
};

/* Whoever is told that the key is revoked finds it so, without waiting for what the database tells. */
static void on_revoked(void *context, const struct db_failure *failure, const struct rows *rows)
{
	struct request *request = context;
	const struct api *api = request_world(request);

	if (api->keyring)
		keyring_forget(api->keyring);
	if (failure->error)
		respond_failure(request, failure, NULL);
	else if (rows_affected(rows) == 0)
		reply_problem(request, &problem_not_found, NULL);
	else
		reply_empty(request, 204);
}

void keys_revoke(struct request *request)
{
	const struct api *api = request_world(request);

	pool_write(api->pool, Q_API_KEY_REVOKE, respond_path_args(request, 1), on_revoked, request);
}
