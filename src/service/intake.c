/* The waiting line, the lane, and the care for contacts that would stop the others. */
#include "service/intake.h"

#include "service/intake_batch.h"
#include "service/internal.h"

#include <assert.h>

enum { EXPIRY_TICK_MS = 100 }; /* how exactly deadlines are kept */

/* A lane runs one batch at a time. */
struct lane {
	struct intake *intake;
	struct batch *batch;
	bool is_running;
};

struct intake {
	struct loop *loop;
	struct pool *pool;
	size_t batch_max, line_max;
	int64_t wait_ms;
	struct rng rng;
	size_t queued; /* all drafts that are not done */

	struct list line; /* in order of arrival */

	/*
	 * A batch that fails for the sake of one contact comes back here, and goes again in halves until that one
	 * is alone. Always before the line.
	 */
	struct list suspects;
	size_t suspects_at_once;

	/* Drafts of a batch that waited too long for a lock: the next batch passes over what is locked. */
	bool passes_over;

	struct list parked; /* sources and leads that wait apart */
	struct lane main, side;
	struct parked *side_parked; /* whose contacts the side lane runs */
	struct deferred start;      /* at the end of the turn, so that arrivals of one turn ride together */
	struct timer *expiry;       /* runs while anything is queued */
	struct list ended;          /* drafts whose outcome is known, told after the next batch has started */
	int64_t away_since_ms;      /* when the database went away; 0: it is there */
	void (*on_change)(void *context);
	void *on_change_context;
};

static batch_done on_main_done, on_side_done;

/* -- ends -------------------------------------------------------------------------------------- */

static void end_later(struct intake *intake, struct queued_draft *queued, enum draft_outcome outcome)
{
	queued->outcome = outcome;
	list_append(&intake->ended, &queued->node);
}

static void tell_ended(struct intake *intake)
{
	struct list *node;

	while ((node = list_shift(&intake->ended))) {
		struct queued_draft *queued = LIST_ITEM(node, struct queued_draft, node);

		intake->queued--;
		queued->done(queued, queued->outcome);
	}
	if (!intake->queued)
		timer_stop(intake->expiry);
}

/* -- starting batches -------------------------------------------------------------------------- */

/* Moves drafts into the batch, at most size_max. */
static void take(struct batch *batch, struct list *from, size_t size_max)
{
	struct list *node;

	while (batch_size(batch) < size_max && (node = list_shift(from)))
		batch_add(batch, LIST_ITEM(node, struct queued_draft, node));
}

/* The same from the line, where contacts may have gathered before their source or lead was parked. */
static void take_from_line(struct intake *intake, struct batch *batch)
{
	struct list *node;

	while (batch_size(batch) < intake->batch_max && (node = list_shift(&intake->line))) {
		struct queued_draft *queued = LIST_ITEM(node, struct queued_draft, node);
		struct parked *parked = parked_find(&intake->parked, &queued->draft);

		if (parked)
			list_append(&parked->drafts, node);
		else
			batch_add(batch, queued);
	}
}

static void start_main(struct intake *intake)
{
	struct lane *lane = &intake->main;

	if (lane->is_running || !pool_is_ready(intake->pool))
		return;
	batch_clear(lane->batch);
	if (!list_is_empty(&intake->suspects))
		take(lane->batch, &intake->suspects, intake->suspects_at_once);
	else
		take_from_line(intake, lane->batch);
	if (!batch_size(lane->batch))
		return;
	lane->is_running = true;
	batch_start(lane->batch, intake->pool, intake->passes_over ? BATCH_PASSES_OVER : BATCH_WAITS, on_main_done,
		    lane);
}

static void start_side(struct intake *intake)
{
	struct lane *lane = &intake->side;
	struct parked *parked;

	if (lane->is_running || !pool_is_ready(intake->pool))
		return;
	parked = parked_take_turn(&intake->parked);
	if (!parked)
		return;
	batch_clear(lane->batch);
	take(lane->batch, &parked->drafts, intake->batch_max);
	if (!batch_size(lane->batch)) {
		parked_drop_empty(parked);
		return;
	}
	intake->side_parked = parked;
	lane->is_running = true;
	batch_start(lane->batch, intake->pool, BATCH_WAITS, on_side_done, lane);
}

/* The next batch first, the answers of the last one after: PostgreSQL works while they are written. */
static void advance(void *context)
{
	struct intake *intake = context;

	start_main(intake);
	start_side(intake);
	tell_ended(intake);
}

