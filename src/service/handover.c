/* One slice of one departure at a time, in the lock order of everything else: contacts, then loads. */
#include "service/handover.h"

#include "base/log.h"
#include "service/internal.h"

#include <inttypes.h>

enum {
	SLICE_MAX = 500,
	LOOK_MS = 5000, /* for departures that another process left behind, or that somebody wrote in psql */
	RETRY_MS = 300  /* when the database failed, or somebody held a contact */
};

struct handover {
	struct loop *loop;
	struct pool *pool;
	const struct feed *feed;
	struct rng rng;
	struct timer *look;
	bool is_running, is_stopped, is_woken;
	bool is_unfinished; /* a departure of this round has contacts left */

	/* the departure at hand */
	int64_t operator_id; /* also where the search for the next one goes on */
	bool is_redistributed;
	int64_t after_id; /* contacts up to this id have been seen in this pass */

	struct arena *arena; /* of the question for the next departure */
	struct args next_args;

	/* the slice at hand */
	int64_t ids[SLICE_MAX], source_ids[SLICE_MAX];
	size_t count, waiting;
	bool is_over; /* it was called off, or is to be done otherwise, since the slice began */

	/* the same, redistributed; of this attempt */
	struct roster roster;
	struct record *record;
	struct move *moves;
	size_t move_count;
	int64_t batch_id;
};

static void find_next(struct handover *handover);

static void rest(struct handover *handover, int64_t ms)
{
	handover->is_running = false;
	if (!handover->is_stopped)
		timer_start(handover->look, ms);
}

/* -- a slice ----------------------------------------------------------------------------------- */

static void ask_contacts(struct flow *flow)
{
	const struct handover *handover = flow_context(flow);
	struct args args = flow_args(flow);

	args_int(&args, handover->operator_id);
	args_int(&args, handover->after_id);
	args_int(&args, SLICE_MAX);
	flow_ask(flow, Q_HANDOVER_CONTACTS, &args);
}

static enum flow_next read_contacts(struct flow *flow)
{
	struct handover *handover = flow_context(flow);
	const struct rows *rows = flow_rows(flow, 0);

	handover->is_over = false;
	handover->count = (size_t)rows_count(rows);
	for (size_t i = 0; i < handover->count; i++) {
		handover->ids[i] = row_int(rows, (int)i, 0);
		handover->source_ids[i] = row_int(rows, (int)i, 1);
	}
	return handover->count ? FLOW_NEXT : FLOW_ROLLBACK;
}

enum { LOADS, DEPARTURE, STRATEGIES, LINKS };

/* To be released, they need nobody's load but the one that the trigger locks. */
static void ask_roster(struct flow *flow)
{
	const struct handover *handover = flow_context(flow);
	int64_t *sources = arena_alloc(flow_arena(flow), handover->count, sizeof(*sources));
	struct args by_source = flow_args(flow), locks = flow_args(flow), id = flow_args(flow);
	size_t count = 0;

	memcpy(sources, handover->source_ids, handover->count * sizeof(*sources));
	if (handover->is_redistributed)
		count = ids_sort_distinct(sources, handover->count);
	args_int(&id, handover->operator_id);
	args_ints(&by_source, sources, count);
	args_ints(&locks, sources, count);
	args_ints(&locks, &handover->operator_id, 1);
	flow_ask(flow, Q_LOADS_LOCK, &locks);
	flow_ask(flow, Q_DEPARTURE_READ, &id);
	if (!handover->is_redistributed)
		return;
	flow_ask(flow, Q_STRATEGIES, &by_source);
	flow_ask(flow, Q_BATCH_LINKS, &by_source);
}

static enum strategy strategy_of(const struct rows *strategies, int64_t source_id)
{
	enum strategy strategy = STRATEGY_WEIGHTED_RANDOM;
	int low = 0, high = rows_count(strategies) - 1;

