/* What a source's contacts would come to under other weights or limits: the rule itself, on a copy, nothing written. */
#include "api/internal.h"
#include "api/problems.h"
#include "domain/assign.h"

#include <inttypes.h>
#include <stdlib.h>

enum { CONTACTS, LAST, WEIGHTS, OPERATORS, SEED };
enum { OVERRIDE_ID, OVERRIDE_ACTIVE, OVERRIDE_LIMIT };

enum {
	CONTACTS_MAX = 100000,
	LOOKS_A_TURN = 500000 /* links looked at in one turn of the loop: a few milliseconds */
};

static const struct field operator_fields[] = {
	[OVERRIDE_ID] = { "operator_id", FIELD_ID, FIELD_REQUIRED, .help = "The operator.", .example = "1" },
	[OVERRIDE_ACTIVE] = { "is_active", FIELD_BOOLEAN, .help = "As if it were so; else as it is.",
			      .example = "true" },
	[OVERRIDE_LIMIT] = { "max_load_limit", FIELD_INTEGER, 0, 0, 1000000, .help = "As if it were so; else as it is.",
			     .example = "20" },
	{ 0 },
};

static const struct schema operator_schema = { "OperatorOverride", "An operator as it might be.", SCHEMA_DRAFT,
					       operator_fields };

static const struct field draft_fields[] = {
	[CONTACTS] = { "contacts", FIELD_INTEGER, 0, 1, CONTACTS_MAX,
		       .help = "How many contacts come in. Either this or last.", .example = "1000" },
	[LAST] = { "last", FIELD_INTEGER, 0, 1, CONTACTS_MAX,
		   .help = "As many as the source's own last contacts, at most so many." },
	[WEIGHTS] = { "weights", FIELD_LIST, 0, 0, 1000, .schema = &weights_input_schema,
		      .help = "Instead of the source's weights." },
	[OPERATORS] = { "operators", FIELD_LIST, 0, 0, 1000, .schema = &operator_schema,
			.help = "Operators of the source with another limit or activity." },
	[SEED] = { "seed", FIELD_INTEGER, 0, 0, INT64_MAX,
		   .help = "The same seed gives the same draws; without it, one is chosen.", .example = "1" },
	{ 0 },
};

static const struct schema draft_schema = { "SimulationDraft", "A case to be tried out.", SCHEMA_DRAFT, draft_fields };

static const struct field item_fields[] = {
	{ "operator_id", FIELD_ID, .help = "The operator.", .example = "1" },
	{ "operator_name", FIELD_TEXT, 0, 1, 200, .help = "Its name.", .example = "\"Anna\"" },
	{ "weight", FIELD_WEIGHT, 0, 0, 1000000, .help = "Its weight in this case.", .example = "2.5" },
	{ "expected_share", FIELD_SHARE, .help = "weight / sum of the weights.", .example = "0.25" },
	{ "actual_share", FIELD_SHARE, .help = "Its part of all that were assigned.", .example = "0.248" },
	{ "assigned", FIELD_INTEGER, 0, 0, CONTACTS_MAX, .help = "Contacts that it would get.", .example = "248" },
	{ "active_load", FIELD_INTEGER, 0, 0, INT32_MAX, .help = "Its active contacts afterwards.", .example = "251" },
	{ "max_load_limit", FIELD_INTEGER, 0, 0, 1000000, .help = "Its limit in this case.", .example = "1000" },
	{ "full_at", FIELD_INTEGER, FIELD_NULLABLE, 0, CONTACTS_MAX,
	  .help = "The ordinal of the contact that filled it up; 0: it was full before; null: it has room left.",
	  .example = "null" },
	{ 0 },
};

static const struct schema item_schema = { "SimulatedOperator", "What an operator would get.", SCHEMA_ANSWER,
					   item_fields };

