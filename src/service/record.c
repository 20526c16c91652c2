/* What choices were made from, and what came of them: a row of assignment_decisions for each source of a batch. */
#include "service/internal.h"

enum { ROOM_START = 8 };

/* One source of the batch. */
struct source_record {
	int64_t source_id;
	enum strategy strategy;
	struct link_range links;
	double *expected;  /* per link: sum of its chances */
	int64_t *assigned; /* per link */
	int64_t waiting;
	int last_ordinal; /* of its own choices */
};

struct taken {
	int ordinal;
	size_t seat;
	size_t source; /* index into sources */
	bool is_by_strategy;
};

struct record {
	struct arena *arena;
	struct roster before; /* seats and links as they were */
	struct source_record *sources;
	struct taken *taken;
	size_t source_count, source_room, taken_count, taken_room;
	int choices;
};

struct record *record_new(struct arena *arena, const struct roster *roster)
{
	struct record *record = arena_alloc(arena, 1, sizeof(*record));
	struct seat *seats = arena_alloc(arena, roster->seat_count, sizeof(*seats));
	struct link *links = arena_alloc(arena, roster->link_count, sizeof(*links));

	if (roster->seat_count)
		memcpy(seats, roster->seats, roster->seat_count * sizeof(*seats));
	if (roster->link_count)
		memcpy(links, roster->links, roster->link_count * sizeof(*links));
	record->arena = arena;
	record->before = (struct roster){
		.seats = seats, .seat_count = roster->seat_count, .links = links, .link_count = roster->link_count
	};
	return record;
}

/* items, with room for one more. */
static void *grown(struct arena *arena, void *items, size_t count, size_t *room, size_t size)
{
	void *larger;

	if (count < *room)
		return items;
	*room = *room ? *room * 2 : ROOM_START;
	larger = arena_alloc(arena, *room, size);
	if (count)
		memcpy(larger, items, count * size);
	return larger;
}

/* The last one is the likeliest. */
static struct source_record *source_of(struct record *record, const struct wish *wish)
{
	struct source_record *source;

	for (size_t i = record->source_count; i-- > 0;)
		if (record->sources[i].source_id == wish->source_id)
			return &record->sources[i];
	record->sources = grown(record->arena, record->sources, record->source_count, &record->source_room,
				sizeof(*record->sources));
	source = &record->sources[record->source_count++];
	*source = (struct source_record){ .source_id = wish->source_id, .strategy = wish->strategy };
	source->links = roster_links_of(&record->before, wish->source_id);
	source->expected = arena_alloc(record->arena, source->links.count, sizeof(*source->expected));
	source->assigned = arena_alloc(record->arena, source->links.count, sizeof(*source->assigned));
	return source;
}

int record_choice(struct record *record, const struct roster *roster, const struct wish *wish,
		  const struct choice *choice)
{
	struct source_record *source = source_of(record, wish);

	source->last_ordinal = record->choices;
	if (choice->seat == NOBODY) {
		source->waiting++;
		return record->choices++;
	}
	assign_add_chances(roster, source->links, wish, choice, source->expected);
	for (size_t i = 0; i < source->links.count; i++)
		if ((ptrdiff_t)record->before.links[source->links.first + i].seat == choice->seat)
			source->assigned[i]++;
	record->taken =
		grown(record->arena, record->taken, record->taken_count, &record->taken_room, sizeof(*record->taken));
	record->taken[record->taken_count++] = (struct taken){
		.ordinal = record->choices,
		.seat = (size_t)choice->seat,
		.source = (size_t)(source - record->sources),
		.is_by_strategy = !choice->is_sticky,
	};
	return record->choices++;
}

void record_settle(const struct record *record, struct wish *wish)
{
	for (size_t i = record->source_count; i-- > 0;)
		if (record->sources[i].source_id == wish->source_id)
			wish->strategy = record->sources[i].strategy;
}

const char *choice_reason(const struct wish *wish, const struct choice *choice)
{
	if (choice->seat == NOBODY)
		return waiting_reason_name(choice->reason);
	return choice->is_sticky ? "sticky" : strategy_name(wish->strategy);
}

/* -- as parameters: the lists of all sources one behind the other, and where in them each source begins and ends -- */

enum { OF_SOURCE_ID, WAITING, FIRST, LAST, CREDITS_FIRST, CONTACTS_FIRST, TAKEN_FIRST, TAKEN_LAST, SOURCE_COLUMNS };
enum { OPERATOR_ID, WEIGHT, LIMIT, LOAD, CREDIT, LAST_CONTACT_ID, ASSIGNED, LINK_COLUMNS };
enum { TAKEN_ORDINAL, TAKEN_SEAT, TAKEN_COLUMNS };

