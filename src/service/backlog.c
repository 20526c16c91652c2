/* Looks who waits without need, has the intake assign them, and looks again until nobody is found; then it rests. */
#include "service/backlog.h"

#include "base/log.h"
#include "base/rng.h"
#include "service/internal.h"

enum {
	INTAKE_MS = 200, /* shortest time between two looks that only the intake asks for: usually there is no room */
	RETRY_FIRST_MS = 50,
	RETRY_LAST_MS = 1000,
	STUCK_MAX = 1024
};

struct waiting_source {
	int64_t id;
	int64_t contact_id; /* that waits longest */
};

struct backlog {
	struct pool *pool;
	struct intake *intake;
	int64_t sweep_ms;
	struct rng rng;
	struct timer *due;
	bool is_running; /* a look, or what it found */
	bool is_stopped;
	bool is_woken;    /* since the last look began */
	bool has_waiting; /* the same, by the intake */
	int64_t looked_at_ms;

	struct arena *arena; /* of the look */
	struct args args;
	struct waiting_source found[DRAIN_MAX]; /* by the last look */
	size_t found_count;

	/* Sources that came back as they were: somebody holds a contact or a load. Left out until retry_at_ms. */
	int64_t stuck[STUCK_MAX];
	size_t stuck_count;
	bool has_failed; /* the last look did: nothing is asked until retry_at_ms */
	int retries;     /* in a row */
	int64_t retry_at_ms;
};

static void look(struct backlog *backlog);

/* -- when to look again ------------------------------------------------------------------------ */

static void plan(struct backlog *backlog)
{
	int64_t now_ms = loop_now_ms(), at_ms = backlog->looked_at_ms + backlog->sweep_ms;

	if (backlog->is_running || backlog->is_stopped)
		return;
	if (backlog->has_waiting && backlog->looked_at_ms + INTAKE_MS < at_ms)
		at_ms = backlog->looked_at_ms + INTAKE_MS;
	if ((backlog->has_failed || backlog->stuck_count) && backlog->retry_at_ms < at_ms)
		at_ms = backlog->retry_at_ms;
	if (backlog->is_woken)
		at_ms = now_ms;
	if (backlog->has_failed && at_ms < backlog->retry_at_ms)
		at_ms = backlog->retry_at_ms;
	timer_start(backlog->due, at_ms > now_ms ? at_ms - now_ms : 0);
}

/* Most locks are gone at once, some stay for long. Up to half of it off by chance, or two processes would collide. */
static void plan_retry(struct backlog *backlog)
{
	int64_t pause_ms = (int64_t)RETRY_FIRST_MS << (backlog->retries < 5 ? backlog->retries : 5);

	if (pause_ms > RETRY_LAST_MS)
		pause_ms = RETRY_LAST_MS;
	pause_ms -= (int64_t)rng_below(&backlog->rng, (uint64_t)pause_ms / 2 + 1);
	backlog->retries++;
	backlog->retry_at_ms = loop_now_ms() + pause_ms;
}

static void rest(struct backlog *backlog)
{
	backlog->is_running = false;
	plan(backlog);
}

/* -- a look, and what it finds ----------------------------------------------------------------- */

static bool was_found(const struct backlog *backlog, const struct waiting_source *source)
{
	for (size_t i = 0; i < backlog->found_count; i++)
		if (backlog->found[i].id == source->id && backlog->found[i].contact_id == source->contact_id)
			return true;
	return false;
}

static void set_aside(struct backlog *backlog, int64_t source_id)
{
	if (backlog->stuck_count == 0)
		plan_retry(backlog);
	if (backlog->stuck_count < STUCK_MAX)
		backlog->stuck[backlog->stuck_count++] = source_id;
}

static void on_drained(void *context, bool is_drained)
{
	struct backlog *backlog = context;

	log_debug("backlog.drained", "sources=%zu complete=%d", backlog->found_count, is_drained);
	if (backlog->is_stopped)
		rest(backlog);
	else
		look(backlog);
}

