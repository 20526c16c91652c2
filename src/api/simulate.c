/* What a source's contacts would come to in another case: the rule itself, on a copy, nothing written. */
#include "api/simulate.h"

#include <inttypes.h>

enum {
	CONTACTS_MAX = 100000,
	LOOKS_A_TURN = 200000, /* links looked at in one turn of the loop: a few milliseconds */
	AT_ONCE = 16           /* under way; each has a large part of a processor for a second at most */
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
	[SIMULATE_CONTACTS] = { "contacts", FIELD_INTEGER, 0, 1, CONTACTS_MAX,
				.help = "How many contacts come in. Either this or last.", .example = "1000" },
	[SIMULATE_LAST] = { "last", FIELD_INTEGER, 0, 1, CONTACTS_MAX,
			    .help = "As many as the source's own last contacts, at most so many." },
	[SIMULATE_WEIGHTS] = { "weights", FIELD_LIST, 0, 0, 1000, .schema = &weights_input_schema,
			       .help = "Instead of the source's weights." },
	[SIMULATE_STRATEGY] = { "strategy", FIELD_CHOICE, .choices = strategy_names,
				.help = "Instead of the source's strategy.", .example = "\"smooth_weighted\"" },
	[SIMULATE_OPERATORS] = { "operators", FIELD_LIST, 0, 0, 1000, .schema = &operator_schema,
				 .help = "Operators of the source with another limit or activity." },
	[SIMULATE_SEED] = { "seed", FIELD_INTEGER, 0, 0, INT64_MAX,
			    .help = "The same seed gives the same draws; without it, one is chosen.", .example = "1" },
	{ 0 },
};

static const struct schema draft_schema = { "SimulationDraft", "A case to be tried out.", SCHEMA_DRAFT, draft_fields };

static const struct field item_fields[] = {
	{ "operator_id", FIELD_ID, .help = "The operator.", .example = "1" },
	{ "operator_name", FIELD_TEXT, 0, 1, 200, .help = "Its name.", .example = "\"Anna\"" },
	{ "weight", FIELD_WEIGHT, 0, 0, 1000000, .help = "Its weight in this case.", .example = "2.5" },
	{ "expected_share", FIELD_SHARE,
	  .help = "The part of the assigned contacts that its chances come to: in each choice, weight / sum of the "
		  "weights of those who had room. Of strategies that leave nothing to the weights, what it got.",
	  .example = "0.25" },
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
	{ "strategy", FIELD_CHOICE, .choices = strategy_names, .help = "The one that chose.",
	  .example = "\"weighted_random\"" },
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
	if (body[SIMULATE_CONTACTS].is_given == body[SIMULATE_LAST].is_given)
		faults_add(faults, "contacts", "must be given, or else last, but not both");
	operators_check_once("weights", &body[SIMULATE_WEIGHTS], faults);
	operators_check_once("operators", &body[SIMULATE_OPERATORS], faults);
}

const struct endpoint sources_simulate_endpoint = {
	.check = check_draft,
	.id = "simulateSource",
	.tag = "Sources",
	.summary = "Try out weights, limits and strategies",
	.about = "Hands out contacts by the same rule as the real ones, from the loads, credits and last contacts as "
		 "they are now, and writes nothing: who would get how many, who would fill up and when, how many "
		 "would wait. No contact is closed meanwhile, other sources send none, nobody who waits already "
		 "takes a place, and every contact is of a new lead: sticky_seconds has no say. While too many are "
		 "under way, one more is answered with 503.",
	.body = &draft_schema,
	.answers = { { 200, "What would come of it.", ANSWER_OBJECT, &answer_schema } },
};

/* -- the play ---------------------------------------------------------------------------------- */

static void print_player(struct buf *json, const struct simulation *simulation, size_t index, int64_t assigned)
{
	const struct player *player = &simulation->players[index];
	const struct seat *seat = &simulation->roster.seats[index];
	double whole = assigned ? (double)assigned : 1;

	buf_printf(json, "%s{\"operator_id\":%" PRId64 ",\"operator_name\":", index ? "," : "", seat->operator_id);
	buf_json(json, text_of(player->name));
	buf_printf(json, ",\"weight\":%.10g,\"expected_share\":%.10g,\"actual_share\":%.10g",
		   (double)simulation->roster.links[index].weight / 1000, simulation->chances[index] / whole,
		   (double)player->assigned / whole);
	buf_printf(json, ",\"assigned\":%" PRId64 ",\"active_load\":%" PRId64 ",\"max_load_limit\":%" PRId64,
		   player->assigned, seat->load, seat->limit);
	if (player->full_at < 0)
		buf_string(json, ",\"full_at\":null}");
	else
		buf_printf(json, ",\"full_at\":%" PRId64 "}", player->full_at);
}

