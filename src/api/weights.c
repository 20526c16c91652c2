/* Weights: which operators serve a source, and how much each of them gets. */
#include "api/internal.h"
#include "api/problems.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct conflict conflicts[] = {
	{ "source_operator_weights_operator_id_fkey", NULL, "weights", "names an operator that does not exist" },
	{ 0 },
};

/* Deleted while the weight was being set. */
static const struct conflict single_conflicts[] = {
	{ "source_operator_weights_source_id_fkey", &problem_not_found, NULL, "There is no such source." },
	{ "source_operator_weights_operator_id_fkey", &problem_not_found, NULL, "There is no such operator." },
	{ 0 },
};

enum { OPERATOR_ID, WEIGHT };

#define WEIGHT_MAX 1000000
#define WEIGHT_HELP                                                                                                    \
	"The chance of the operator is its weight / the sum of those who can take the contact. 0 keeps the link and "  \
	"gives no contacts. At most three decimals."

static const struct field item_fields[] = {
	[OPERATOR_ID] = { "operator_id", FIELD_ID, FIELD_REQUIRED, .help = "The operator.", .example = "1" },
	[WEIGHT] = { "weight", FIELD_WEIGHT, FIELD_REQUIRED, 0, WEIGHT_MAX, .help = WEIGHT_HELP, .example = "2.5" },
	{ 0 },
};

const struct schema weights_input_schema = { "WeightDraft", "An operator and its weight for a source.", SCHEMA_DRAFT,
					     item_fields };

static const struct field list_fields[] = {
	{ "weights", FIELD_LIST, FIELD_REQUIRED, 0, 1000, .schema = &weights_input_schema,
	  .help = "All weights of the source; operators that are not named lose theirs." },
	{ 0 },
};

static const struct schema list_schema = { "WeightsDraft", "All weights of a source.", SCHEMA_DRAFT, list_fields };

static const struct field single_fields[] = {
	{ "weight", FIELD_WEIGHT, FIELD_REQUIRED, 0, WEIGHT_MAX, .help = WEIGHT_HELP, .example = "2.5" },
	{ 0 },
};

static const struct schema single_schema = { "WeightValue", "One weight.", SCHEMA_DRAFT, single_fields };

static const struct field answer_fields[] = {
	{ "operator_id", FIELD_ID, .help = "The operator.", .example = "1" },
	{ "operator_name", FIELD_TEXT, 0, 1, 200, .help = "Its name.", .example = "\"Anna\"" },
	{ "weight", FIELD_WEIGHT, 0, 0, WEIGHT_MAX, .help = WEIGHT_HELP, .example = "2.5" },
	{ "share", FIELD_SHARE, .help = "weight / sum of the source's weights.", .example = "0.25" },
	{ "is_active", FIELD_BOOLEAN, .help = "Whether the operator takes contacts at all.", .example = "true" },
	{ "max_load_limit", FIELD_INTEGER, 0, 0, 1000000, .help = "Its limit.", .example = "10" },
	{ "active_load", FIELD_INTEGER, 0, 0, INT32_MAX, .help = "Its active contacts.", .example = "3" },
	{ 0 },
};

static const struct schema weight_schema = { "Weight", "An operator of a source, with its weight.", SCHEMA_ANSWER,
					     answer_fields };

static int by_number(const void *a, const void *b)
{
	int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;

	return (first > second) - (first < second);
}

static bool is_twice(const int64_t *sorted, size_t count, int64_t id)
{
	const int64_t *at = bsearch(&id, sorted, count, sizeof(*sorted), by_number);

	return at && ((at > sorted && at[-1] == id) || (at + 1 < sorted + count && at[1] == id));
}

/* 0 where the item, or its id, is at fault. */
static int64_t operator_of(const struct value *list, size_t index)
{
	return list->items[index] ? list->items[index][OPERATOR_ID].integer : 0;
}