	while (low < high) {
		int middle = low + (high - low) / 2;

		if (row_int(strategies, middle, 0) < source_id)
			low = middle + 1;
		else
			high = middle;
	}
	strategy_by_name(row_text(strategies, low, 1).at, &strategy);
	return strategy;
}

static void choose(struct flow *flow, struct handover *handover)
{
	const struct rows *strategies = flow_rows(flow, STRATEGIES);
	struct roster *roster = &handover->roster;
	struct stuck_sources stuck;

	*roster = roster_read(flow_arena(flow), flow_rows(flow, LOADS), flow_rows(flow, LINKS), &stuck);
	handover->record = record_new(flow_arena(flow), roster);
	handover->moves = arena_alloc(flow_arena(flow), handover->count, sizeof(*handover->moves));
	handover->batch_id = row_int(strategies, 0, 2);
	for (size_t i = 0; i < handover->count; i++) {
		struct move *move = &handover->moves[handover->move_count];
		int64_t source_id = handover->source_ids[i];

		*move = (struct move){ .contact_id = handover->ids[i],
				       .wish = { .source_id = source_id,
						 .strategy = strategy_of(strategies, source_id) } };
		move->choice = assign_one(roster, &move->wish, &handover->rng);
		if (move->choice.seat == NOBODY && stuck_has(&stuck, source_id))
			continue; /* somebody began to serve the source after the locks: the next pass sees it */
		move->ordinal = record_choice(handover->record, roster, &move->wish, &move->choice);
		handover->waiting += move->choice.seat == NOBODY;
		handover->move_count++;
	}
}

static enum flow_next read_roster(struct flow *flow)
{
	struct handover *handover = flow_context(flow);
	const struct rows *departure = flow_rows(flow, DEPARTURE);

	handover->waiting = handover->move_count = 0;
	handover->is_over = rows_count(departure) == 0 || row_bool(departure, 0, 0) != handover->is_redistributed;
	if (handover->is_over)
		return FLOW_ROLLBACK;
	if (handover->is_redistributed)
		choose(flow, handover);
	else
		handover->waiting = handover->count;
	return FLOW_NEXT;
}

/* The trigger writes the history of releases, and wakes who drains the backlog. */
static void ask_store(struct flow *flow)
{
	const struct handover *handover = flow_context(flow);
	struct args ids = flow_args(flow), sources = flow_args(flow);

	feed_ask(flow, handover->feed);
	history_ask(flow, "system", "operator_left", handover->is_redistributed);
	if (!handover->is_redistributed) {
		args_ints(&ids, handover->ids, handover->count);
		flow_ask(flow, Q_CONTACTS_RELEASE, &ids);
		return;
	}
	moves_ask(flow, &handover->roster, handover->operator_id, handover->moves, handover->move_count,
		  handover->batch_id);
	credits_ask(flow, handover->record, &handover->roster);
	record_ask(flow, handover->record, handover->batch_id);
	args_ints(&sources, handover->source_ids, handover->count);
	if (handover->waiting)
		flow_ask(flow, Q_BACKLOG_NOTIFY, &sources);
}

static const struct flow_step slice_steps[] = {
	{ "contacts", ask_contacts, read_contacts },
	{ "roster", ask_roster, read_roster },
	{ "store", ask_store, NULL },
	{ 0 },
};

/* -- the end of a departure -------------------------------------------------------------------- */

static void ask_end(struct flow *flow)
{
	const struct handover *handover = flow_context(flow);
	struct args id = flow_args(flow);

	args_int(&id, handover->operator_id);
	flow_ask(flow, Q_OPERATOR_LOCK, &id);
	flow_ask(flow, Q_DEPARTURE_END, &id);
}

static enum flow_next read_end(struct flow *flow)
{
	struct handover *handover = flow_context(flow);

	if (rows_affected(flow_rows(flow, 1)) == 0)
		handover->is_unfinished = true; /* somebody is editing a contact now */
	else
		log_info("handover.done", "operator=%" PRId64, handover->operator_id);
	return FLOW_NEXT;
}

