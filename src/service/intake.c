/* The waiting lines and the lanes that empty them. */
#include "service/intake.h"

#include "service/lanes.h"

#include <assert.h>

enum { EXPIRY_TICK_MS = 100 }; /* how exactly deadlines are kept */

enum {
	WARY_MS = 2000,   /* somebody who kept one lock so long may have others: the time since one was met */
	BULK_MAX = 64,    /* contacts of the second line in one batch */
	TOLD_AT_ONCE = 32 /* ends of contacts in one turn: each writes an answer */
};

static batch_done on_main_done, on_side_done;

/* -- ends -------------------------------------------------------------------------------------- */

void end_later(struct intake *intake, struct queued_draft *queued, enum draft_outcome outcome)
{
	bool is_certain = outcome == DRAFT_STORED || outcome == DRAFT_REPLAYED || outcome == DRAFT_KEY_REUSED;

	queued->outcome = queued->is_uncertain && !is_certain ? DRAFT_OUTCOME_UNKNOWN : outcome;
	list_append(&intake->ended, &queued->node);
}

/* The answers: behind everything that the database has to say, and not all of them in one turn. */
static void tell_ended(void *context)
{
	struct intake *intake = context;
	struct list *node;

	for (int told = 0; told < TOLD_AT_ONCE && (node = list_shift(&intake->ended)); told++) {
		struct queued_draft *queued = LIST_ITEM(node, struct queued_draft, node);

		intake->queued--;
		numbers_note_end(&intake->numbers, queued);
		queued->done(queued, queued->outcome);
	}
	if (!list_is_empty(&intake->ended))
		loop_defer(intake->loop, &intake->tell);
	if (intake->queued)
		return;
	timer_stop(intake->expiry);
	intake->rests = false;
	loop_defer(intake->loop, &intake->start); /* a drain may be wanted, and have rested too */
}

/* -- starting batches -------------------------------------------------------------------------- */

/* Moves drafts into the batch, at most size_max; some may have gathered before what they need was parked. */
static void take_from_line(struct intake *intake, struct line *line, struct batch *batch, size_t size_max)
{
	while (batch_size(batch) < size_max && line->length) {
		struct queued_draft *queued = line_shift(line);
		struct parked *parked = parked_find(&intake->parked, &queued->draft);

		if (parked)
			line_append(&parked->drafts, queued);
		else
			batch_add(batch, queued);
	}
}

static void start(struct lane *lane, enum batch_locking locking)
{
	struct intake *intake = lane->intake;

	lane->is_running = true;
	lane->started_us = loop_now_us();
	batch_start(lane->batch, intake->pool, locking, lane == &intake->main ? on_main_done : on_side_done, lane);
}

static void lane_ends(struct lane *lane, const struct db_failure *failure)
{
	bool met_locks = !failure->error && batch_met_locks(lane->batch);

	lane->is_running = false;
	lane->rests = met_locks;
	if (met_locks)
		lane->intake->wary_until_ms = loop_now_ms() + WARY_MS;
	numbers_note_batch(&lane->intake->numbers, lane, failure);
}

static enum batch_locking locking_of(const struct intake *intake, bool passes_over)
{
	if (passes_over)
		return BATCH_PASSES_OVER;
	return loop_now_ms() < intake->wary_until_ms ? BATCH_WAITS_FOR_LOADS : BATCH_WAITS;
}

static void start_main(struct intake *intake)
{
	struct lane *lane = &intake->main;

	if (lane->is_running || !pool_is_ready(intake->pool))
		return;
	batch_clear(lane->batch);
	if (intake->suspects.length) {
		while (batch_size(lane->batch) < intake->suspects_at_once && intake->suspects.length)
			batch_add(lane->batch, line_shift(&intake->suspects));
	} else {
		intake->round_since_us = loop_now_us();
		take_from_line(intake, &intake->line, lane->batch, intake->batch_max);
		take_from_line(intake, &intake->bulk, lane->batch, batch_size(lane->batch) + BULK_MAX);
	}
	if (!batch_size(lane->batch))
		return;
	start(lane, locking_of(intake, intake->passes_over));
}

/*
 * It waits for locks like any batch: whoever locked the contacts without their operators would be in the way of those
 * who have them. Where somebody keeps a lock it goes on passing over what is locked, source by source.
 */
static void start_drain(struct intake *intake)
{
	struct lane *lane = &intake->side;
	struct drain *drain = &intake->drain;

	drain->is_wanted = false;
	drain->is_running = true;
	batch_clear(lane->batch);
	batch_drain(lane->batch, drain->source_ids + drain->next, drain->at_once);
	intake->side_parked = NULL;
	start(lane, locking_of(intake, drain->passes_over));
}