void operators_check_once(const char *member, const struct value *list, struct faults *faults)
{
	int64_t *sorted = arena_alloc(faults->arena, list->count, sizeof(*sorted));

	for (size_t i = 0; i < list->count; i++)
		sorted[i] = operator_of(list, i);
	qsort(sorted, list->count, sizeof(*sorted), by_number);
	for (size_t i = 0; i < list->count; i++)
		if (operator_of(list, i) > 0 && is_twice(sorted, list->count, operator_of(list, i)))
			faults_add(faults, arena_printf(faults->arena, "%s[%zu].operator_id", member, i),
				   "names operator %" PRId64 " more than once", operator_of(list, i));
}

struct weights *weights_of(struct request *request, const struct value *list)
{
	struct arena *arena = request_arena(request);
	struct weights *weights = arena_alloc(arena, 1, sizeof(*weights));

	weights->operator_ids = arena_alloc(arena, list->count, sizeof(*weights->operator_ids));
	weights->texts = arena_alloc(arena, list->count, sizeof(*weights->texts));
	weights->count = list->count;
	for (size_t i = 0; i < list->count; i++) {
		weights->operator_ids[i] = operator_of(list, i);
		weights->texts[i] = list->items[i][WEIGHT].text;
	}
	return weights;
}

/* Names each unknown operator by its place in the input. */
static void note_unknown_operators(struct faults *faults, const struct weights *weights, const struct rows *unknown)
{
	for (int row = 0; row < rows_count(unknown); row++)
		for (size_t i = 0; i < weights->count; i++)
			if (weights->operator_ids[i] == row_int(unknown, row, 0))
				faults_add(faults, arena_printf(faults->arena, "weights[%zu].operator_id", i),
					   "there is no operator %" PRId64, weights->operator_ids[i]);
}

void weights_ask_unknown(struct flow *flow)
{
	const struct operation *operation = flow_context(flow);
	const struct weights *weights = operation->extra;
	struct args args = flow_args(flow);

	args_ints(&args, weights->operator_ids, weights->count);
	flow_ask(flow, Q_OPERATORS_UNKNOWN, &args);
}

enum flow_next weights_read_unknown(struct flow *flow)
{
	struct operation *operation = flow_context(flow);
	const struct rows *unknown = flow_rows(flow, 0);

	if (rows_count(unknown) == 0)
		return FLOW_NEXT;
	operation->faults = faults_new(request_arena(operation->request));
	note_unknown_operators(operation->faults, operation->extra, unknown);
	return FLOW_ROLLBACK;
}

/* -- all of a source's ------------------------------------------------------------------------- */

const struct endpoint weights_list_endpoint = {
	.id = "listWeights",
	.tag = "Sources",
	.summary = "List a source's weights",
	.about = "By operator id.",
	.answers = { { 200, "All weights of the source.", ANSWER_ITEMS, &weight_schema } },
};

void weights_list(struct request *request)
{
	respond_items(request, Q_WEIGHTS_LIST, respond_path_args(request, 1));
}

static void check_replace(const struct value *body, struct faults *faults)
{
	operators_check_once("weights", &body[0], faults);
}

const struct endpoint weights_replace_endpoint = {
	.check = check_replace,
	.id = "replaceWeights",
	.tag = "Sources",
	.summary = "Replace a source's weights",
	.about = "All of them at once, atomically: contacts are assigned by the old list or by the new one.",
	.body = &list_schema,
	.answers = { { 200, "The weights as they are now.", ANSWER_ITEMS, &weight_schema } },
};

static void ask_lock(struct flow *flow)
{
	const struct operation *operation = flow_context(flow);
	struct args id = flow_args(flow);

	weights_ask_unknown(flow);
	args_int(&id, request_path_number(operation->request, 0));
	flow_ask(flow, Q_SOURCE_LOCK, &id);
}

static enum flow_next read_lock(struct flow *flow)
{
	struct operation *operation = flow_context(flow);

