/* The step table of a batch, and its first trip: docs/ASSIGNMENT.md says why each statement is where it is. */
#include "service/intake_batch.h"

#include "base/log.h"
#include "base/loop.h"
#include "service/batch.h"

#include <assert.h>

enum {
	STICKY_REMEMBERED = 1000, /* batches */
	GRACE_MS = 900            /* a contact that is in a batch at its deadline is waited for so much longer */
};

const enum query batch_usual[BATCH_USUAL] = {
	Q_BATCH_SOURCES,    Q_BATCH_SOURCES_ONE,    Q_BATCH_LEADS_INSERT, Q_BATCH_LEADS_INSERT_ONE,
	Q_BATCH_LOADS_LOCK, Q_BATCH_LOADS_LOCK_ONE, Q_BATCH_LINKS,        Q_BATCH_LINKS_ONE,
	Q_BATCH_IDS,        Q_BATCH_STORE,          Q_BATCH_DECISIONS,
};

struct batch *batch_new(size_t size_max, struct rng *rng, const struct feed *feed)
{
	struct batch *batch = mem_alloc(1, sizeof(*batch));

	batch->drafts = mem_alloc(size_max, sizeof(*batch->drafts));
	batch->size_max = size_max;
	batch->rng = rng;
	batch->feed = feed;
	return batch;
}

void batch_free(struct batch **batch)
{
	if (!*batch)
		return;
	mem_free((*batch)->drafts);
	mem_free(*batch);
	*batch = NULL;
}

void batch_clear(struct batch *batch)
{
	batch->count = batch->drain_count = 0;
}

void batch_add(struct batch *batch, struct queued_draft *queued)
{
	assert(batch->count < batch->size_max);
	batch->drafts[batch->count++] = (struct planned){ .queued = queued };
}

size_t batch_size(const struct batch *batch)
{
	return batch->count;
}

void batch_drain(struct batch *batch, const int64_t *source_ids, size_t count)
{
	assert(count <= DRAIN_MAX);
	memcpy(batch->drain_ids, source_ids, count * sizeof(*source_ids));
	batch->drain_count = count;
}

struct queued_draft *batch_draft(const struct batch *batch, size_t index)
{
	return batch->drafts[index].queued;
}

enum batch_outcome batch_outcome(const struct batch *batch, size_t index)
{
	return batch->drafts[index].outcome;
}

bool batch_made_wait(const struct batch *batch)
{
	return batch->made_wait;
}

bool batch_met_locks(const struct batch *batch)
{
	return batch->met_locks;
}

size_t batch_drained(const struct batch *batch)
{
	return batch->drained_count;
}

/* -- first trip: lock, then read what decides -------------------------------------------------- */

void batch_ask(struct flow *flow, enum batch_statement statement, enum query query, const struct args *args)
{
	struct batch *batch = flow_context(flow);

	batch->index[statement] = batch->asked++;
	flow_ask(flow, query, args);
}

const struct rows *batch_rows(const struct flow *flow, enum batch_statement statement)
{
	const struct batch *batch = flow_context(flow);

	return batch->index[statement] < 0 ? NULL : flow_rows(flow, batch->index[statement]);
}

static struct args args_sources(struct flow *flow, const struct batch *batch)
{
	int64_t *ids = arena_alloc(flow_arena(flow), batch->count + batch->drain_count, sizeof(*ids));
	struct args args = flow_args(flow);

	for (size_t i = 0; i < batch->count; i++)
		ids[i] = batch->drafts[i].queued->draft.source_id;
	memcpy(ids + batch->count, batch->drain_ids, batch->drain_count * sizeof(*ids));
	args_ints(&args, ids, ids_sort_distinct(ids, batch->count + batch->drain_count));
	return args;
}