static const struct flow_step end_steps[] = {
	{ "end", ask_end, read_end },
	{ 0 },
};

static void on_end(struct flow *flow, void *context, const struct db_failure *failure)
{
	struct handover *handover = context;

	(void)flow;
	if (failure->error)
		rest(handover, RETRY_MS);
	else
		find_next(handover);
}

/* -- the walk ---------------------------------------------------------------------------------- */

static void on_slice(struct flow *flow, void *context, const struct db_failure *failure)
{
	struct handover *handover = context;

	if (failure->error || handover->is_stopped) {
		if (failure->error)
			log_warn("handover.failed", "operator=%" PRId64 " step=%s error=%s", handover->operator_id,
				 flow_step_name(flow), db_error_name(failure->error));
		rest(handover, RETRY_MS);
		return;
	}
	if (handover->is_over) {
		handover->is_unfinished = true;
		find_next(handover);
		return;
	}
	if (handover->count == 0 && handover->after_id == 0) {
		flow_start(handover->pool, end_steps, on_end, handover);
		return;
	}
	if (handover->count) {
		log_info("handover.slice", "operator=%" PRId64 " contacts=%zu waiting=%zu", handover->operator_id,
			 handover->count, handover->waiting);
		handover->after_id = handover->ids[handover->count - 1];
	} else {
		handover->after_id = 0; /* once more from the start, for those that were being edited */
	}
	flow_start(handover->pool, slice_steps, on_slice, handover);
}

static void on_next(void *context, const struct db_failure *failure, const struct rows *rows)
{
	struct handover *handover = context;

	if (failure->error || handover->is_stopped) {
		rest(handover, RETRY_MS);
		return;
	}
	if (rows_count(rows) == 0) {
		int64_t ms = handover->is_woken ? 0 : handover->is_unfinished ? RETRY_MS : LOOK_MS;

		handover->is_woken = handover->is_unfinished = false;
		handover->operator_id = 0;
		rest(handover, ms);
		return;
	}
	handover->operator_id = row_int(rows, 0, 0);
	handover->is_redistributed = row_bool(rows, 0, 1);
	handover->after_id = 0;
	flow_start(handover->pool, slice_steps, on_slice, handover);
}

static void find_next(struct handover *handover)
{
	arena_free(&handover->arena);
	handover->arena = arena_new();
	handover->next_args = args_start(handover->arena);
	args_int(&handover->next_args, handover->operator_id);
	pool_read(handover->pool, Q_DEPARTURE_NEXT, &handover->next_args, on_next, handover);
}

static void on_look(void *context)
{
	struct handover *handover = context;

	if (handover->is_stopped || handover->is_running)
		return;
	if (!pool_is_ready(handover->pool)) {
		timer_start(handover->look, RETRY_MS);
		return;
	}
	handover->is_running = true;
	handover->is_woken = false;
	find_next(handover);
}

struct handover *handover_new(struct loop *loop, struct pool *pool, const struct feed *feed, uint64_t seed)
{
	struct handover *handover = mem_alloc(1, sizeof(*handover));

	handover->loop = loop;
	handover->pool = pool;
	handover->feed = feed;
	rng_seed(&handover->rng, seed);
	handover->look = timer_new(loop, on_look, handover);
	timer_start(handover->look, 0);
	return handover;
}

void handover_wake(struct handover *handover)
{
	handover->is_woken = true;
	if (!handover->is_running && !handover->is_stopped)
		timer_start(handover->look, 0);
}

void handover_stop(struct handover *handover)
{
	handover->is_stopped = true;
	timer_stop(handover->look);
}

void handover_free(struct handover **handover)
{
	if (!*handover)
		return;
	timer_free(&(*handover)->look);
	arena_free(&(*handover)->arena);
	mem_free(*handover);
	*handover = NULL;
}
