/* Who gets a connection, and who waits for one: a bounded line, first come, first served. */
#include "db/pool.h"

#include "base/log.h"
#include "db/internal.h"

#include <assert.h>
#include <string.h>

enum { POOL_SIZE_MAX = 100 };

struct pool {
	struct loop *loop;
	struct pool_options options;
	char *name, *conninfo, *settings;
	struct rng rng;
	bool closing;

	struct conn *conns[POOL_SIZE_MAX];
	struct conn *idle[POOL_SIZE_MAX]; /* the last one used is the first one taken: its caches are warm */
	int idle_count, ready;
	uint64_t lost;         /* connections, since the start */
	int64_t down_since_ms; /* while ready is 0 */

	int jobs; /* submitted and not done */
	int waiting;
	struct list line;    /* sorted by wait_until_ms, those who may wait equally long in order of arrival */
	struct list held;    /* jobs that pause */
	struct list refused; /* to be told after this turn */
	struct timer *line_due;
	struct deferred refuse;

	struct deferred change;
	bool told_ready;
	void (*on_change)(void *context);
	void *on_change_context;
};

/* -- the line ---------------------------------------------------------------------------------- */

static bool is_down_for_long(const struct pool *pool)
{
	return pool->ready == 0 && loop_now_ms() - pool->down_since_ms > pool->options.wait_ms;
}

static void refuse_later(struct pool *pool, struct job *job)
{
	list_append(&pool->refused, &job->node);
	loop_defer(pool->loop, &pool->refuse);
}

static void refuse_all(struct list *jobs)
{
	struct list *node;

	while ((node = list_shift(jobs))) {
		struct job *job = LIST_ITEM(node, struct job, node);

		job->kind->refused(job);
	}
}

static void on_refuse(void *context)
{
	struct pool *pool = context;

	refuse_all(&pool->refused);
}

static struct job *line_first(const struct pool *pool)
{
	return list_is_empty(&pool->line) ? NULL : LIST_ITEM(pool->line.next, struct job, node);
}

static struct job *line_shift(struct pool *pool)
{
	struct job *job = line_first(pool);

	if (job) {
		list_remove(&job->node);
		pool->waiting--;
	}
	return job;
}

/* Nearly always last: only who has waited before, or may not wait as long as others, goes before some. */
static void line_add(struct pool *pool, struct job *job)
{
	int64_t now_ms = loop_now_ms();
	struct list *next = &pool->line;

	job->wait_until_ms = now_ms + pool->options.wait_ms;
	if (job->wait_until_ms > job->until_ms)
		job->wait_until_ms = job->until_ms;
	while (next->prev != &pool->line && LIST_ITEM(next->prev, struct job, node)->wait_until_ms > job->wait_until_ms)
		next = next->prev;
	list_append(next, &job->node);
	pool->waiting++;
	if (line_first(pool) == job || !timer_is_running(pool->line_due))
		timer_start(pool->line_due, job->wait_until_ms > now_ms ? job->wait_until_ms - now_ms : 0);
}

/* The timer runs for one who is or was the first in the line; when that one has left by then, it only starts again. */
static void on_line_due(void *context)
{
	struct pool *pool = context;
	int64_t now_ms = loop_now_ms();
	struct job *job;

	while ((job = line_first(pool)) && job->wait_until_ms <= now_ms) {
		line_shift(pool);
		job->kind->refused(job);
	}
	if (job)
		timer_start(pool->line_due, job->wait_until_ms - now_ms);
}

/* -- connections ------------------------------------------------------------------------------- */

static struct conn *take_idle(struct pool *pool)
{
	while (pool->idle_count > 0) {
		struct conn *conn = pool->idle[--pool->idle_count];

		if (conn_is_alive(conn))
			return conn;
	}
	return NULL;
}

/* To the first in the line, or among the idle ones. */
static void put_to_use(struct pool *pool, struct conn *conn)
{
	struct job *job = line_shift(pool);

	if (job)
		job->kind->start(job, conn);
	else
		pool->idle[pool->idle_count++] = conn;
}

static void tell_change(void *context)
{
	struct pool *pool = context;

	if (pool->told_ready == pool_is_ready(pool))
		return;
	pool->told_ready = !pool->told_ready;
	if (pool->on_change)
		pool->on_change(pool->on_change_context);
}

static void on_ready(void *owner, struct conn *conn)
{
	struct pool *pool = owner;

	pool->ready++;
	loop_defer(pool->loop, &pool->change);
	put_to_use(pool, conn);
	for (int i = 0; i < pool->options.size; i++)
		conn_connect(pool->conns[i]);
}

/*
 * Where one does not answer, the others may be as dead: whoever waits must not find that out one after the other. Those
 * that are idle are made anew.
 */
static void on_lost(void *owner, struct conn *conn, bool is_overdue)
{
	struct pool *pool = owner;

	for (int i = 0; i < pool->idle_count; i++)
		if (pool->idle[i] == conn)
			pool->idle[i--] = pool->idle[--pool->idle_count];
	if (--pool->ready == 0)
		pool->down_since_ms = loop_now_ms();
	pool->lost++;
	if (!pool->closing)
		loop_defer(pool->loop, &pool->change);
	while (is_overdue && pool->idle_count)
		conn_drop(pool->idle[pool->idle_count - 1], "suspect", false);
}