/* -- deadlines --------------------------------------------------------------------------------- */

/* Lists are in order of arrival, so only their heads need a look. */
static void expire(struct intake *intake, struct list *list, int64_t now_ms, enum draft_outcome outcome)
{
	while (!list_is_empty(list)) {
		struct queued_draft *queued = LIST_ITEM(list->next, struct queued_draft, node);

		if (queued->deadline_ms > now_ms)
			return;
		list_remove(&queued->node);
		end_later(intake, queued, outcome);
	}
}

static void expire_all(struct intake *intake)
{
	enum draft_outcome late = pool_is_ready(intake->pool) ? DRAFT_BUSY : DRAFT_UNAVAILABLE;
	int64_t now_ms = loop_now_ms();
	struct list *next;

	/* With the database at hand, it is a lock that others wait for, or too many before them. */
	expire(intake, &intake->suspects, now_ms, late);
	expire(intake, &intake->line, now_ms, late);
	for (struct list *node = intake->parked.next; node != &intake->parked; node = next) {
		struct parked *parked = LIST_ITEM(node, struct parked, node);

		next = node->next;
		expire(intake, &parked->drafts, now_ms, DRAFT_BUSY);
		if (!intake->side.is_running)
			parked_drop_empty(parked);
	}
}

/* -- what becomes of a batch ------------------------------------------------------------------- */

static void batch_stored(struct intake *intake, struct batch *batch)
{
	for (size_t i = 0; i < batch_size(batch); i++) {
		struct queued_draft *queued = batch_draft(batch, i);

		switch (batch_outcome(batch, i)) {
		case BATCH_OF_DRAFT_STORED:
			end_later(intake, queued, DRAFT_STORED);
			break;
		case BATCH_OF_DRAFT_UNKNOWN_SOURCE:
			end_later(intake, queued, DRAFT_UNKNOWN_SOURCE);
			break;
		case BATCH_OF_DRAFT_GOES_AGAIN:
			break; /* below */
		case BATCH_OF_DRAFT_SET_ASIDE:
			parked_add(&intake->parked, queued, PARKED_BY_SOURCE);
			break;
		}
	}
	for (size_t i = batch_size(batch); i-- > 0;)
		if (batch_outcome(batch, i) == BATCH_OF_DRAFT_GOES_AGAIN) {
			batch_draft(batch, i)->tries++;
			list_prepend(&intake->line, &batch_draft(batch, i)->node);
		}
}

/* Back to the head of a list, in their order. */
static void put_back(struct list *list, struct batch *batch)
{
	for (size_t i = batch_size(batch); i-- > 0;)
		list_prepend(list, &batch_draft(batch, i)->node);
}

static void end_all(struct intake *intake, struct batch *batch, enum draft_outcome outcome)
{
	for (size_t i = 0; i < batch_size(batch); i++)
		end_later(intake, batch_draft(batch, i), outcome);
}

/* One contact alone failed on its own data, or on something that was deleted while it was planned. */
static void end_suspect(struct intake *intake, struct queued_draft *queued, enum db_error error)
{
	if (error == DB_DATA)
		end_later(intake, queued, DRAFT_REFUSED);
	else if (error == DB_CONFLICT && ++queued->tries < BATCH_TRIES_MAX)
		list_prepend(&intake->suspects, &queued->node);
	else
		end_later(intake, queued, DRAFT_FAILED);
}

static void halve(struct intake *intake, struct batch *batch, enum db_error error)
{
	if (batch_size(batch) == 1) {
		end_suspect(intake, batch_draft(batch, 0), error);
		return;
	}
	put_back(&intake->suspects, batch);
	intake->suspects_at_once = (batch_size(batch) + 1) / 2;
}

/* A lock was waited for in vain. Load rows can be passed over; if it was a lead's row, halve down to it. */
static void wait_apart(struct intake *intake, struct batch *batch)
{
	if (batch_size(batch) == 1 && intake->passes_over) {
		parked_add(&intake->parked, batch_draft(batch, 0), PARKED_BY_LEAD);
		return;
	}
	if (intake->passes_over) {
		halve(intake, batch, DB_BUSY);
		return;
	}
	put_back(&intake->suspects, batch);
	intake->suspects_at_once = batch_size(batch);
	intake->passes_over = true;
}