/*
 * Whose turn it is among what waits apart; false: nobody's. It waits for loads, which others hold in turn; leads, which
 * are tried together, not even for those, or the load that one needs would stop the others.
 */
static bool start_parked(struct intake *intake)
{
	struct lane *lane = &intake->side;
	struct parked *parked;

	batch_clear(lane->batch);
	parked = lane->rests ? NULL : parked_take_turn(&intake->parked, lane->batch, intake->batch_max);
	if (!parked)
		return false;
	intake->side_parked = parked;
	start(lane, parked->by == PARKED_BY_LEAD ? BATCH_PASSES_OVER : BATCH_WAITS_FOR_LOADS);
	return true;
}

/* In turn with the drain, which may have to wait for one lock after the other. */
static void start_side(struct intake *intake)
{
	if (intake->side.is_running || !pool_is_ready(intake->pool))
		return;
	if (intake->drain.is_wanted && intake->side_parked)
		start_drain(intake);
	else if (!start_parked(intake) && intake->drain.is_wanted)
		start_drain(intake);
}

/* The next batch first, the answers of the last one after: PostgreSQL works while they are written. */
static void advance(void *context)
{
	struct intake *intake = context;

	if (!intake->rests && !intake->is_stopped) {
		start_main(intake);
		start_side(intake);
	}
	if (!list_is_empty(&intake->ended))
		loop_defer(intake->loop, &intake->tell);
}

/* -- batches come back -------------------------------------------------------------------------- */

static void batch_done_with(struct intake *intake, struct batch *batch, enum db_error error)
{
	if (error)
		batch_failed(intake, batch, error);
	else
		batch_stored(intake, batch);
	if (!error && batch_made_wait(batch) && intake->on_waiting)
		intake->on_waiting(intake->on_waiting_context);
}

/* The lane is about to look at the line again. */
static void round_ends(struct intake *intake)
{
	intake->passes_over = false;
	if (intake->round_since_us)
		pace_note(&intake->pace, loop_now_us() - intake->round_since_us);
	intake->round_since_us = 0;
}

static void on_main_done(struct batch *batch, void *context, const struct db_failure *failure)
{
	struct lane *lane = context;
	struct intake *intake = lane->intake;

	lane_ends(lane, failure);
	batch_done_with(intake, batch, failure->error);
	expire_all(intake); /* what came back may be at its end */
	if (!intake->suspects.length)
		round_ends(intake);
	advance(intake);
}

static void drain_done(struct intake *intake, enum db_error error)
{
	struct drain *drain = &intake->drain;

	drain->is_running = false;
	if (error == DB_BUSY && !drain->passes_over) {
		drain->passes_over = drain->is_wanted = true;
		drain->at_once = 1;
		return;
	}
	drain->has_failed = drain->has_failed || error;
	drain->next += drain->at_once;
	drain->is_wanted = drain->next < drain->count && (!error || error == DB_BUSY);
	if (!drain->is_wanted)
		drain->done(drain->context, !drain->has_failed);
}

/* A parked batch that waits in vain goes back to where it was parked; the others have their turn first. */
static void on_side_done(struct batch *batch, void *context, const struct db_failure *failure)
{
	struct lane *lane = context;
	struct intake *intake = lane->intake;

	lane_ends(lane, failure);
	if (intake->drain.is_running)
		drain_done(intake, failure->error);
	else if (failure->error == DB_BUSY)
		put_back_apart(intake, batch, intake->side_parked->by);
	else
		batch_done_with(intake, batch, failure->error);
	expire_all(intake); /* also ends the parking, once nothing waits there */
	advance(intake);
}

static void on_expiry(void *context)
{
	struct intake *intake = context;

	expire_all(intake);
	intake->rests = intake->side.rests = false;
	timer_start(intake->expiry, EXPIRY_TICK_MS);
	advance(intake);
}

static void on_pool_change(void *context)
{
	struct intake *intake = context;

	intake->away_since_ms = pool_is_ready(intake->pool) ? 0 : loop_now_ms();
	intake->back_since_ms = loop_now_ms();
	intake->round_since_us = 0; /* it was not the batches that took so long */
	if (intake->on_change)
		intake->on_change(intake->on_change_context);
	advance(intake);
}

/* -- public ------------------------------------------------------------------------------------ */

static void lane_init(struct lane *lane, struct intake *intake, const struct feed *feed)
{
	*lane = (struct lane){ .intake = intake, .batch = batch_new(intake->batch_max + BULK_MAX, &intake->rng, feed) };
}

struct intake *intake_new(struct loop *loop, const struct intake_options *options)
{
	struct intake *intake = mem_alloc(1, sizeof(*intake));