	if (rows_count(flow_rows(flow, 1)) == 0) {
		operation->problem = &problem_not_found;
		return FLOW_ROLLBACK;
	}
	return weights_read_unknown(flow);
}

enum { LINKS_LOCKED, PRUNED, STORED, LISTED };

static void ask_replace(struct flow *flow)
{
	const struct operation *operation = flow_context(flow);
	const struct weights *weights = operation->extra;
	struct args id = flow_args(flow), prune = flow_args(flow), store = flow_args(flow);

	args_int(&id, request_path_number(operation->request, 0));
	args_int(&prune, request_path_number(operation->request, 0));
	args_ints(&prune, weights->operator_ids, weights->count);
	args_int(&store, request_path_number(operation->request, 0));
	args_ints(&store, weights->operator_ids, weights->count);
	args_texts(&store, weights->texts, weights->count);
	flow_ask(flow, Q_WEIGHTS_LOCK, &id);
	flow_ask(flow, Q_WEIGHTS_PRUNE, &prune);
	flow_ask(flow, Q_WEIGHTS_STORE, &store);
	flow_ask(flow, Q_WEIGHTS_LIST, &id);
}

static enum flow_next read_replace(struct flow *flow)
{
	struct operation *operation = flow_context(flow);
	struct text items = row_text(flow_rows(flow, LISTED), 0, 0);

	operation->json = text_of(arena_printf(request_arena(operation->request), "{\"items\":%s}", items.at));
	return FLOW_NEXT;
}

static const struct flow_step replace_steps[] = {
	{ "lock", ask_lock, read_lock },
	{ "replace", ask_replace, read_replace },
	{ 0 },
};

void weights_replace(struct request *request)
{
	struct operation *operation = operation_new(request, conflicts, operation_reply);

	operation->extra = weights_of(request, &operation->input[0]);
	operation_start(operation, replace_steps);
}

/* -- a single one ------------------------------------------------------------------------------ */

const struct endpoint weights_set_endpoint = {
	.id = "setWeight",
	.tag = "Sources",
	.summary = "Set one operator's weight",
	.body = &single_schema,
	.answers = { { 200, "The weight was changed.", ANSWER_OBJECT, &weight_schema },
		     { 201, "The operator now serves the source.", ANSWER_OBJECT, &weight_schema } },
};

enum { SET, SET_READ };

static void ask_set(struct flow *flow)
{
	const struct operation *operation = flow_context(flow);
	struct args set = flow_args(flow), read = flow_args(flow);

	args_int(&read, request_path_number(operation->request, 0));
	args_int(&read, request_path_number(operation->request, 1));
	args_int(&set, request_path_number(operation->request, 0));
	args_int(&set, request_path_number(operation->request, 1));
	args_value(&set, &operation->input[0]);
	flow_ask(flow, Q_WEIGHT_SET, &set);
	flow_ask(flow, Q_WEIGHT_READ, &read);
}

static enum flow_next read_set(struct flow *flow)
{
	struct operation *operation = flow_context(flow);

	operation_take_json(operation, flow_rows(flow, SET_READ));
	if (rows_count(flow_rows(flow, SET)))
		operation->status = row_bool(flow_rows(flow, SET), 0, 0) ? 201 : 200;
	return FLOW_NEXT;
}

static const struct flow_step set_steps[] = {
	{ "set", ask_set, read_set },
	{ 0 },
};

void weights_set(struct request *request)
{
	operation_start(operation_new(request, single_conflicts, operation_reply), set_steps);
}

const struct endpoint weights_delete_endpoint = {
	.id = "deleteWeight",
	.tag = "Sources",
	.summary = "Remove an operator from a source",
	.about = "The contacts that it has stay with it.",
	.answers = { { 204, "The operator no longer serves the source.", ANSWER_EMPTY } },
};

void weights_delete(struct request *request)
{
	respond_deletion(request, Q_WEIGHT_DELETE, respond_path_args(request, 2), conflicts);
}
