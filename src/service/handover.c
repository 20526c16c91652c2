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
	int64_t ids[SLICE_MAX], source_ids[SLICE_MAX], operator_ids[SLICE_MAX];
	struct text reasons[SLICE_MAX];
	size_t count, waiting;
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

	handover->count = (size_t)rows_count(rows);
	for (size_t i = 0; i < handover->count; i++) {
		handover->ids[i] = row_int(rows, (int)i, 0);
		handover->source_ids[i] = row_int(rows, (int)i, 1);
	}
	return handover->count ? FLOW_NEXT : FLOW_ROLLBACK;
}

enum { LOADS, LINKS };

/* To be released, they need nobody's load but the one that the trigger locks. */
static void ask_roster(struct flow *flow)
{
	const struct handover *handover = flow_context(flow);
	int64_t *sources = arena_alloc(flow_arena(flow), handover->count, sizeof(*sources));
	struct args by_source = flow_args(flow), locks = flow_args(flow);
	size_t count = 0;

	memcpy(sources, handover->source_ids, handover->count * sizeof(*sources));
	if (handover->is_redistributed)
		count = ids_sort_distinct(sources, handover->count);
	args_ints(&by_source, sources, count);
	args_ints(&locks, sources, count);
	args_int(&locks, handover->operator_id);
	flow_ask(flow, Q_HANDOVER_LOADS_LOCK, &locks);
	flow_ask(flow, Q_BATCH_LINKS, &by_source);
}

static enum flow_next read_roster(struct flow *flow)
{
	struct handover *handover = flow_context(flow);
	struct stuck_sources stuck;
	struct roster roster = roster_read(flow_arena(flow), flow_rows(flow, LOADS), flow_rows(flow, LINKS), &stuck);
	struct choice *choices = arena_alloc(flow_arena(flow), handover->count, sizeof(*choices));

	handover->waiting = 0;
	if (handover->is_redistributed)
		assign_plan(&roster, handover->source_ids, handover->count, &handover->rng, choices);
	for (size_t i = 0; i < handover->count; i++) {
		const struct choice *choice = &choices[i];
		bool is_taken = handover->is_redistributed && choice->seat != NOBODY;

		if (handover->is_redistributed && !is_taken && stuck_has(&stuck, handover->source_ids[i])) {
			/* Somebody began to serve the source after the locks were taken: the next pass sees it. */
			handover->operator_ids[i] = handover->operator_id;
			handover->reasons[i] = (struct text){ 0 };
			continue;
		}
		handover->operator_ids[i] = is_taken ? roster.seats[choice->seat].operator_id : 0;
		handover->reasons[i] =
			text_of(handover->is_redistributed ? waiting_reason_name(choice->reason) : "released");
		handover->waiting += !is_taken;
	}
	return FLOW_NEXT;
}

static void ask_store(struct flow *flow)
{
	const struct handover *handover = flow_context(flow);
	struct args args = flow_args(flow);

	args_ints(&args, handover->ids, handover->count);
	args_ints_or_null(&args, handover->operator_ids, handover->count);
	args_texts(&args, handover->reasons, handover->count);
	flow_ask(flow, Q_HANDOVER_STORE, &args);
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

struct handover *handover_new(struct loop *loop, struct pool *pool, uint64_t seed)
{
	struct handover *handover = mem_alloc(1, sizeof(*handover));

	handover->loop = loop;
	handover->pool = pool;
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