struct lists {
	struct text *strategies;
	int64_t *sources[SOURCE_COLUMNS], *links[LINK_COLUMNS], *taken[TAKEN_COLUMNS];
	bool *are_active, *are_own;
	double *expected;
	size_t source_count, link_count, taken_count;
};

static struct lists lists_new(const struct record *record)
{
	struct arena *arena = record->arena;
	size_t *lists_with = arena_alloc(arena, record->before.seat_count, sizeof(*lists_with)); /* of each seat */
	size_t links = 0, taken = 0;
	struct lists lists = { 0 };

	for (size_t i = 0; i < record->source_count; i++) {
		struct link_range range = record->sources[i].links;

		links += range.count;
		for (size_t k = 0; k < range.count; k++)
			lists_with[record->before.links[range.first + k].seat]++;
	}
	for (size_t i = 0; i < record->taken_count; i++)
		taken += lists_with[record->taken[i].seat];
	lists.strategies = arena_alloc(arena, record->source_count, sizeof(*lists.strategies));
	for (size_t k = 0; k < SOURCE_COLUMNS; k++)
		lists.sources[k] = arena_alloc(arena, record->source_count, sizeof(**lists.sources));
	for (size_t k = 0; k < LINK_COLUMNS; k++)
		lists.links[k] = arena_alloc(arena, links, sizeof(**lists.links));
	for (size_t k = 0; k < TAKEN_COLUMNS; k++)
		lists.taken[k] = arena_alloc(arena, taken, sizeof(**lists.taken));
	lists.are_active = arena_alloc(arena, links, sizeof(*lists.are_active));
	lists.expected = arena_alloc(arena, links, sizeof(*lists.expected));
	lists.are_own = arena_alloc(arena, taken, sizeof(*lists.are_own));
	return lists;
}

static void add_link(struct lists *lists, const struct record *record, const struct source_record *source, size_t index)
{
	const struct link *link = &record->before.links[source->links.first + index];
	const struct seat *seat = &record->before.seats[link->seat];
	size_t at = lists->link_count++;

	lists->links[OPERATOR_ID][at] = seat->operator_id;
	lists->links[WEIGHT][at] = link->weight;
	lists->links[LIMIT][at] = seat->limit;
	lists->links[LOAD][at] = seat->load;
	lists->links[CREDIT][at] = link->credit;
	lists->links[LAST_CONTACT_ID][at] = seat->last_contact_id;
	lists->links[ASSIGNED][at] = source->assigned[index];
	lists->are_active[at] = seat->is_active;
	lists->expected[at] = source->expected[index];
}

/* places: of each seat among the source's links, from 1; 0: it is not there */
static void add_taken(struct lists *lists, const struct record *record, const struct source_record *source,
		      const int64_t *places)
{
	for (size_t i = 0; i < record->taken_count && record->taken[i].ordinal < source->last_ordinal; i++) {
		const struct taken *taken = &record->taken[i];
		size_t at = lists->taken_count;

		if (!places[taken->seat])
			continue;
		lists->taken[TAKEN_ORDINAL][at] = taken->ordinal;
		lists->taken[TAKEN_SEAT][at] = places[taken->seat];
		lists->are_own[at] = taken->is_by_strategy && &record->sources[taken->source] == source;
		lists->taken_count++;
	}
}

static void add_source(struct lists *lists, const struct record *record, const struct source_record *source,
		       int64_t *places)
{
	size_t row = lists->source_count++, first_link = source->links.first;
	int64_t first = (int64_t)lists->link_count + 1, taken_first = (int64_t)lists->taken_count + 1;

	for (size_t i = 0; i < source->links.count; i++) {
		places[record->before.links[first_link + i].seat] = (int64_t)i + 1;
		add_link(lists, record, source, i);
	}
	if (record->choices > 1)
		add_taken(lists, record, source, places);
	for (size_t i = 0; i < source->links.count; i++)
		places[record->before.links[first_link + i].seat] = 0;
	lists->strategies[row] = text_of(strategy_name(source->strategy));
	lists->sources[OF_SOURCE_ID][row] = source->source_id;
	lists->sources[WAITING][row] = source->waiting;
	lists->sources[FIRST][row] = first;
	lists->sources[LAST][row] = (int64_t)lists->link_count;
	lists->sources[CREDITS_FIRST][row] = source->strategy == STRATEGY_SMOOTH_WEIGHTED ? first : 0;
	lists->sources[CONTACTS_FIRST][row] = source->strategy == STRATEGY_LEAST_RECENT ? first : 0;
	lists->sources[TAKEN_FIRST][row] = record->choices > 1 ? taken_first : 0;
	lists->sources[TAKEN_LAST][row] = (int64_t)lists->taken_count;
}

