/* The runner of step tables: BEGIN, trips, COMMIT, and every way in which that can fail, once for all of them. */
#include "db/flow.h"

#include "base/log.h"
#include "db/internal.h"

#include <assert.h>

enum { RESTARTS_MAX = 3, PAUSE_MIN_MS = 10, PAUSE_MAX_MS = 100 };

struct flow {
	struct job job;
	struct pool *pool;
	const struct flow_step *steps;
	flow_done *done;
	void *context;

	struct arena *arena;
	struct conn *conn; /* NULL: waits, pauses, or the connection was lost */
	int step;
	const struct answers *answers; /* while a read() runs */
	int own_answers;               /* the first answer that the step asked for itself; BEGIN's is before it */
	int restarts;
	bool asking, commits, rolled_back;
	struct db_failure failure;
	struct timer *pause; /* made by the first restart */
};

static void flow_end(struct flow *flow)
{
	if (flow->conn)
		pool_give_back(flow->pool, flow->conn);
	flow->conn = NULL;
	pool_job_done(flow->pool);
	flow->done(flow, flow->context, &flow->failure);
	timer_free(&flow->pause);
	arena_free(&flow->arena);
	mem_free(flow);
}

/* -- undoing ----------------------------------------------------------------------------------- */

static void on_pause_over(void *context)
{
	struct flow *flow = context;

	pool_resubmit(flow->pool, &flow->job);
}

/* The others of a deadlock have their turn meanwhile; by chance, or two losers would meet again. */
static void restart_later(struct flow *flow)
{
	int64_t pause_ms = PAUSE_MIN_MS + (int64_t)rng_below(pool_rng(flow->pool), PAUSE_MAX_MS - PAUSE_MIN_MS + 1);

	flow->restarts++;
	log_info("db.restart", "pool=%s step=%s sqlstate=%s try=%d in_ms=%d", pool_name(flow->pool),
		 flow_step_name(flow), flow->failure.sqlstate, flow->restarts, (int)pause_ms);
	if (flow->conn)
		pool_give_back(flow->pool, flow->conn);
	flow->conn = NULL;
	arena_free(&flow->arena);
	flow->arena = arena_new();
	if (!flow->pause)
		flow->pause = timer_new(pool_loop(flow->pool), on_pause_over, flow);
	pool_hold(flow->pool, &flow->job);
	timer_start(flow->pause, pause_ms);
}

static void undone(struct flow *flow)
{
	if (flow->failure.error == DB_RESTART && flow->restarts < RESTARTS_MAX)
		restart_later(flow);
	else
		flow_end(flow);
}

static void on_rolled_back(void *context, const struct answers *answers)
{
	struct flow *flow = context;

	/* A loss undoes as well, and a session that is still in the transaction is dropped when it is given back. */
	if (answers->lost)
		flow->conn = NULL;
	undone(flow);
}

static void undo(struct flow *flow)
{
	if (!flow->conn || !conn_in_transaction(flow->conn)) {
		undone(flow);
		return;
	}
	conn_add_control(flow->conn, CONN_ROLLBACK);
	conn_run(flow->conn, flow->job.until_ms, on_rolled_back, flow);
}

/* -- steps ------------------------------------------------------------------------------------- */

static void on_answers(void *context, const struct answers *answers);

static void ask_step(struct flow *flow)
{
	flow->own_answers = 0;
	flow->commits = !flow->steps[flow->step + 1].name;
	if (flow->step == 0) {
		conn_add_control(flow->conn, CONN_BEGIN);
		flow->own_answers = 1;
	}
	flow->asking = true;
	flow->steps[flow->step].ask(flow);
	flow->asking = false;
	if (flow->commits)
		conn_add_control(flow->conn, CONN_COMMIT);
	conn_run(flow->conn, flow->job.until_ms, on_answers, flow);
}

/* A COMMIT into a connection that is closed already would leave an unknown fate where there is none. */
static void next_step(struct flow *flow)
{
	if (conn_is_alive(flow->conn)) {
		ask_step(flow);
		return;
	}
	flow->conn = NULL;
	flow->failure = (struct db_failure){ .error = DB_UNAVAILABLE };
	flow_end(flow);
}

static enum flow_next read_step(struct flow *flow, const struct answers *answers)
{
	const struct flow_step *step = &flow->steps[flow->step];
	enum flow_next next;

	if (!step->read)
		return FLOW_NEXT;
	flow->answers = answers;
	next = step->read(flow);
	flow->answers = NULL;
	return next;
}

static void on_answers(void *context, const struct answers *answers)
{
	struct flow *flow = context;
	bool committed = flow->commits && answers->count == answers->asked;
	enum flow_next next;

	flow->failure = answers->failure;
	if (answers->lost)
		flow->conn = NULL;
	if (committed) /* also where the connection went between the word of that and the end of the trip */
		flow->failure = (struct db_failure){ .error = DB_OK };
	else if (answers->lost && flow->commits && flow->failure.error == DB_UNAVAILABLE)
		flow->failure.error = DB_OUTCOME_UNKNOWN;

	if (flow->failure.error) {
		undo(flow);
		return;
	}
	next = read_step(flow, answers);
	if (next == FLOW_ROLLBACK) {
		assert(!committed);
		flow->rolled_back = true;
		undo(flow);
	} else if (committed) {
		flow_end(flow);
	} else {
		flow->step += next == FLOW_SKIP ? 2 : 1;
		assert(flow->steps[flow->step].name);
		next_step(flow);
	}
}

static void flow_begin(struct job *job, struct conn *conn)
{
	struct flow *flow = LIST_ITEM(job, struct flow, job);

	flow->conn = conn;
	flow->step = 0;
	ask_step(flow);
}

static void flow_refused(struct job *job)
{
	struct flow *flow = LIST_ITEM(job, struct flow, job);

	flow->failure = (struct db_failure){ .error = DB_UNAVAILABLE };
	flow_end(flow);
}

void flow_start_until(struct pool *pool, const struct flow_step *steps, int64_t until_ms, flow_done *done,
		      void *context)
{
	static const struct job_kind kind = { flow_begin, flow_refused };
	struct flow *flow = mem_alloc(1, sizeof(*flow));

	assert(steps[0].name);
	flow->pool = pool;
	flow->steps = steps;
	flow->done = done;
	flow->context = context;
	flow->arena = arena_new();
	pool_submit(pool, &flow->job, &kind, until_ms);
}

void flow_start(struct pool *pool, const struct flow_step *steps, flow_done *done, void *context)
{
	flow_start_until(pool, steps, pool_until_ms(pool), done, context);
}

/* -- for the steps ----------------------------------------------------------------------------- */

void flow_ask(struct flow *flow, enum query query, const struct args *args)
{
	assert(flow->asking);
	conn_add(flow->conn, (int)query, args);
}

struct args flow_args(struct flow *flow)
{
	return args_start(flow->arena);
}

const struct rows *flow_rows(const struct flow *flow, int index)
{
	assert(flow->answers && index >= 0);
	index += flow->own_answers;
	assert(index < flow->answers->count - (flow->commits ? 1 : 0));
	return &flow->answers->rows[index];
}

struct arena *flow_arena(struct flow *flow)
{
	return flow->arena;
}

void *flow_context(const struct flow *flow)
{
	return flow->context;
}

bool flow_was_rolled_back(const struct flow *flow)
{
	return flow->rolled_back;
}

const char *flow_step_name(const struct flow *flow)
{
	return flow->steps[flow->step].name;
}