/* Only sources that are found anew are drained: so each round has come further, or is the last one. */
static void drain(struct backlog *backlog, const struct rows *rows)
{
	struct waiting_source found[DRAIN_MAX];
	int64_t ids[DRAIN_MAX];
	size_t count = 0;

	for (int i = 0; i < rows_count(rows); i++) {
		struct waiting_source source = { row_int(rows, i, 0), row_int(rows, i, 1) };

		if (was_found(backlog, &source)) {
			set_aside(backlog, source.id);
			continue;
		}
		ids[count] = source.id;
		found[count++] = source;
	}
	memcpy(backlog->found, found, count * sizeof(found[0]));
	backlog->found_count = count;
	if (backlog->stuck_count == STUCK_MAX)
		rest(backlog);
	else if (count)
		intake_drain(backlog->intake, ids, count, on_drained, backlog);
	else
		look(backlog); /* for those behind the ones set aside */
}

static void on_found(void *context, const struct db_failure *failure, const struct rows *rows)
{
	struct backlog *backlog = context;

	backlog->has_failed = failure->error;
	if (failure->error) {
		if (backlog->retries == 0 && !backlog->is_stopped)
			log_warn("backlog.failed", "error=%s", db_error_name(failure->error));
		plan_retry(backlog);
	} else if (rows_count(rows) && !backlog->is_stopped) {
		drain(backlog, rows);
		return;
	} else if (backlog->stuck_count == 0) {
		backlog->retries = 0;
	}
	backlog->found_count = 0;
	rest(backlog);
}

static void look(struct backlog *backlog)
{
	backlog->looked_at_ms = loop_now_ms();
	backlog->is_running = true;
	backlog->is_woken = backlog->has_waiting = false;
	if (backlog->stuck_count && backlog->looked_at_ms >= backlog->retry_at_ms)
		backlog->stuck_count = backlog->found_count = 0;
	arena_free(&backlog->arena);
	backlog->arena = arena_new();
	backlog->args = args_start(backlog->arena);
	args_ints(&backlog->args, backlog->stuck, backlog->stuck_count);
	args_int(&backlog->args, DRAIN_MAX);
	pool_read(backlog->pool, Q_BACKLOG_SOURCES, &backlog->args, on_found, backlog);
}

/* -- what wakes it ----------------------------------------------------------------------------- */

static void on_due(void *context)
{
	look(context);
}

static void on_waiting(void *context)
{
	struct backlog *backlog = context;

	backlog->has_waiting = true;
	plan(backlog);
}

/* Whatever it was: a look tells more. */
static void on_notified(void *context)
{
	backlog_wake(context);
}

/* -- public ------------------------------------------------------------------------------------ */

struct backlog *backlog_new(struct loop *loop, const struct backlog_options *options)
{
	struct backlog *backlog = mem_alloc(1, sizeof(*backlog));

	backlog->pool = options->pool;
	backlog->intake = options->intake;
	backlog->sweep_ms = options->sweep_ms;
	rng_seed(&backlog->rng, options->seed);
	backlog->looked_at_ms = loop_now_ms();
	backlog->due = timer_new(loop, on_due, backlog);
	feed_on(options->feed, FEED_BACKLOG, on_notified, backlog);
	intake_on_waiting(options->intake, on_waiting, backlog);
	plan(backlog);
	return backlog;
}

void backlog_wake(struct backlog *backlog)
{
	backlog->is_woken = true;
	plan(backlog);
}

void backlog_stop(struct backlog *backlog)
{
	backlog->is_stopped = true;
	timer_stop(backlog->due);
}

void backlog_free(struct backlog **backlog)
{
	if (!*backlog)
		return;
	timer_free(&(*backlog)->due);
	arena_free(&(*backlog)->arena);
	mem_free(*backlog);
	*backlog = NULL;
}