static const struct field answer_fields[] = {
	{ "contacts", FIELD_INTEGER, 0, 0, CONTACTS_MAX, .help = "How many came in.", .example = "1000" },
	{ "assigned", FIELD_INTEGER, 0, 0, CONTACTS_MAX, .help = "How many got an operator.", .example = "1000" },
	{ "waiting", FIELD_INTEGER, 0, 0, CONTACTS_MAX, .help = "How many would wait.", .example = "0" },
	{ "first_waiting_at", FIELD_INTEGER, FIELD_NULLABLE, 1, CONTACTS_MAX,
	  .help = "The ordinal of the first that would wait; null: none.", .example = "null" },
	{ "seed", FIELD_INTEGER, 0, 0, INT64_MAX, .help = "Of the draws; send it again for the same result.",
	  .example = "1" },
	{ "items", FIELD_LIST, 0, 0, INT32_MAX, .schema = &item_schema, .help = "By operator id." },
	{ 0 },
};

static const struct schema answer_schema = { "Simulation", "What would come of it.", SCHEMA_ANSWER, answer_fields };

static void check_draft(const struct value *body, struct faults *faults)
{
	if (body[CONTACTS].is_given == body[LAST].is_given)
		faults_add(faults, "contacts", "must be given, or else last, but not both");
	operators_check_once("weights", &body[WEIGHTS], faults);
	operators_check_once("operators", &body[OPERATORS], faults);
}

const struct endpoint sources_simulate_endpoint = {
	.check = check_draft,
	.is_read_only = true,
	.id = "simulateSource",
	.tag = "Sources",
	.summary = "Try out weights and limits",
	.about = "Hands out contacts by the same rule as the real ones, from the loads as they are now, and writes "
		 "nothing: who would get how many, who would fill up and when, how many would wait. No contact is "
		 "closed meanwhile.",
	.body = &draft_schema,
	.answers = { { 200, "What would come of it.", ANSWER_OBJECT, &answer_schema } },
};

/* One operator of the case, beside its seat. */
struct player {
	const char *name;
	int64_t weight; /* thousandths */
	int64_t assigned;
	int64_t full_at; /* -1: has room */
};

struct simulation {
	const struct weights *weights; /* of the draft */
	bool has_weights;
	struct roster roster;
	struct link *links;
	struct player *players; /* one per seat */
	struct rng rng;
	int64_t seed, contacts, done, first_waiting_at;
	struct operation *operation;
	struct deferred next;
};

/* -- the case ---------------------------------------------------------------------------------- */

enum { COUNTED, PEOPLE };

static void ask_case(struct flow *flow)
{
	const struct operation *operation = flow_context(flow);
	const struct simulation *simulation = operation->extra;
	struct args count = flow_args(flow), people = flow_args(flow);

	args_int(&count, request_path_number(operation->request, 0));
	args_int(&count, operation->input[LAST].integer);
	args_int(&people, request_path_number(operation->request, 0));
	args_ints(&people, simulation->weights->operator_ids, simulation->weights->count);
	flow_ask(flow, Q_SIMULATION_CONTACTS, &count);
	flow_ask(flow, Q_SIMULATION_OPERATORS, &people);
}

static int seat_by_operator(const void *a, const void *b)
{
	int64_t first = ((const struct seat *)a)->operator_id, second = ((const struct seat *)b)->operator_id;

	return (first > second) - (first < second);
}

static struct seat *seat_of(const struct simulation *simulation, int64_t operator_id)
{
	struct seat key = { .operator_id = operator_id };
	const struct roster *roster = &simulation->roster;

	return bsearch(&key, roster->seats, roster->seat_count, sizeof(key), seat_by_operator);
}