static void ask_ids(struct flow *flow, struct batch *batch)
{
	size_t count = batch->count ? batch->count : 1;
	struct text *external_ids = arena_alloc(flow_arena(flow), count, sizeof(*external_ids));
	int64_t *places = arena_alloc(flow_arena(flow), count, sizeof(*places));
	struct args args = flow_args(flow);

	for (size_t i = 0; i < batch->count; i++) {
		external_ids[i] = batch->drafts[i].queued->draft.external_id;
		places[i] = (int64_t)i;
	}
	args_texts(&args, external_ids, count);
	args_ints(&args, places, count);
	batch_ask(flow, BATCH_IDS, Q_BATCH_IDS, &args);
}

static void ask_locks(struct flow *flow)
{
	struct batch *batch = flow_context(flow);
	struct args none = flow_args(flow), by_source = args_sources(flow, batch);
	bool waits = batch->locking != BATCH_PASSES_OVER;

	for (size_t i = 0; i < BATCH_STATEMENTS; i++)
		batch->index[i] = -1;
	batch->asked = 0;
	batch->goes_again = false;
	if (batch->count >= MEMORY_FROM)
		batch_ask(flow, BATCH_MEMORY, Q_BATCH_MEMORY, &none);
	batch_keys_ask(flow, batch);
	batch_ask(flow, BATCH_SOURCES, waits ? Q_BATCH_SOURCES : Q_BATCH_SOURCES_FREE, &by_source);
	if (batch->count)
		batch_leads_lock_ask(flow, batch);
	batch_ask(flow, BATCH_LOADS, waits ? Q_BATCH_LOADS_LOCK : Q_BATCH_LOADS_LOCK_FREE, &by_source);
	if (batch->locking != BATCH_WAITS)
		batch_ask(flow, BATCH_LINKS_LOCKED, Q_BATCH_LINKS_LOCK_FREE, &by_source);
	if (batch->count && batch->uses_sticky)
		batch_sticky_ask(flow, batch);
	batch_ask(flow, BATCH_LINKS, batch->uses_backlog ? Q_BATCH_LINKS_REACH : Q_BATCH_LINKS, &by_source);
	if (batch->uses_backlog)
		batch_backlog_ask(flow, batch, &by_source);
	ask_ids(flow, batch);
}

/* -- between the trips: plan ------------------------------------------------------------------- */

/* Columns of the sources' answer, and of that with the ids. */
enum { SOURCE_ID, IS_HELD, STRATEGY, STICKY_SECONDS, IS_AUTOMATIC, ANY_AUTOMATIC };
enum { CONTACT_ID, LEAD_ID, NOW, BATCH_ID };

