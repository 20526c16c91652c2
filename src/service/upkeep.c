/* A round every minute or so: old keys first, then the decisions; slice after slice until one comes back short. */
#include "service/upkeep.h"

#include "base/log.h"
#include "base/rng.h"

enum {
	FIRST_MS = 2000, /* at most, from the start to the first round */
	ROUND_MS = 60000,
	ROUND_JITTER_MS = 20000, /* processes that were started together do it apart */
	PAUSE_MS = 50,           /* between two slices: the requests have the connections as well */
	KEYS_MAX = 1000,
	DECISIONS_MAX = 5000,
	DECISIONS_MIN = 100
};

struct upkeep {
	struct pool *pool;
	struct rng rng;
	struct timer *due;
	bool is_stopped;
	bool is_summing;   /* else keys are deleted */
	int64_t decisions; /* in one slice: fewer when that took too long */
	struct arena *arena;
	struct args args;
};

static void plan(struct upkeep *upkeep, int64_t ms)
{
	if (!upkeep->is_stopped)
		timer_start(upkeep->due, ms);
}

static void plan_round(struct upkeep *upkeep)
{
	upkeep->is_summing = false;
	plan(upkeep, ROUND_MS - ROUND_JITTER_MS / 2 + (int64_t)rng_below(&upkeep->rng, ROUND_JITTER_MS));
}

static void log_failure(const char *what, const struct db_failure *failure)
{
	log_warn("upkeep.failed", "what=%s error=%s", what, db_error_name(failure->error));
}

static void on_summed(void *context, const struct db_failure *failure, const struct rows *rows)
{
	struct upkeep *upkeep = context;
	bool is_more = !failure->error && rows_count(rows) && row_bool(rows, 0, 0);

	if (failure->error && !upkeep->is_stopped)
		log_failure("decisions", failure);
	if (failure->error == DB_BUSY && upkeep->decisions > DECISIONS_MIN)
		upkeep->decisions /= 2;
	else if (!failure->error && !is_more)
		upkeep->decisions = DECISIONS_MAX;
	if (is_more)
		plan(upkeep, PAUSE_MS);
	else
		plan_round(upkeep);
}

static void on_expired(void *context, const struct db_failure *failure, const struct rows *rows)
{
	struct upkeep *upkeep = context;

	if (failure->error && !upkeep->is_stopped)
		log_failure("keys", failure);
	upkeep->is_summing = failure->error || rows_affected(rows) < KEYS_MAX;
	plan(upkeep, PAUSE_MS);
}

static void on_due(void *context)
{
	struct upkeep *upkeep = context;

	arena_free(&upkeep->arena);
	upkeep->arena = arena_new();
	upkeep->args = args_start(upkeep->arena);
	args_int(&upkeep->args, upkeep->is_summing ? upkeep->decisions : KEYS_MAX);
	if (upkeep->is_summing)
		pool_write(upkeep->pool, Q_HOURS_SUM, &upkeep->args, on_summed, upkeep);
	else
		pool_write(upkeep->pool, Q_KEYS_EXPIRE, &upkeep->args, on_expired, upkeep);
}

struct upkeep *upkeep_new(struct loop *loop, struct pool *pool, uint64_t seed)
{
	struct upkeep *upkeep = mem_alloc(1, sizeof(*upkeep));

	upkeep->pool = pool;
	upkeep->decisions = DECISIONS_MAX;
	rng_seed(&upkeep->rng, seed);
	upkeep->due = timer_new(loop, on_due, upkeep);
	plan(upkeep, (int64_t)rng_below(&upkeep->rng, FIRST_MS));
	return upkeep;
}

void upkeep_stop(struct upkeep *upkeep)
{
	upkeep->is_stopped = true;
	timer_stop(upkeep->due);
}

void upkeep_free(struct upkeep **upkeep)
{
	if (!*upkeep)
		return;
	timer_free(&(*upkeep)->due);
	arena_free(&(*upkeep)->arena);
	mem_free(*upkeep);
	*upkeep = NULL;
}
