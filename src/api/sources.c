/* Sources: where contacts come from. */
#include "api/internal.h"
#include "api/problems.h"
#include "domain/strategy.h"

#include <inttypes.h>

static const struct conflict conflicts[] = {
	{ "sources_name_key", &problem_conflict, NULL, "Another source has this name." },
	{ "contacts_source_id_fkey", &problem_conflict, NULL, "The source has contacts." },
	{ "source_operator_weights_operator_id_fkey", NULL, "weights", "names an operator that does not exist" },
	{ 0 },
};

enum { NAME, STRATEGY, STICKY_SECONDS, BACKLOG, WEIGHTS };

static const char *const backlogs[] = { "manual", "auto", NULL };

#define FIELD_OF_NAME(presence)                                                                                        \
	{                                                                                                              \
		"name", FIELD_TEXT, presence, 1, 200, .help = "Unique among the sources.",                             \
						      .example = "\"Telegram bot\""                                    \
	}

#define FIELD_OF_STRATEGY                                                                                              \
	{                                                                                                              \
		"strategy", FIELD_CHOICE,                                                                              \
			.fallback = "\"weighted_random\"", .choices = strategy_names,                                  \
			.help = "How one operator is chosen among those who are active, have a weight and have room. " \
				"weighted_random: by chance, in proportion to the weights. smooth_weighted: in turn, " \
				"in the same proportion, evenly spread. least_loaded: the lowest load / limit, then "  \
				"the highest weight. least_recent: whose last contact is the oldest. The last tie "    \
				"goes to the lowest id.",                                                              \
			.example = "\"weighted_random\""                                                               \
	}
#define FIELD_OF_STICKY_SECONDS                                                                                        \
	{                                                                                                              \
		"sticky_seconds", FIELD_INTEGER, 0, 0, 31536000, "0",                                                  \
			.help = "A lead whose newest assignment within this source is younger goes to the same "       \
				"operator again, if that one may take it; else the strategy decides. 0: never.",       \
			.example = "0"                                                                                 \
	}
#define FIELD_OF_BACKLOG                                                                                               \
	{                                                                                                              \
		"backlog", FIELD_CHOICE,                                                                               \
			.fallback = "\"manual\"", .choices = backlogs,                                                 \
			.help = "manual: contacts that found nobody wait for a person. auto: they are assigned, "      \
				"oldest first, as soon as there is room for them.",                                    \
			.example = "\"manual\""                                                                        \
	}

static const struct field draft_fields[] = {
	[NAME] = FIELD_OF_NAME(FIELD_REQUIRED),
	[STRATEGY] = FIELD_OF_STRATEGY,
	[STICKY_SECONDS] = FIELD_OF_STICKY_SECONDS,
	[BACKLOG] = FIELD_OF_BACKLOG,
	[WEIGHTS] = { "weights", FIELD_LIST, 0, 0, 1000, "[]", .schema = &weights_input_schema,
		      .help = "Who serves the source, and with what weight." },
	{ 0 },
};

static const struct field change_fields[] = {
	[NAME] = FIELD_OF_NAME(0),
	[STRATEGY] = FIELD_OF_STRATEGY,
	[STICKY_SECONDS] = FIELD_OF_STICKY_SECONDS,
	[BACKLOG] = FIELD_OF_BACKLOG,
	{ 0 },
};

static const struct schema draft_schema = { "SourceDraft", "A source to be made.", SCHEMA_DRAFT, draft_fields };
static const struct schema change_schema = { "SourceChange", "What is to be changed of a source.", SCHEMA_CHANGE,
					     change_fields };

static const struct field answer_fields[] = {
	{ "id", FIELD_ID, .help = "Never reused.", .example = "1" },
	FIELD_OF_NAME(0),
	FIELD_OF_STRATEGY,
	FIELD_OF_STICKY_SECONDS,
	FIELD_OF_BACKLOG,
	{ "created_at", FIELD_TIME, .help = "When it was made.", .example = "\"2026-01-31T09:00:00.000000Z\"" },
	{ "updated_at", FIELD_TIME, .help = "When it was last changed.", .example = "\"2026-01-31T09:00:00.000000Z\"" },
	{ 0 },
};

static const struct schema source_schema = { "Source", "Where contacts come from: a bot, a form, an ad, a call line.",
					     SCHEMA_ANSWER, answer_fields };

/* -- create ------------------------------------------------------------------------------------ */

static void check_create(const struct value *body, struct faults *faults)
{
	operators_check_once("weights", &body[WEIGHTS], faults);
}

