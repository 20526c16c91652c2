/* Taking in many contacts with one request: each row is checked, stored and answered for itself. */
#include "api/internal.h"
#include "api/problems.h"
#include "http/json.h"

#include <stdio.h>

enum {
	ROWS_MAX = 1000,
	ROW_BYTES_MAX = 128 * 1024, /* as the body of a single contact */
	ROW_FAULTS_MAX = 20,        /* told of one row: so the answer does not outgrow its question by much */
	SLICE_BYTES = 32 * 1024,    /* read in one turn of the loop: a millisecond or two */
	SLICE_ROWS = 100
};

static const struct field rows_field = {
	"rows", FIELD_LIST, FIELD_REQUIRED, 1, ROWS_MAX, .schema = &contact_row_schema, .help = "The contacts.",
};

static const struct field answer_fields[] = {
	{ "status", FIELD_INTEGER, 0, 201, 599, .help = "As a single contact would have been answered.",
	  .example = "201" },
	{ "contact", FIELD_OBJECT, FIELD_OPTIONAL, .schema = &contact_schema,
	  .help = "With 201: the contact; of a repeated key, as it was answered first." },
	{ "replayed", FIELD_BOOLEAN, FIELD_OPTIONAL, .help = "true: the key came before. Otherwise absent.",
	  .example = "true" },
	{ "problem", FIELD_OBJECT, FIELD_OPTIONAL, .schema = &problem_schema,
	  .help = "With any other status: why it was not stored. At most 20 faults are listed." },
	{ 0 },
};

static const struct schema answer_schema = { "ContactRowAnswer", "What came of one of many contacts.", SCHEMA_ANSWER,
					     answer_fields };

const struct endpoint contacts_create_many_endpoint = {
	.id = "createContacts",
	.tag = "Contacts",
	.summary = "Take in many contacts",
	.about = "1 to 1000 contacts, as a JSON list or as lines of JSON, in up to 1 MiB. Each is checked, stored and "
		 "answered for itself, in the order of the rows: one that is refused does not stop the rest. Only a "
		 "body that is no such list is refused as a whole.\n\n"
		 "Single contacts go before, so that an import does not delay them. Rows answered with 503 are to be "
		 "sent again. With an idempotency_key in each row the whole list may be sent again until all of it "
		 "is stored: what was stored is answered as before.",
	.bulk = &rows_field,
	.answers = { { 200, "What came of each row, in their order.", ANSWER_ITEMS, &answer_schema } },
};

/* One row: its contact on the way, and what came of it. */
struct import_row {
	struct queued_draft queued;
	struct import *import;
	struct text answer; /* as JSON; at == NULL: it is under way */
};

struct import {
	struct request *request;
	struct bulk bulk;
	struct import_row *rows[ROWS_MAX];
	size_t count;   /* rows read */
	size_t pending; /* rows without an answer, and one more while rows are handed over */
	struct deferred next;
};

static struct api *api_of(const struct import *import)
{
	return request_world(import->request);
}

/* -- the end ----------------------------------------------------------------------------------- */

/* To be called before the request is answered. */
static void import_ends(struct import *import)
{
	api_of(import)->bulk_bytes -= request_body(import->request).length;
}

static void reply_rows(struct import *import)
{
	struct buf json;

	import_ends(import);
	buf_init(&json);
	buf_string(&json, "{\"items\":[");
	for (size_t i = 0; i < import->count; i++) {
		if (i)
			buf_string(&json, ",\n");
		buf_text(&json, import->rows[i]->answer);
	}
	buf_string(&json, "]}");
	reply_json_take(import->request, 200, &json);
	buf_done(&json);
}

static void row_answered(struct import *import)
{
	if (--import->pending == 0)
		reply_rows(import);
}

/* -- the answer of a row ----------------------------------------------------------------------- */

static void keep_answer(struct import_row *row, struct buf *json)
{
	row->answer = (struct text){ arena_copy(request_arena(row->import->request), json->bytes, json->length),
				     json->length };
	buf_done(json);
}

static void refuse_row(struct import_row *row, const struct problem *problem, const char *detail,
		       const struct faults *faults)
{
	struct buf json;

	buf_init(&json);
	buf_printf(&json, "{\"status\":%d,\"problem\":", problem->status);
	problem_print(&json, problem, detail ? detail : problem->title, request_id(row->import->request), faults, NULL);
	buf_char(&json, '}');
	keep_answer(row, &json);
}

static void refuse_faults(struct import_row *row, struct faults *faults)
{
	char detail[80];
	bool is_long = faults->count > ROW_FAULTS_MAX;

	snprintf(detail, sizeof(detail), "%zu %s; errors has the %s", faults->count,
		 faults->count == 1 ? "value breaks a rule" : "values break rules", is_long ? "first" : "list");
	if (is_long)
		faults->count = ROW_FAULTS_MAX;
	refuse_row(row, &problem_validation, detail, faults);
}

static void accept_row(struct import_row *row, bool is_replayed)
{
	const struct queued_draft *queued = &row->queued;
	struct buf json;

	buf_init(&json);
	buf_string(&json, "{\"status\":201,\"contact\":");
	if (queued->draft.key.at)
		buf_text(&json, queued->answer);
	else
		contact_print(&json, &queued->draft, &queued->result);
	buf_string(&json, is_replayed ? ",\"replayed\":true}" : "}");
	keep_answer(row, &json);
}