	intake->loop = loop;
	intake->pool = options->pool;
	intake->batch_max = options->batch_max;
	intake->line_max = options->line_max;
	intake->wait_ms = options->wait_ms;
	intake->line_wait_ms = options->line_wait_ms;
	numbers_init(&intake->numbers);
	rng_seed(&intake->rng, options->seed);
	line_init(&intake->line);
	line_init(&intake->bulk);
	line_init(&intake->suspects);
	intake->suspects_at_once = 1;
	list_init(&intake->parked);
	list_init(&intake->ended);
	lane_init(&intake->main, intake, options->feed);
	lane_init(&intake->side, intake, options->feed);
	deferred_init(&intake->start, advance, intake);
	deferred_init(&intake->tell, tell_ended, intake);
	intake->expiry = timer_new(loop, on_expiry, intake);
	intake->away_since_ms = pool_is_ready(intake->pool) ? 0 : loop_now_ms();
	pool_on_change(intake->pool, on_pool_change, intake);
	return intake;
}

void intake_stop(struct intake *intake)
{
	intake->is_stopped = true;
}

void intake_free(struct intake **intake)
{
	if (!*intake)
		return;
	assert((*intake)->queued == 0);
	pool_on_change((*intake)->pool, NULL, NULL);
	deferred_cancel(&(*intake)->start);
	deferred_cancel(&(*intake)->tell);
	timer_free(&(*intake)->expiry);
	batch_free(&(*intake)->main.batch);
	batch_free(&(*intake)->side.batch);
	mem_free(*intake);
	*intake = NULL;
}

static bool is_closed(const struct intake *intake, int64_t now_ms)
{
	return intake->queued >= intake->line_max ||
	       (intake->away_since_ms && now_ms - intake->away_since_ms > intake->wait_ms);
}

int64_t intake_wait_us(const struct intake *intake)
{
	return loop_lag_us(intake->loop) + pace_wait_us(&intake->pace, intake->line.length, intake->batch_max);
}

/*
 * Whether one more single contact would wait too long. The next batch is open to all; and what gathered while the
 * database was away is let through together with those who come meanwhile.
 */
static bool is_crowded(const struct intake *intake)
{
	const struct queued_draft *first = line_first(&intake->line);

	if (intake->away_since_ms || intake->line.length < intake->batch_max ||
	    first->deadline_ms - intake->wait_ms <= intake->back_since_ms)
		return false;
	return intake_wait_us(intake) > intake->line_wait_ms * 1000;
}

bool intake_has_room(struct intake *intake)
{
	bool has_room = !is_closed(intake, loop_now_ms()) && !is_crowded(intake);

	intake->numbers.turned_away += !has_room;
	return has_room;
}

bool intake_submit(struct intake *intake, struct queued_draft *queued)
{
	struct parked *parked = parked_find(&intake->parked, &queued->draft);
	struct line *line = parked ? &parked->drafts : queued->is_bulk ? &intake->bulk : &intake->line;
	int64_t now_ms = loop_now_ms();

	if (is_closed(intake, now_ms) || (line == &intake->line && is_crowded(intake))) {
		intake->numbers.turned_away++;
		return false;
	}
	queued->deadline_ms = now_ms + intake->wait_ms;
	queued->again_until_ms = now_ms + intake->wait_ms / 2;
	queued->tries = 0;
	queued->is_uncertain = false;
	if (queued->draft.key.at)
		draft_digest(queued);
	line_append(line, queued);
	if (intake->queued++ == 0)
		timer_start(intake->expiry, EXPIRY_TICK_MS);
	loop_defer(intake->loop, &intake->start);
	return true;
}

void intake_drain(struct intake *intake, const int64_t *source_ids, size_t count,
		  void (*done)(void *context, bool is_drained), void *context)
{
	struct drain *drain = &intake->drain;

	assert(!drain->is_wanted && !drain->is_running);
	drain->count = count < DRAIN_MAX ? count : DRAIN_MAX;
	memcpy(drain->source_ids, source_ids, drain->count * sizeof(*source_ids));
	drain->next = 0;
	drain->at_once = drain->count;
	drain->passes_over = drain->has_failed = false;
	drain->done = done;
	drain->context = context;
	drain->is_wanted = true;
	loop_defer(intake->loop, &intake->start);
}

void intake_on_waiting(struct intake *intake, void (*on_waiting)(void *context), void *context)
{
	intake->on_waiting = on_waiting;
	intake->on_waiting_context = context;
}

void intake_on_change(struct intake *intake, void (*on_change)(void *context), void *context)
{
	intake->on_change = on_change;
	intake->on_change_context = context;
}