static void batch_failed(struct intake *intake, struct batch *batch, enum db_error error)
{
	switch (error) {
	case DB_BUSY:
		wait_apart(intake, batch);
		break;
	case DB_UNAVAILABLE: /* nothing was stored: they wait for the database until their deadlines */
		put_back(&intake->line, batch);
		break;
	case DB_OUTCOME_UNKNOWN:
		end_all(intake, batch, DRAFT_OUTCOME_UNKNOWN);
		break;
	case DB_RESTART: /* three times over: the database is contended beyond its means */
		end_all(intake, batch, DRAFT_BUSY);
		break;
	default:
		halve(intake, batch, error);
	}
}

static void on_main_done(struct batch *batch, void *context, const struct db_failure *failure)
{
	struct lane *lane = context;
	struct intake *intake = lane->intake;

	lane->is_running = false;
	if (failure->error)
		batch_failed(intake, batch, failure->error);
	else
		batch_stored(intake, batch);
	expire_all(intake); /* what came back may be at its end */
	if (list_is_empty(&intake->suspects))
		intake->passes_over = false;
	advance(intake);
}

/* A parked batch that waits in vain goes back to where it was parked; the others have their turn first. */
static void on_side_done(struct batch *batch, void *context, const struct db_failure *failure)
{
	struct lane *lane = context;
	struct intake *intake = lane->intake;

	lane->is_running = false;
	if (failure->error == DB_BUSY)
		put_back(&intake->side_parked->drafts, batch);
	else if (failure->error)
		batch_failed(intake, batch, failure->error);
	else
		batch_stored(intake, batch);
	expire_all(intake); /* also ends the parking, once nothing waits there */
	advance(intake);
}

static void on_expiry(void *context)
{
	struct intake *intake = context;

	expire_all(intake);
	timer_start(intake->expiry, EXPIRY_TICK_MS);
	advance(intake);
}

static void on_pool_change(void *context)
{
	struct intake *intake = context;

	intake->away_since_ms = pool_is_ready(intake->pool) ? 0 : loop_now_ms();
	if (intake->on_change)
		intake->on_change(intake->on_change_context);
	advance(intake);
}

/* -- public ------------------------------------------------------------------------------------ */

static void lane_init(struct lane *lane, struct intake *intake)
{
	*lane = (struct lane){ .intake = intake, .batch = batch_new(intake->batch_max, &intake->rng) };
}

struct intake *intake_new(struct loop *loop, const struct intake_options *options)
{
	struct intake *intake = mem_alloc(1, sizeof(*intake));

	intake->loop = loop;
	intake->pool = options->pool;
	intake->batch_max = options->batch_max;
	intake->line_max = options->line_max;
	intake->wait_ms = options->wait_ms;
	rng_seed(&intake->rng, options->seed);
	list_init(&intake->line);
	list_init(&intake->suspects);
	list_init(&intake->parked);
	list_init(&intake->ended);
	lane_init(&intake->main, intake);
	lane_init(&intake->side, intake);
	deferred_init(&intake->start, advance, intake);
	intake->expiry = timer_new(loop, on_expiry, intake);
	intake->away_since_ms = pool_is_ready(intake->pool) ? 0 : loop_now_ms();
	pool_on_change(intake->pool, on_pool_change, intake);
	return intake;
}

void intake_free(struct intake **intake)
{
	if (!*intake)
		return;
	assert((*intake)->queued == 0);
	pool_on_change((*intake)->pool, NULL, NULL);
	deferred_cancel(&(*intake)->start);
	timer_free(&(*intake)->expiry);
	batch_free(&(*intake)->main.batch);
	batch_free(&(*intake)->side.batch);
	mem_free(*intake);
	*intake = NULL;
}

bool intake_submit(struct intake *intake, struct queued_draft *queued)
{
	struct parked *parked;
	int64_t now_ms = loop_now_ms();

	if (intake->queued >= intake->line_max)
		return false;
	if (intake->away_since_ms && now_ms - intake->away_since_ms > intake->wait_ms)
		return false;
	queued->deadline_ms = now_ms + intake->wait_ms;
	queued->tries = 0;
	parked = parked_find(&intake->parked, &queued->draft);
	list_append(parked ? &parked->drafts : &intake->line, &queued->node);
	if (intake->queued++ == 0)
		timer_start(intake->expiry, EXPIRY_TICK_MS);
	loop_defer(intake->loop, &intake->start);
	return true;
}

void intake_on_change(struct intake *intake, void (*on_change)(void *context), void *context)
{
	intake->on_change = on_change;
	intake->on_change_context = context;
}