/* The row of that source, or -1. */
static int find_source(const struct rows *sources, int64_t source_id)
{
	int low = 0, high = rows_count(sources);

	while (low < high) {
		int middle = low + (high - low) / 2;

		if (row_int(sources, middle, SOURCE_ID) < source_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < rows_count(sources) && row_int(sources, low, SOURCE_ID) == source_id ? low : -1;
}

/* What the source alone decides; otherwise stored. */
static enum batch_outcome outcome_of(const struct flow *flow, struct batch *batch, const struct rows *sources, int row,
				     int64_t source_id)
{
	if (row < 0)
		return BATCH_OF_DRAFT_UNKNOWN_SOURCE;
	if (!row_bool(sources, row, IS_HELD) ||
	    (batch->locking == BATCH_PASSES_OVER && stuck_has(&batch->stuck, source_id)) ||
	    !batch_has_source(flow, batch, source_id))
		return BATCH_OF_DRAFT_SOURCE_BUSY;
	return BATCH_OF_DRAFT_STORED;
}

/* Whether the first trip asked all that these sources need; what is missing the next one asks. */
static bool learn(struct batch *batch, const struct rows *sources)
{
	bool any_automatic = rows_count(sources) ? row_bool(sources, 0, ANY_AUTOMATIC) : batch->uses_backlog;
	bool is_enough = batch->uses_backlog || !any_automatic;
	bool any_sticky = false;

	batch->uses_backlog = any_automatic;
	for (int row = 0; row < rows_count(sources) && !any_sticky; row++)
		any_sticky = row_int(sources, row, STICKY_SECONDS) > 0;
	if (any_sticky && !batch->uses_sticky)
		is_enough = false;
	if (any_sticky)
		batch->uses_sticky = STICKY_REMEMBERED;
	else if (batch->uses_sticky)
		batch->uses_sticky--;
	return is_enough;
}

static bool may_go_again(const struct queued_draft *queued)
{
	return queued->tries < BATCH_TRIES_MAX && loop_now_ms() < queued->again_until_ms;
}

/*
 * Older contacts wait for the same operators, more than one batch takes. A contact of an automatic source queues behind
 * them; any other goes again, for a while, since nobody would assign it later.
 */
static bool queues(struct batch *batch, struct planned *planned, bool is_automatic)
{
	if (!batch_backlog_is_ahead(batch, planned->wish.source_id))
		return false;
	if (!is_automatic && may_go_again(planned->queued))
		planned->outcome = BATCH_OF_DRAFT_GOES_AGAIN;
	else if (!is_automatic)
		return false;
	planned->choice = (struct choice){ .seat = NOBODY, .reason = WAITING_QUEUED };
	planned->ordinal = -1;
	return true;
}

static void choose(struct batch *batch, struct planned *planned)
{
	planned->choice = assign_one(&batch->roster, &planned->wish, batch->rng);
	if (planned->choice.seat == NOBODY && may_go_again(planned->queued) &&
	    stuck_has(&batch->stuck, planned->wish.source_id))
		/* Somebody began to serve the source after the locks were taken, and may have room. */
		planned->outcome = BATCH_OF_DRAFT_GOES_AGAIN;
	else
		planned->ordinal = record_choice(batch->record, &batch->roster, &planned->wish, &planned->choice);
}

static void note_moment(struct contact_result *result, struct text moment)
{
	assert(moment.length < sizeof(result->created_at));
	memcpy(result->created_at, moment.at, moment.length);
	result->created_at[moment.length] = '\0';
}

static void plan_one(struct flow *flow, struct batch *batch, size_t index)
{
	struct planned *planned = &batch->drafts[index];
	struct queued_draft *queued = planned->queued;
	const struct rows *ids = batch_rows(flow, BATCH_IDS), *sources = batch_rows(flow, BATCH_SOURCES);
	int64_t source_id = queued->draft.source_id, lead_id = row_int(ids, (int)index, LEAD_ID), sticky;
	int row = find_source(sources, source_id);

	planned->outcome = outcome_of(flow, batch, sources, row, source_id);
	if (planned->outcome == BATCH_OF_DRAFT_STORED && !batch_has_lead(flow, batch, &queued->draft, lead_id))
		planned->outcome = BATCH_OF_DRAFT_LEAD_BUSY;
	else if (planned->outcome == BATCH_OF_DRAFT_STORED && !lead_id)
		planned->outcome = BATCH_OF_DRAFT_GOES_AGAIN; /* somebody deleted the lead just now */
	if (planned->outcome != BATCH_OF_DRAFT_STORED)
		return;
	planned->wish.source_id = source_id;
	strategy_by_name(row_text(sources, row, STRATEGY).at, &planned->wish.strategy);
	record_settle(batch->record, &planned->wish);
	sticky = row_int(sources, row, STICKY_SECONDS) > 0 ? batch_sticky_within(batch, index, lead_id) : 0;
	if (sticky)
		planned->wish.sticky_operator_id = sticky;
	if (!queues(batch, planned, row_bool(sources, row, IS_AUTOMATIC)))
		choose(batch, planned);
	if (planned->outcome != BATCH_OF_DRAFT_STORED)
		return;
	queued->result = (struct contact_result){
		.id = row_int(ids, (int)index, CONTACT_ID),
		.lead_id = lead_id,
		.waiting_reason = planned->choice.reason,
	};
	if (planned->choice.seat != NOBODY)
		queued->result.operator_id = batch->roster.seats[planned->choice.seat].operator_id;
	else if (row_bool(sources, row, IS_AUTOMATIC))
		batch->made_wait = true;
	note_moment(&queued->result, row_text(ids, (int)index, NOW));
}

/* New contacts in order of arrival; all go again when the trip has not asked what they need. */
static size_t plan_drafts(struct flow *flow, struct batch *batch, bool is_enough)
{
	size_t stored = 0;

	for (size_t i = 0; i < batch->count; i++) {
		if (batch_keys_decide(flow, batch, i))
			continue;
		if (is_enough)
			plan_one(flow, batch, i);
		else
			batch->drafts[i].outcome = BATCH_OF_DRAFT_GOES_AGAIN;
		stored += batch->drafts[i].outcome == BATCH_OF_DRAFT_STORED;
	}
	return stored;
}

static enum flow_next read_locks(struct flow *flow)
{
	struct batch *batch = flow_context(flow);
	bool is_enough = learn(batch, batch_rows(flow, BATCH_SOURCES));
	size_t stored;

	batch->made_wait = batch->met_locks = false;
	batch->unused_count = 0;
	batch->id = row_int(batch_rows(flow, BATCH_IDS), 0, BATCH_ID);
	batch->roster = roster_read(flow_arena(flow), batch_rows(flow, BATCH_LOADS), batch_rows(flow, BATCH_LINKS),
				    &batch->stuck);
	batch->record = record_new(flow_arena(flow), &batch->roster);
	batch_sticky_read(flow, batch);
	batch_backlog_plan(flow, batch);
	stored = plan_drafts(flow, batch, is_enough);
	if (stored < batch->count)
		batch_find_unused_leads(flow, batch);
	if (!stored && !batch->drained_count)
		return FLOW_ROLLBACK;
	return batch->drained_count && !batch->locks_backlog ? FLOW_NEXT : FLOW_SKIP;
}

static const struct flow_step batch_steps[] = {
	{ "locks", ask_locks, read_locks },
	{ "backlog", batch_backlog_ask_locks, batch_backlog_read_locks },
	{ "store", batch_ask_store, NULL },
	{ 0 },
};

/*
 * For the contact that may wait no longer, all of its time counts: that with a batch before, or with a connection that
 * did not answer. The others go again, if nothing was stored.
 */
static int64_t until_ms(const struct batch *batch, const struct pool *pool)
{
	int64_t first_ms = pool_until_ms(pool);

	for (size_t i = 0; i < batch->count; i++) {
		int64_t draft_ms = batch->drafts[i].queued->deadline_ms + GRACE_MS;

		if (draft_ms < first_ms)
			first_ms = draft_ms;
	}
	return first_ms;
}

static void on_flow_done(struct flow *flow, void *context, const struct db_failure *failure)
{
	struct batch *batch = context;
	bool met_lock = strcmp(failure->sqlstate, "55P03") == 0; /* told once, when the intake parks a source */

	if (!failure->error && batch->goes_again) {
		flow_start_until(batch->pool, batch_steps, until_ms(batch, batch->pool), on_flow_done, batch);
		return;
	}
	if (failure->error)
		log_line(met_lock ? LOG_DEBUG : LOG_WARN, "batch.failed", "step=%s error=%s sqlstate=%s contacts=%zu",
			 flow_step_name(flow), db_error_name(failure->error), failure->sqlstate, batch->count);
	batch->done(batch, batch->context, failure);
}

void batch_start(struct batch *batch, struct pool *pool, enum batch_locking locking, batch_done *done, void *context)
{
	batch->locking = locking;
	batch->pool = pool;
	batch->passed_count = 0;
	batch->rounds = 0;
	batch->locks_backlog = false;
	batch->done = done;
	batch->context = context;
	if (batch->drain_count)
		batch->uses_backlog = true;
	flow_start_until(pool, batch_steps, until_ms(batch, pool), on_flow_done, batch);
}