static void read_people(struct simulation *simulation, struct arena *arena, const struct rows *rows)
{
	size_t count = (size_t)rows_count(rows);
	struct seat *seats = arena_alloc(arena, count, sizeof(*seats));

	simulation->players = arena_alloc(arena, count, sizeof(*simulation->players));
	for (size_t i = 0; i < count; i++) {
		int row = (int)i;
		struct text name = row_text(rows, row, 1);

		seats[i] = (struct seat){ .operator_id = row_int(rows, row, 0),
					  .load = row_int(rows, row, 4),
					  .limit = row_int(rows, row, 3),
					  .is_active = row_bool(rows, row, 2) };
		simulation->players[i] = (struct player){ .name = arena_copy(arena, name.at, name.length) };
		if (!row_is_null(rows, row, 5))
			simulation->players[i].weight = row_thousandths(rows, row, 5);
	}
	simulation->roster = (struct roster){ .seats = seats, .seat_count = count };
}

/* The draft's weights in place of the stored ones; operators without a weight are not in the case. */
static void take_weights(struct simulation *simulation, const struct value *list, struct faults *faults)
{
	if (!simulation->has_weights)
		return;
	for (size_t i = 0; i < simulation->roster.seat_count; i++)
		simulation->players[i].weight = 0;
	for (size_t i = 0; i < list->count; i++) {
		struct seat *seat = seat_of(simulation, simulation->weights->operator_ids[i]);

		if (seat)
			simulation->players[seat - simulation->roster.seats].weight = list->items[i][1].integer;
		else
			faults_add(faults, arena_printf(faults->arena, "weights[%zu].operator_id", i),
				   "there is no operator %" PRId64, simulation->weights->operator_ids[i]);
	}
}

static void take_overrides(struct simulation *simulation, const struct value *list, struct faults *faults)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct value *item = list->items[i];
		struct seat *seat = seat_of(simulation, item[OVERRIDE_ID].integer);

		if (!seat) {
			faults_add(faults, arena_printf(faults->arena, "operators[%zu].operator_id", i),
				   "operator %" PRId64 " does not serve the source", item[OVERRIDE_ID].integer);
			continue;
		}
		if (item[OVERRIDE_ACTIVE].is_given)
			seat->is_active = item[OVERRIDE_ACTIVE].integer;
		if (item[OVERRIDE_LIMIT].is_given)
			seat->limit = item[OVERRIDE_LIMIT].integer;
	}
}

static void link_players(struct simulation *simulation, struct arena *arena)
{
	struct roster *roster = &simulation->roster;
	struct link *links = arena_alloc(arena, roster->seat_count, sizeof(*links));

	for (size_t i = 0; i < roster->seat_count; i++) {
		struct player *player = &simulation->players[i];

		links[i] = (struct link){ .source_id = 1, .seat = i, .weight = player->weight };
		player->full_at = roster->seats[i].load < roster->seats[i].limit ? -1 : 0;
	}
	roster->links = links;
	roster->link_count = roster->seat_count;
}

static enum flow_next read_case(struct flow *flow)
{
	struct operation *operation = flow_context(flow);
	struct simulation *simulation = operation->extra;
	struct arena *arena = request_arena(operation->request);
	struct faults *faults = faults_new(arena);

	if (rows_count(flow_rows(flow, COUNTED)) == 0) {
		operation->problem = &problem_not_found;
		return FLOW_NEXT;
	}
	simulation->contacts = operation->input[CONTACTS].is_given ? operation->input[CONTACTS].integer
								   : row_int(flow_rows(flow, COUNTED), 0, 0);
	read_people(simulation, arena, flow_rows(flow, PEOPLE));
	take_weights(simulation, &operation->input[WEIGHTS], faults);
	take_overrides(simulation, &operation->input[OPERATORS], faults);
	link_players(simulation, arena);
	if (faults->count)
		operation->faults = faults;
	return FLOW_NEXT;
}

static const struct flow_step case_steps[] = {
	{ "case", ask_case, read_case },
	{ 0 },
};

/* -- the play ---------------------------------------------------------------------------------- */