static void reply_result(struct simulation *simulation)
{
	size_t count = simulation->roster.seat_count;
	int64_t assigned = 0;
	struct buf json;

	for (size_t i = 0; i < count; i++)
		assigned += simulation->players[i].assigned;
	buf_init(&json);
	buf_printf(&json, "{\"strategy\":\"%s\",\"contacts\":%" PRId64 ",\"assigned\":%" PRId64 ",\"waiting\":%" PRId64,
		   strategy_name(simulation->wish.strategy), simulation->contacts, assigned,
		   simulation->contacts - assigned);
	if (simulation->first_waiting_at)
		buf_printf(&json, ",\"first_waiting_at\":%" PRId64, simulation->first_waiting_at);
	else
		buf_string(&json, ",\"first_waiting_at\":null");
	buf_printf(&json, ",\"seed\":%" PRId64 ",\"items\":[", simulation->seed);
	for (size_t i = 0; i < count; i++)
		print_player(&json, simulation, i, assigned);
	buf_string(&json, "]}");
	reply_json_take(simulation->operation->request, 200, &json);
	buf_done(&json);
}

static void play_one(struct simulation *simulation)
{
	struct roster *roster = &simulation->roster;
	struct choice choice = assign_one(roster, &simulation->wish, &simulation->rng);

	simulation->done++;
	if (choice.seat == NOBODY) {
		if (!simulation->first_waiting_at)
			simulation->first_waiting_at = simulation->done;
		return;
	}
	assign_add_chances(roster, (struct link_range){ 0, roster->link_count }, &simulation->wish, &choice,
			   simulation->chances);
	simulation->players[choice.seat].assigned++;
	if (roster->seats[choice.seat].load == roster->seats[choice.seat].limit)
		simulation->players[choice.seat].full_at = simulation->done;
}

/* One slice of one of them in a turn of the loop, so that they keep nobody else waiting, whatever their number. */
static void play_slice(void *context)
{
	struct api *api = context;
	struct simulation *simulation = LIST_ITEM(api->simulations.played.next, struct simulation, node);
	size_t slice = 1 + LOOKS_A_TURN / (simulation->roster.link_count + 1);

	list_remove(&simulation->node);
	for (size_t i = 0; i < slice && simulation->done < simulation->contacts; i++)
		play_one(simulation);
	if (simulation->done < simulation->contacts) {
		list_append(&api->simulations.played, &simulation->node);
	} else {
		api->simulations.count--;
		reply_result(simulation);
	}
	if (!list_is_empty(&api->simulations.played))
		loop_defer(api->loop, &api->simulations.next);
}

static void finish_case(struct operation *operation)
{
	struct simulation *simulation = operation->extra;
	struct api *api = request_world(operation->request);

	if (operation->problem || operation->faults) {
		api->simulations.count--;
		operation_reply(operation);
		return;
	}
	list_append(&api->simulations.played, &simulation->node);
	loop_defer(api->loop, &api->simulations.next);
}

static void case_failed(struct operation *operation)
{
	struct api *api = request_world(operation->request);

	api->simulations.count--;
}

void simulations_init(struct api *api)
{
	list_init(&api->simulations.played);
	deferred_init(&api->simulations.next, play_slice, api);
}

void sources_simulate(struct request *request)
{
	struct api *api = request_world(request);
	struct operation *operation;
	struct simulation *simulation;
	const struct value *input;

	if (api->simulations.count == AT_ONCE) {
		reply_problem(request, &problem_unavailable, "Nothing was tried out: %d simulations are under way.",
			      AT_ONCE);
		return;
	}
	api->simulations.count++;
	operation = operation_new(request, NULL, finish_case);
	simulation = arena_alloc(request_arena(request), 1, sizeof(*simulation));
	input = operation->input;
	simulation->wish.source_id = request_path_number(request, 0);
	simulation->weights = weights_of(request, &input[SIMULATE_WEIGHTS]);
	simulation->seed =
		input[SIMULATE_SEED].is_given ? input[SIMULATE_SEED].integer : (int64_t)(rng_entropy() >> 12);
	rng_seed(&simulation->rng, (uint64_t)simulation->seed);
	simulation->operation = operation;
	operation->extra = simulation;
	operation->failed = case_failed;
	operation_start(operation, simulation_case_steps);
}