const struct endpoint sources_create_endpoint = {
	.check = check_create,
	.id = "createSource",
	.tag = "Sources",
	.summary = "Make a source",
	.about = "With its weights at once, or without: then its contacts wait until it has some.",
	.body = &draft_schema,
	.answers = { { 201, "The source was made.", ANSWER_OBJECT, &source_schema, ANSWER_HAS_LOCATION } },
	.problems = { &problem_conflict },
};

/* What both a draft and a change may hold. */
static void settings_args(struct args *args, const struct value *input)
{
	args_value(args, &input[NAME]);
	args_value(args, &input[STRATEGY]);
	args_value_int(args, &input[STICKY_SECONDS]);
	args_value(args, &input[BACKLOG]);
}

static void ask_create(struct flow *flow)
{
	const struct operation *operation = flow_context(flow);
	const struct weights *weights = operation->extra;
	struct args args = flow_args(flow);

	settings_args(&args, operation->input);
	args_ints(&args, weights->operator_ids, weights->count);
	args_texts(&args, weights->texts, weights->count);
	flow_ask(flow, Q_SOURCE_CREATE, &args);
}

static enum flow_next read_create(struct flow *flow)
{
	struct operation *operation = flow_context(flow);
	const struct rows *rows = flow_rows(flow, 0);

	operation_take_json(operation, rows);
	operation->id = row_int(rows, 0, 1);
	return FLOW_NEXT;
}

static const struct flow_step create_steps[] = {
	{ "operators", weights_ask_unknown, weights_read_unknown },
	{ "create", ask_create, read_create },
	{ 0 },
};

static void finish_create(struct operation *operation)
{
	if (operation->json.at)
		reply_header(
			operation->request, "Location",
			arena_printf(request_arena(operation->request), "/api/v1/sources/%" PRId64, operation->id));
	operation->status = 201;
	operation_reply(operation);
}

void sources_create(struct request *request)
{
	struct operation *operation = operation_new(request, conflicts, finish_create);

	operation->extra = weights_of(request, &operation->input[WEIGHTS]);
	operation_start(operation, create_steps);
}

/* -- list, read -------------------------------------------------------------------------------- */

enum { LIMIT, CURSOR };

static const struct field list_query[] = {
	[LIMIT] = FIELD_OF_LIMIT,
	[CURSOR] = FIELD_OF_CURSOR,
	{ 0 },
};

const struct endpoint sources_list_endpoint = {
	.id = "listSources",
	.tag = "Sources",
	.summary = "List sources",
	.about = "Newest first.",
	.query = list_query,
	.list = "sources",
	.answers = { { 200, "A page of sources.", ANSWER_PAGE, &source_schema } },
};

void sources_list(struct request *request)
{
	const struct value *query = request_checked(request)->query;

	respond_page(request, sources_list_endpoint.list, Q_SOURCE_LIST,
		     respond_page_args(request, &query[LIMIT], &query[CURSOR], true));
}

const struct endpoint sources_read_endpoint = {
	.id = "readSource",
	.tag = "Sources",
	.summary = "Read a source",
	.answers = { { 200, "The source.", ANSWER_OBJECT, &source_schema } },
};

void sources_read(struct request *request)
{
	respond_object_of_path(request, Q_SOURCE_READ);
}

/* -- change, delete ---------------------------------------------------------------------------- */

const struct endpoint sources_change_endpoint = {
	.id = "changeSource",
	.tag = "Sources",
	.summary = "Change a source",
	.about = "Members that are not given stay as they are.",
	.body = &change_schema,
	.body_example = "{\"strategy\":\"least_loaded\"}",
	.answers = { { 200, "The source as it is now.", ANSWER_OBJECT, &source_schema } },
	.problems = { &problem_conflict },
};

void sources_change(struct request *request)
{
	struct args *args = respond_path_args(request, 1);

	settings_args(args, request_checked(request)->body);
	respond_change(request, Q_SOURCE_UPDATE, args, conflicts);
}

const struct endpoint sources_delete_endpoint = {
	.id = "deleteSource",
	.tag = "Sources",
	.summary = "Delete a source",
	.about = "Its weights go with it. One that has contacts stays.",
	.answers = { { 204, "The source is gone.", ANSWER_EMPTY } },
	.problems = { &problem_conflict },
};

void sources_delete(struct request *request)
{
	respond_deletion(request, Q_SOURCE_DELETE, respond_path_args(request, 1), conflicts);
}