static void args_ints_if(struct args *args, bool is_given, const int64_t *numbers, size_t count)
{
	if (is_given)
		args_ints(args, numbers, count);
	else
		args_null(args);
}

static void args_links(struct args *args, const struct lists *lists, bool with_credits, bool with_contacts)
{
	size_t count = lists->link_count;

	args_ints(args, lists->links[OPERATOR_ID], count);
	args_thousandths(args, lists->links[WEIGHT], count);
	args_bools(args, lists->are_active, count);
	args_ints4(args, lists->links[LIMIT], count);
	args_ints4(args, lists->links[LOAD], count);
	args_ints_if(args, with_credits, lists->links[CREDIT], count);
	args_ints_if(args, with_contacts, lists->links[LAST_CONTACT_ID], count);
	args_doubles(args, lists->expected, count);
	args_ints4(args, lists->links[ASSIGNED], count);
}

static void ask_lists(struct flow *flow, const struct lists *lists, int64_t batch_id)
{
	struct args args = flow_args(flow);
	size_t sources = lists->source_count, taken = lists->taken_count;

	args_int(&args, batch_id);
	args_ints(&args, lists->sources[OF_SOURCE_ID], sources);
	args_texts(&args, lists->strategies, sources);
	for (size_t k = WAITING; k <= LAST; k++)
		args_ints(&args, lists->sources[k], sources);
	for (size_t k = CREDITS_FIRST; k <= TAKEN_FIRST; k++)
		args_ints_or_null(&args, lists->sources[k], sources);
	args_ints(&args, lists->sources[TAKEN_LAST], sources);
	args_links(&args, lists, true, true);
	args_ints4(&args, lists->taken[TAKEN_ORDINAL], taken);
	args_ints(&args, lists->taken[TAKEN_SEAT], taken);
	args_bools(&args, lists->are_own, taken);
	flow_ask(flow, Q_BATCH_DECISIONS, &args);
}

/* The same of one source, whose lists are whole; at most INT16_MAX operators. */
static void ask_one(struct flow *flow, const struct lists *lists, int64_t batch_id)
{
	struct args args = flow_args(flow);
	size_t taken = lists->taken_count;

	args_int(&args, batch_id);
	args_int(&args, *lists->sources[OF_SOURCE_ID]);
	args_text(&args, *lists->strategies);
	args_int(&args, *lists->sources[WAITING]);
	args_links(&args, lists, *lists->sources[CREDITS_FIRST], *lists->sources[CONTACTS_FIRST]);
	if (*lists->sources[TAKEN_FIRST]) {
		args_ints4(&args, lists->taken[TAKEN_ORDINAL], taken);
		args_ints2(&args, lists->taken[TAKEN_SEAT], taken);
		args_bools(&args, lists->are_own, taken);
	} else {
		args_null(&args);
		args_null(&args);
		args_null(&args);
	}
	flow_ask(flow, Q_BATCH_DECISION, &args);
}

void record_ask(struct flow *flow, const struct record *record, int64_t batch_id)
{
	int64_t *places = arena_alloc(record->arena, record->before.seat_count, sizeof(*places));
	struct lists lists = lists_new(record);

	for (size_t i = 0; i < record->source_count; i++)
		add_source(&lists, record, &record->sources[i], places);
	if (lists.source_count == 1 && lists.link_count <= INT16_MAX)
		ask_one(flow, &lists, batch_id);
	else if (lists.source_count)
		ask_lists(flow, &lists, batch_id);
}

void credits_ask(struct flow *flow, const struct record *record, const struct roster *roster)
{
	struct arena *arena = record->arena;
	int64_t *numbers[3]; /* source, operator, credit */
	struct args args = flow_args(flow);
	size_t count = 0;

	for (size_t k = 0; k < COUNT_OF(numbers); k++)
		numbers[k] = arena_alloc(arena, roster->link_count, sizeof(**numbers));
	for (size_t i = 0; i < roster->link_count; i++) {
		const struct link *link = &roster->links[i];

		if (link->credit == record->before.links[i].credit)
			continue;
		numbers[0][count] = link->source_id;
		numbers[1][count] = roster->seats[link->seat].operator_id;
		numbers[2][count++] = link->credit;
	}
	if (!count)
		return;
	for (size_t k = 0; k < COUNT_OF(numbers); k++)
		args_ints(&args, numbers[k], count);
	flow_ask(flow, Q_BATCH_CREDITS, &args);
}
