/* Operators: the people who take contacts. */
#include "api/internal.h"
#include "api/problems.h"

#include <inttypes.h>

static const struct conflict conflicts[] = {
	{ "contacts_operator_id_fkey", &problem_conflict, NULL,
	  "The operator holds contacts or appears in their history; deactivate it instead." },
	{ 0 },
};

enum { NAME, IS_ACTIVE, MAX_LOAD_LIMIT, ACTIVE_CONTACTS };

#define FIELD_OF_NAME(presence)                                                                                        \
	{                                                                                                              \
		"name", FIELD_TEXT, presence, 1, 200, .help = "What people call the operator.", .example = "\"Anna\""  \
	}
#define FIELD_OF_IS_ACTIVE                                                                                             \
	{                                                                                                              \
		"is_active", FIELD_BOOLEAN, .fallback = "true",                                                        \
					    .help = "Whether assignment may give contacts to the operator.",           \
					    .example = "true"                                                          \
	}
#define FIELD_OF_LOAD_LIMIT                                                                                            \
	{                                                                                                              \
		"max_load_limit", FIELD_INTEGER, 0, 0, 1000000, "10",                                                  \
			.help = "Most active contacts that assignment gives. Lowering it takes none away.",            \
			.example = "10"                                                                                \
	}

static const struct field draft_fields[] = {
	[NAME] = FIELD_OF_NAME(FIELD_REQUIRED),
	[IS_ACTIVE] = FIELD_OF_IS_ACTIVE,
	[MAX_LOAD_LIMIT] = FIELD_OF_LOAD_LIMIT,
	{ 0 },
};

static const char *const fates[] = { "keep", "release", "redistribute", NULL };

static const struct field change_fields[] = {
	[NAME] = FIELD_OF_NAME(0),
	[IS_ACTIVE] = FIELD_OF_IS_ACTIVE,
	[MAX_LOAD_LIMIT] = FIELD_OF_LOAD_LIMIT,
	[ACTIVE_CONTACTS] = { "active_contacts", FIELD_CHOICE, .fallback = "\"keep\"", .choices = fates,
			      .help = "With is_active: false only. What becomes of the operator's active contacts: "
				      "it may keep them, they are released to wait, or redistributed to others by the "
				      "rule of their sources. The operator is inactive at once; the contacts follow "
				      "in slices, also across a restart." },
	{ 0 },
};

static const struct schema draft_schema = { "OperatorDraft", "An operator to be made.", SCHEMA_DRAFT, draft_fields };
static const struct schema change_schema = { "OperatorChange", "What is to be changed of an operator.", SCHEMA_CHANGE,
					     change_fields };

static const struct field answer_fields[] = {
	{ "id", FIELD_ID, .help = "Never reused.", .example = "1" },
	{ "name", FIELD_TEXT, 0, 1, 200, .help = "What people call the operator.", .example = "\"Anna\"" },
	{ "is_active", FIELD_BOOLEAN, .help = "Whether assignment may give contacts to the operator.",
	  .example = "true" },
	{ "max_load_limit", FIELD_INTEGER, 0, 0, 1000000, .help = "Most active contacts that assignment gives.",
	  .example = "10" },
	{ "active_load", FIELD_INTEGER, 0, 0, INT32_MAX,
	  .help = "Contacts with status active that the operator holds now. Its changes leave updated_at alone.",
	  .example = "3" },
	{ "created_at", FIELD_TIME, .help = "When it was made.", .example = "\"2026-01-31T09:00:00.000000Z\"" },
	{ "updated_at", FIELD_TIME, .help = "When it was last changed.", .example = "\"2026-01-31T09:00:00.000000Z\"" },
	{ 0 },
};

static const struct schema operator_schema = { "Operator", "Somebody who takes contacts.", SCHEMA_ANSWER,
					       answer_fields };

/* -- create ------------------------------------------------------------------------------------ */

const struct endpoint operators_create_endpoint = {
	.id = "createOperator",
	.tag = "Operators",
	.summary = "Make an operator",
	.about = "The operator gets contacts once a source has a weight for it.",
	.body = &draft_schema,
	.answers = { { 201, "The operator was made.", ANSWER_OBJECT, &operator_schema, ANSWER_HAS_LOCATION } },
};

static void on_created(void *context, const struct db_failure *failure, const struct rows *rows)
{
	struct request *request = context;

	if (failure->error) {
		respond_failure(request, failure, conflicts);
		return;
	}
	reply_header(request, "Location",
		     arena_printf(request_arena(request), "/api/v1/operators/%" PRId64, row_int(rows, 0, 0)));
	reply_json(request, 201, row_text(rows, 0, 1));
}

void operators_create(struct request *request)
{
	struct api *api = request_world(request);
	const struct value *body = request_checked(request)->body;
	struct args *args = respond_args(request);

	args_value(args, &body[NAME]);
	args_value_bool(args, &body[IS_ACTIVE]);
	args_value_int(args, &body[MAX_LOAD_LIMIT]);
	pool_write(api->pool, Q_OPERATOR_CREATE, args, on_created, request);
}

/* -- list, read -------------------------------------------------------------------------------- */

enum { LIMIT, CURSOR, FILTER_IS_ACTIVE, FILTER_SOURCE };

static const struct field list_query[] = {
	[LIMIT] = FIELD_OF_LIMIT,
	[CURSOR] = FIELD_OF_CURSOR,
	[FILTER_IS_ACTIVE] = { "is_active", FIELD_BOOLEAN, .help = "Only active, or only inactive ones.",
			       .example = "true" },
	[FILTER_SOURCE] = { "source_id", FIELD_ID, .help = "Only those who serve this source.", .example = "1" },
	{ 0 },
};

