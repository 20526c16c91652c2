/* What a simulation starts from: the source and its operators as they are now, and what the draft changes of them. */
#include "api/problems.h"
#include "api/simulate.h"

#include <inttypes.h>
#include <stdlib.h>

enum { COUNTED, PEOPLE };

static void ask_case(struct flow *flow)
{
	const struct operation *operation = flow_context(flow);
	const struct simulation *simulation = operation->extra;
	struct args count = flow_args(flow), people = flow_args(flow);

	args_int(&count, request_path_number(operation->request, 0));
	args_int(&count, operation->input[SIMULATE_LAST].integer);
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
	struct roster *roster = &simulation->roster;

	*roster = (struct roster){ .seats = arena_alloc(arena, count, sizeof(*roster->seats)),
				   .seat_count = count,
				   .links = arena_alloc(arena, count, sizeof(*roster->links)),
				   .link_count = count,
				   .candidates = arena_alloc(arena, count, sizeof(*roster->candidates)),
				   .candidate_links = arena_alloc(arena, count, sizeof(*roster->candidate_links)) };
	simulation->players = arena_alloc(arena, count, sizeof(*simulation->players));
	simulation->chances = arena_alloc(arena, count, sizeof(*simulation->chances));
	for (size_t i = 0; i < count; i++) {
		int row = (int)i;
		struct text name = row_text(rows, row, 1);

		roster->seats[i] = (struct seat){ .operator_id = row_int(rows, row, 0),
						  .is_active = row_bool(rows, row, 2),
						  .limit = row_int(rows, row, 3),
						  .load = row_int(rows, row, 4),
						  .last_contact_id = row_int(rows, row, 5) };
		roster->links[i] = (struct link){ .source_id = simulation->wish.source_id, .seat = i };
		if (!row_is_null(rows, row, 6)) {
			roster->links[i].weight = row_thousandths(rows, row, 6);
			roster->links[i].credit = row_int(rows, row, 7);
		}
		simulation->players[i] = (struct player){ .name = arena_copy(arena, name.at, name.length) };
	}
}

/* The draft's weights in place of the stored ones; operators without a weight are not in the case. */
static void take_weights(struct simulation *simulation, const struct value *list, struct faults *faults)
{
	const struct roster *roster = &simulation->roster;

	if (!list->is_given)
		return;
	for (size_t i = 0; i < roster->link_count; i++)
		roster->links[i].weight = 0;
	for (size_t i = 0; i < list->count; i++) {
		struct seat *seat = seat_of(simulation, simulation->weights->operator_ids[i]);

		if (seat)
			roster->links[seat - roster->seats].weight = list->items[i][1].integer;
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

static void note_who_is_full(struct simulation *simulation)
{
	for (size_t i = 0; i < simulation->roster.seat_count; i++) {
		const struct seat *seat = &simulation->roster.seats[i];

		simulation->players[i].full_at = seat->load < seat->limit ? -1 : 0;
	}
}

/* The draft's strategy, or the source's own; an unknown name is one of a later version of the program. */
static void take_strategy(struct simulation *simulation, const struct value *given, struct text stored)
{
	struct text name = given->is_given ? given->text : stored;

	if (!strategy_by_name(name.at, &simulation->wish.strategy))
		simulation->wish.strategy = STRATEGY_WEIGHTED_RANDOM;
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
	simulation->contacts = operation->input[SIMULATE_CONTACTS].is_given
				       ? operation->input[SIMULATE_CONTACTS].integer
				       : row_int(flow_rows(flow, COUNTED), 0, 0);
	take_strategy(simulation, &operation->input[SIMULATE_STRATEGY], row_text(flow_rows(flow, COUNTED), 0, 1));
	read_people(simulation, arena, flow_rows(flow, PEOPLE));
	take_weights(simulation, &operation->input[SIMULATE_WEIGHTS], faults);
	take_overrides(simulation, &operation->input[SIMULATE_OPERATORS], faults);
	note_who_is_full(simulation);
	if (faults->count)
		operation->faults = faults;
	return FLOW_NEXT;
}

const struct flow_step simulation_case_steps[] = {
	{ "case", ask_case, read_case },
	{ 0 },
};