static void on_row_done(struct queued_draft *queued, enum draft_outcome outcome)
{
	struct import_row *row = queued->context;
	struct arena *arena = request_arena(row->import->request);
	const struct problem *problem;
	struct faults *faults = faults_new(arena);
	const char *detail;

	if (outcome == DRAFT_STORED || outcome == DRAFT_REPLAYED) {
		accept_row(row, outcome == DRAFT_REPLAYED);
	} else {
		problem = contact_refusal(&queued->draft, outcome, arena, &detail);
		if (outcome == DRAFT_KEY_REUSED)
			faults_add(faults, "idempotency_key", "%s", KEY_REUSED_RULE);
		refuse_row(row, problem, detail, faults);
	}
	row_answered(row->import);
}

/* -- handing rows over ------------------------------------------------------------------------- */

static void hand_over(struct import *import)
{
	struct api *api = api_of(import);

	import->pending = 1;
	for (size_t i = 0; i < import->count; i++) {
		struct import_row *row = import->rows[i];

		if (row->answer.at)
			continue;
		if (intake_submit(api->intake, &row->queued))
			import->pending++;
		else
			refuse_row(row, &problem_unavailable,
				   "The contact was not stored: the line is full, or the database is away.", NULL);
	}
	row_answered(import);
}

/* -- reading rows ------------------------------------------------------------------------------ */

static void prepare(struct import_row *row, const struct value *values)
{
	struct request *request = row->import->request;
	const struct caller *caller = request_checked(request)->caller;

	row->queued.done = on_row_done;
	row->queued.context = row;
	row->queued.draft = contact_draft_of(values + CONTACT_ROW_DRAFT, values[CONTACT_ROW_KEY].text);
	row->queued.is_bulk = true;
	row->queued.render = contact_render;
	row->queued.arena = request_arena(request);
	row->queued.actor = caller->actor;
	if (!guard_allows_source(caller, row->queued.draft.source_id))
		refuse_row(row, &problem_forbidden,
			   arena_printf(request_arena(request), GUARD_SOURCE_RULE, caller->source_id), NULL);
}

/* False when the row is not JSON. */
static bool read_json(struct import_row *row, struct text text, struct arena *scratch)
{
	struct arena *arena = request_arena(row->import->request);
	struct faults *faults = faults_new(scratch);
	const char *malformed;
	struct value *values = fields_read_text(arena, text, &contact_row_schema, faults, &malformed);

	if (malformed)
		refuse_row(row, &problem_malformed, arena_printf(scratch, "The row is not JSON: %s.", malformed), NULL);
	else if (faults->count)
		refuse_faults(row, faults);
	else
		prepare(row, values);
	return !malformed;
}

/* False when the whole body is no list for it. Rows that are too long or too deep are not looked into. */
static bool read_row(struct import *import, const struct bulk_row *text)
{
	struct import_row *row = arena_alloc(request_arena(import->request), 1, sizeof(*row));
	struct arena *scratch;
	bool is_json;

	row->import = import;
	import->rows[import->count++] = row;
	if (text->text.length > ROW_BYTES_MAX) {
		refuse_row(row, &problem_too_large, "A row has at most 131072 bytes.", NULL);
		return true;
	}
	if (text->depth > JSON_DEPTH_MAX) {
		refuse_row(row, &problem_malformed, "The row is nested deeper than 16 levels.", NULL);
		return true;
	}
	scratch = arena_new();
	is_json = read_json(row, text->text, scratch);
	arena_free(&scratch);
	return is_json || import->bulk.is_ndjson;
}

static void refuse_all(struct import *import, const char *rule)
{
	struct request *request = import->request;
	struct faults *faults = faults_new(request_arena(request));

	import_ends(import);
	faults_add(faults, "", "%s", rule);
	reply_faults(request, faults);
}

/* Something in the list is not JSON, or it is no list. */
static void refuse_broken(struct import *import)
{
	struct request *request = import->request;
	const char *malformed = NULL;

	if (json_check(request_body(request), faults_new(request_arena(request)), &malformed)) {
		refuse_all(import, "must be a list of objects");
		return;
	}
	import_ends(import);
	reply_problem(request, &problem_malformed, "The body is not JSON: %s.", malformed);
}

static void read_slice(void *context)
{
	struct import *import = context;
	const char *from = import->bulk.at;

	for (size_t i = 0; i < SLICE_ROWS && import->bulk.at - from < SLICE_BYTES; i++) {
		struct bulk_row row;
		enum bulk_next next = bulk_next(&import->bulk, &row);

		if (next == BULK_END && import->count) {
			hand_over(import);
			return;
		}
		if (next == BULK_END || (next == BULK_ROW && import->count == ROWS_MAX)) {
			refuse_all(import, "must have 1 to 1000 items");
			return;
		}
		if (next == BULK_BROKEN || !read_row(import, &row)) {
			refuse_broken(import);
			return;
		}
	}
	loop_defer(api_of(import)->loop, &import->next);
}

void contacts_create_many(struct request *request)
{
	struct api *api = request_world(request);
	struct text body = request_body(request);
	struct faults *faults = faults_new(request_arena(request));
	struct import *import;

	if (request_header(request, idempotency_key_field.name)) {
		faults_add(faults, idempotency_key_field.name, "is not taken here; give each row an idempotency_key");
		reply_faults(request, faults);
		return;
	}
	if (api->bulk_bytes + body.length > api->bulk_bytes_max) {
		reply_problem(request, &problem_unavailable, "Too many lists are being taken in at this moment.");
		return;
	}
	api->bulk_bytes += body.length;
	import = arena_alloc(request_arena(request), 1, sizeof(*import));
	import->request = request;
	import->bulk = bulk_open(body, request_checked(request)->is_ndjson);
	deferred_init(&import->next, read_slice, import);
	read_slice(import);
}