const struct endpoint operators_list_endpoint = {
	.id = "listOperators",
	.tag = "Operators",
	.summary = "List operators",
	.about = "Oldest first.",
	.query = list_query,
	.list = "operators",
	.answers = { { 200, "A page of operators.", ANSWER_PAGE, &operator_schema } },
};

void operators_list(struct request *request)
{
	const struct value *query = request_checked(request)->query;
	struct args *args = respond_page_args(request, &query[LIMIT], &query[CURSOR], false);

	args_value_bool(args, &query[FILTER_IS_ACTIVE]);
	args_value_int(args, &query[FILTER_SOURCE]);
	respond_page(request, operators_list_endpoint.list, Q_OPERATOR_LIST, args);
}

const struct endpoint operators_read_endpoint = {
	.id = "readOperator",
	.tag = "Operators",
	.summary = "Read an operator",
	.answers = { { 200, "The operator.", ANSWER_OBJECT, &operator_schema } },
};

void operators_read(struct request *request)
{
	int64_t own = guard_operator(request);

	if (own && request_path_number(request, 0) != own)
		reply_problem(request, &problem_not_found, NULL);
	else
		respond_object_of_path(request, Q_OPERATOR_READ);
}

/*
 * -- change, delete: the operator's row is locked first, then its load as every assignment locks it, so that they are
 * ordered with the batches
 */

static void check_change(const struct value *body, struct faults *faults)
{
	bool is_leaving = body[IS_ACTIVE].is_given && !body[IS_ACTIVE].integer;

	if (body[ACTIVE_CONTACTS].is_given && !is_leaving)
		faults_add(faults, "active_contacts", "goes only with is_active: false");
}

const struct endpoint operators_change_endpoint = {
	.check = check_change,
	.id = "changeOperator",
	.tag = "Operators",
	.summary = "Change an operator",
	.about = "Members that are not given stay as they are. A lower limit takes no contact away; an inactive "
		 "operator gets no new contacts, and active_contacts says what becomes of those it has.",
	.body = &change_schema,
	.body_example = "{\"max_load_limit\":20}",
	.answers = { { 200, "The operator as it is now.", ANSWER_OBJECT, &operator_schema } },
};

enum { CHANGED, READ };

/*
 * Leaving with release or redistribute is noted with the change; what else touches is_active ends a hand-over. The load
 * is locked for that also where is_active stays as it is: a slice that moves contacts now comes before, or not at all.
 */
static void ask_departure(struct flow *flow, const struct operation *operation)
{
	struct text fate = operation->input[ACTIVE_CONTACTS].text;
	struct args args = flow_args(flow);

	args_int(&args, request_path_number(operation->request, 0));
	flow_ask(flow, Q_OPERATOR_LOCK, &args);
	if (!fate.at || text_equals(fate, TEXT("keep"))) {
		flow_ask(flow, Q_DEPARTURE_CLEAR, &args);
		return;
	}
	args_text(&args, fate);
	flow_ask(flow, Q_DEPARTURE_SET, &args);
}

static void ask_change(struct flow *flow)
{
	const struct operation *operation = flow_context(flow);
	struct args id = flow_args(flow), change = flow_args(flow);

	args_int(&id, request_path_number(operation->request, 0));
	args_int(&change, request_path_number(operation->request, 0));
	args_value(&change, &operation->input[NAME]);
	args_value_bool(&change, &operation->input[IS_ACTIVE]);
	args_value_int(&change, &operation->input[MAX_LOAD_LIMIT]);
	flow_ask(flow, Q_OPERATOR_UPDATE, &change);
	flow_ask(flow, Q_OPERATOR_READ, &id);
	if (operation->input[IS_ACTIVE].is_given)
		ask_departure(flow, operation);
}

static enum flow_next read_change(struct flow *flow)
{
	struct operation *operation = flow_context(flow);

	operation_take_json(operation, flow_rows(flow, READ));
	return FLOW_NEXT;
}

static const struct flow_step change_steps[] = {
	{ "change", ask_change, read_change },
	{ 0 },
};

static void finish_change(struct operation *operation)
{
	struct api *api = request_world(operation->request);

	if (operation->input[ACTIVE_CONTACTS].is_given)
		handover_wake(api->handover);
	operation_reply(operation);
}

void operators_change(struct request *request)
{
	operation_start(operation_new(request, conflicts, finish_change), change_steps);
}

const struct endpoint operators_delete_endpoint = {
	.id = "deleteOperator",
	.tag = "Operators",
	.summary = "Delete an operator",
	.about = "Its weights go with it. One that holds contacts, or ever held one, stays: deactivate it.",
	.answers = { { 204, "The operator is gone.", ANSWER_EMPTY } },
	.problems = { &problem_conflict },
};

enum { DELETED = 2 };

static void ask_delete(struct flow *flow)
{
	const struct operation *operation = flow_context(flow);
	struct args id = flow_args(flow);

	args_int(&id, request_path_number(operation->request, 0));
	flow_ask(flow, Q_OPERATOR_ROW_LOCK, &id);
	flow_ask(flow, Q_OPERATOR_LOCK, &id);
	flow_ask(flow, Q_OPERATOR_DELETE, &id);
}

static enum flow_next read_delete(struct flow *flow)
{
	struct operation *operation = flow_context(flow);

	operation->status = 204;
	if (rows_affected(flow_rows(flow, DELETED)) == 0)
		operation->problem = &problem_not_found;
	return FLOW_NEXT;
}

static const struct flow_step delete_steps[] = {
	{ "delete", ask_delete, read_delete },
	{ 0 },
};

void operators_delete(struct request *request)
{
	operation_start(operation_new(request, conflicts, operation_reply), delete_steps);
}
