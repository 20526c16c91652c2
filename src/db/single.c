/* One statement as a transaction of its own, on whichever connection comes free. */
#include "db/internal.h"

struct single {
	struct job job;
	struct pool *pool;
	struct conn *conn;
	enum query query;
	const struct args *args;
	bool changes, repeated;
	pool_on_rows *on_rows;
	void *context;
};

static void single_end(struct single *single, const struct db_failure *failure, const struct rows *rows)
{
	pool_job_done(single->pool);
	single->on_rows(single->context, failure, rows);
	mem_free(single);
}

static void on_answers(void *context, const struct answers *answers)
{
	struct single *single = context;
	struct db_failure failure = answers->failure;

	if (!answers->lost) {
		pool_give_back(single->pool, single->conn);
	} else if (failure.error == DB_UNAVAILABLE && single->changes) {
		failure.error = DB_OUTCOME_UNKNOWN;
	} else if (failure.error == DB_UNAVAILABLE && !single->repeated && !answers->overdue) {
		single->repeated = true;
		pool_resubmit(single->pool, &single->job);
		return;
	}
	single_end(single, &failure, failure.error ? NULL : &answers->rows[0]);
}

static void single_start(struct job *job, struct conn *conn)
{
	struct single *single = LIST_ITEM(job, struct single, job);

	single->conn = conn;
	conn_add(conn, (int)single->query, single->args);
	conn_run(conn, single->job.until_ms, on_answers, single);
}

static void single_refused(struct job *job)
{
	single_end(LIST_ITEM(job, struct single, job), &(struct db_failure){ .error = DB_UNAVAILABLE }, NULL);
}

static void single_submit(struct pool *pool, const struct single *wanted)
{
	static const struct job_kind kind = { single_start, single_refused };
	struct single *single = mem_alloc(1, sizeof(*single));

	*single = *wanted;
	pool_submit(pool, &single->job, &kind, pool_until_ms(pool));
}

void pool_read(struct pool *pool, enum query query, const struct args *args, pool_on_rows *on_rows, void *context)
{
	single_submit(
		pool,
		&(struct single){ .pool = pool, .query = query, .args = args, .on_rows = on_rows, .context = context });
}

void pool_write(struct pool *pool, enum query query, const struct args *args, pool_on_rows *on_rows, void *context)
{
	single_submit(pool, &(struct single){ .pool = pool,
					      .query = query,
					      .args = args,
					      .on_rows = on_rows,
					      .context = context,
					      .changes = true });
}
