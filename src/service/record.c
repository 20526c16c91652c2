/* What choices were made from, and what came of them: a row of assignment_decisions for each source of a batch. */
#include "base/buf.h"
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

/* -- as parameters: every list of a row as a literal of PostgreSQL, {1,2,3} -------------------------------------- */

enum column {
	OPERATOR_IDS,
	WEIGHTS,
	ARE_ACTIVE,
	LIMITS,
	LOADS,
	CREDITS,
	LAST_CONTACT_IDS,
	EXPECTED,
	ASSIGNED,
	TAKEN_ORDINALS,
	TAKEN_SEATS,
	TAKEN_OWN,
	COLUMNS
};

static void print_item(struct buf *out, enum column column, const struct record *record,
		       const struct source_record *source, size_t index)
{
	const struct link *link = &record->before.links[source->links.first + index];
	const struct seat *seat = &record->before.seats[link->seat];

	switch (column) {
	case OPERATOR_IDS:
		buf_int(out, seat->operator_id);
		break;
	case WEIGHTS:
		buf_int(out, link->weight);
		buf_string(out, "e-3");
		break;
	case ARE_ACTIVE:
		buf_char(out, seat->is_active ? 't' : 'f');
		break;
	case LIMITS:
		buf_int(out, seat->limit);
		break;
	case LOADS:
		buf_int(out, seat->load);
		break;
	case CREDITS:
		buf_int(out, link->credit);
		break;
	case LAST_CONTACT_IDS:
		buf_int(out, seat->last_contact_id);
		break;
	case EXPECTED:
		buf_printf(out, "%.12g", source->expected[index]);
		break;
	default:
		buf_int(out, source->assigned[index]);
	}
}

static struct text list_of_links(struct buf *out, enum column column, const struct record *record,
				 const struct source_record *source)
{
	if ((column == CREDITS && source->strategy != STRATEGY_SMOOTH_WEIGHTED) ||
	    (column == LAST_CONTACT_IDS && source->strategy != STRATEGY_LEAST_RECENT))
		return (struct text){ 0 };
	buf_clear(out);
	buf_char(out, '{');
	for (size_t i = 0; i < source->links.count; i++) {
		if (i)
			buf_char(out, ',');
		print_item(out, column, record, source, i);
	}
	buf_char(out, '}');
	return (struct text){ arena_copy(record->arena, out->bytes, out->length), out->length };
}

/* places: of each seat among the source's links, from 1; 0: it is not there */
static struct text list_of_taken(struct buf *out, enum column column, const struct record *record,
				 const struct source_record *source, const int64_t *places)
{
	if (record->choices == 1)
		return (struct text){ 0 };
	buf_clear(out);
	buf_char(out, '{');
	for (size_t i = 0; i < record->taken_count && record->taken[i].ordinal < source->last_ordinal; i++) {
		const struct taken *taken = &record->taken[i];
		bool is_own = taken->is_by_strategy && &record->sources[taken->source] == source;

		if (!places[taken->seat])
			continue;
		if (out->length > 1)
			buf_char(out, ',');
		if (column == TAKEN_OWN)
			buf_char(out, is_own ? 't' : 'f');
		else
			buf_int(out, column == TAKEN_SEATS ? places[taken->seat] : taken->ordinal);
	}
	buf_char(out, '}');
	return (struct text){ arena_copy(record->arena, out->bytes, out->length), out->length };
}

static void print_source(struct buf *out, const struct record *record, const struct source_record *source,
			 int64_t *places, struct text **texts, size_t row)
{
	for (size_t i = 0; i < source->links.count; i++)
		places[record->before.links[source->links.first + i].seat] = (int64_t)i + 1;
	for (enum column column = 0; column < COLUMNS; column++)
		texts[column][row] = column < TAKEN_ORDINALS ? list_of_links(out, column, record, source)
							     : list_of_taken(out, column, record, source, places);
	for (size_t i = 0; i < source->links.count; i++)
		places[record->before.links[source->links.first + i].seat] = 0;
}

void record_ask(struct flow *flow, const struct record *record, int64_t batch_id)
{
	struct arena *arena = record->arena;
	size_t count = record->source_count;
	int64_t *source_ids = arena_alloc(arena, count, sizeof(*source_ids));
	int64_t *waiting = arena_alloc(arena, count, sizeof(*waiting));
	int64_t *places = arena_alloc(arena, record->before.seat_count, sizeof(*places));
	struct text *strategies = arena_alloc(arena, count, sizeof(*strategies));
	struct text *texts[COLUMNS];
	struct args args = flow_args(flow);
	struct buf out;

	if (!count)
		return;
	buf_init(&out);
	for (enum column column = 0; column < COLUMNS; column++)
		texts[column] = arena_alloc(arena, count, sizeof(**texts));
	for (size_t i = 0; i < count; i++) {
		source_ids[i] = record->sources[i].source_id;
		waiting[i] = record->sources[i].waiting;
		strategies[i] = text_of(strategy_name(record->sources[i].strategy));
		print_source(&out, record, &record->sources[i], places, texts, i);
	}
	buf_done(&out);
	args_int(&args, batch_id);
	args_ints(&args, source_ids, count);
	args_texts(&args, strategies, count);
	args_ints(&args, waiting, count);
	for (enum column column = 0; column < COLUMNS; column++)
		args_texts(&args, texts[column], count);
	flow_ask(flow, Q_BATCH_DECISIONS, &args);
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