static void on_regained(void *owner, struct conn *conn)
{
	pool_give_back(owner, conn);
}

/* -- jobs -------------------------------------------------------------------------------------- */

int64_t pool_until_ms(const struct pool *pool)
{
	return loop_now_ms() + pool->options.answer_ms;
}

void pool_submit(struct pool *pool, struct job *job, const struct job_kind *kind, int64_t until_ms)
{
	struct conn *conn;

	list_init(&job->node);
	job->kind = kind;
	job->until_ms = until_ms;
	pool->jobs++;
	if (pool->closing || is_down_for_long(pool))
		refuse_later(pool, job);
	else if (pool->waiting == 0 && (conn = take_idle(pool)))
		job->kind->start(job, conn);
	else if (pool->waiting < pool->options.waiting_max)
		line_add(pool, job);
	else
		refuse_later(pool, job);
}

void pool_resubmit(struct pool *pool, struct job *job)
{
	struct conn *conn;

	list_remove(&job->node);
	if (pool->closing)
		refuse_later(pool, job);
	else if (pool->waiting == 0 && (conn = take_idle(pool)))
		job->kind->start(job, conn);
	else
		line_add(pool, job);
}

void pool_hold(struct pool *pool, struct job *job)
{
	list_append(&pool->held, &job->node);
}

void pool_give_back(struct pool *pool, struct conn *conn)
{
	if (conn_is_clean(conn))
		put_to_use(pool, conn);
}

void pool_job_done(struct pool *pool)
{
	pool->jobs--;
}

struct loop *pool_loop(struct pool *pool)
{
	return pool->loop;
}

struct rng *pool_rng(struct pool *pool)
{
	return &pool->rng;
}

const char *pool_name(const struct pool *pool)
{
	return pool->name;
}

/* -- life -------------------------------------------------------------------------------------- */

static char *copy_of(const char *text)
{
	return text ? mem_copy(text, strlen(text)) : NULL;
}

struct pool *pool_new(struct loop *loop, const struct pool_options *options)
{
	static const struct conn_hooks hooks = { .on_ready = on_ready, .on_lost = on_lost, .on_regained = on_regained };
	struct pool *pool = mem_alloc(1, sizeof(*pool));
	struct conn_options conn;

	assert(options->size >= 1 && options->size <= POOL_SIZE_MAX);
	pool->loop = loop;
	pool->options = *options;
	pool->name = copy_of(options->name);
	pool->conninfo = copy_of(options->conninfo);
	pool->settings = copy_of(options->settings);
	rng_seed(&pool->rng, options->seed);
	list_init(&pool->line);
	list_init(&pool->held);
	list_init(&pool->refused);
	pool->line_due = timer_new(loop, on_line_due, pool);
	deferred_init(&pool->refuse, on_refuse, pool);
	deferred_init(&pool->change, tell_change, pool);
	pool->down_since_ms = loop_now_ms();

	conn = (struct conn_options){
		.name = pool->name,
		.conninfo = pool->conninfo,
		.settings = pool->settings,
		.statements = options->statements ? options->statements : query_texts,
		.statement_count = options->statements ? options->statement_count : Q_COUNT,
		.warm = options->warm,
		.warm_count = options->warm_count,
		.unit_ms = options->unit_ms,
		.rng = &pool->rng,
	};
	for (int i = 0; i < options->size; i++)
		pool->conns[i] = conn_new(loop, &conn, &hooks, pool);
	conn_connect(pool->conns[0]);
	return pool;
}

void pool_free(struct pool **pool)
{
	struct pool *freed = *pool;

	if (!freed)
		return;
	freed->closing = true;
	deferred_cancel(&freed->refuse);
	deferred_cancel(&freed->change);
	/* Callbacks may ask again; they are refused in turn. */
	for (int i = 0; i < freed->options.size; i++)
		conn_free(&freed->conns[i]);
	freed->waiting = 0;
	refuse_all(&freed->line);
	refuse_all(&freed->held);
	refuse_all(&freed->refused);
	assert(freed->jobs == 0);
	deferred_cancel(&freed->refuse);
	timer_free(&freed->line_due);
	mem_free(freed->name);
	mem_free(freed->conninfo);
	mem_free(freed->settings);
	mem_free(freed);
	*pool = NULL;
}

bool pool_is_ready(const struct pool *pool)
{
	return pool->ready > 0;
}

void pool_on_change(struct pool *pool, void (*on_change)(void *context), void *context)
{
	pool->on_change = on_change;
	pool->on_change_context = context;
}

int pool_waiting(const struct pool *pool)
{
	return pool->waiting;
}

int pool_running(const struct pool *pool)
{
	return pool->jobs - pool->waiting;
}

int pool_size(const struct pool *pool)
{
	return pool->options.size;
}

int pool_connected(const struct pool *pool)
{
	return pool->ready;
}

uint64_t pool_lost(const struct pool *pool)
{
	return pool->lost;
}