static void reply_result(struct simulation *simulation)
{
	const struct roster *roster = &simulation->roster;
	int64_t assigned = 0, weights = 0;
	struct buf json;

	for (size_t i = 0; i < roster->seat_count; i++) {
		assigned += simulation->players[i].assigned;
		weights += simulation->players[i].weight;
	}
	buf_init(&json);
	buf_printf(&json, "{\"contacts\":%" PRId64 ",\"assigned\":%" PRId64 ",\"waiting\":%" PRId64,
		   simulation->contacts, assigned, simulation->contacts - assigned);
	if (simulation->first_waiting_at)
		buf_printf(&json, ",\"first_waiting_at\":%" PRId64, simulation->first_waiting_at);
	else
		buf_string(&json, ",\"first_waiting_at\":null");
	buf_printf(&json, ",\"seed\":%" PRId64 ",\"items\":[", simulation->seed);
	for (size_t i = 0; i < roster->seat_count; i++) {
		const struct player *player = &simulation->players[i];
		const struct seat *seat = &roster->seats[i];

		buf_printf(&json, "%s{\"operator_id\":%" PRId64 ",\"operator_name\":", i ? "," : "", seat->operator_id);
		buf_json(&json, text_of(player->name));
		buf_printf(&json, ",\"weight\":%.10g,\"expected_share\":%.10g,\"actual_share\":%.10g",
			   (double)player->weight / 1000, weights ? (double)player->weight / (double)weights : 0,
			   assigned ? (double)player->assigned / (double)assigned : 0);
		buf_printf(&json, ",\"assigned\":%" PRId64 ",\"active_load\":%" PRId64 ",\"max_load_limit\":%" PRId64,
			   player->assigned, seat->load, seat->limit);
		if (player->full_at < 0)
			buf_string(&json, ",\"full_at\":null}");
		else
			buf_printf(&json, ",\"full_at\":%" PRId64 "}", player->full_at);
	}
	buf_string(&json, "]}");
	reply_json_take(simulation->operation->request, 200, &json);
	buf_done(&json);
}

static void play_one(struct simulation *simulation)
{
	static const int64_t source = 1;
	struct choice choice;

	assign_plan(&simulation->roster, &source, 1, &simulation->rng, &choice);
	simulation->done++;
	if (choice.seat == NOBODY) {
		if (!simulation->first_waiting_at)
			simulation->first_waiting_at = simulation->done;
		return;
	}
	simulation->players[choice.seat].assigned++;
	if (simulation->roster.seats[choice.seat].load == simulation->roster.seats[choice.seat].limit)
		simulation->players[choice.seat].full_at = simulation->done;
}

/* In slices, so that a large case keeps nobody else waiting. */
static void play_slice(void *context)
{
	struct simulation *simulation = context;
	struct api *api = request_world(simulation->operation->request);
	size_t slice = LOOKS_A_TURN / (simulation->roster.link_count + 1);

	for (size_t i = 0; i < slice && simulation->done < simulation->contacts; i++)
		play_one(simulation);
	if (simulation->done < simulation->contacts)
		loop_defer(api->loop, &simulation->next);
	else
		reply_result(simulation);
}

static void finish_case(struct operation *operation)
{
	struct simulation *simulation = operation->extra;

	if (operation->problem || operation->faults)
		operation_reply(operation);
	else
		play_slice(simulation);
}

void sources_simulate(struct request *request)
{
	struct operation *operation = operation_new(request, NULL, finish_case);
	struct simulation *simulation = arena_alloc(request_arena(request), 1, sizeof(*simulation));
	const struct value *input = operation->input;

	simulation->has_weights = input[WEIGHTS].is_given;
	simulation->weights = weights_of(request, &input[WEIGHTS]);
	simulation->seed = input[SEED].is_given ? input[SEED].integer : (int64_t)(rng_entropy() >> 12);
	rng_seed(&simulation->rng, (uint64_t)simulation->seed);
	simulation->operation = operation;
	deferred_init(&simulation->next, play_slice, simulation);
	operation->extra = simulation;
	operation_start(operation, case_steps);
}
