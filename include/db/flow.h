/*
 * Runs a table of steps as one transaction on a leased connection.
 *
 * Each step is one round trip: ask() queues statements, read() sees all their answers. BEGIN rides in front of the
 * first trip and COMMIT behind the last. Between two trips C decides. The table is the index of the operation.
 */
#ifndef LEADD_DB_FLOW_H
#define LEADD_DB_FLOW_H

#include "db/pool.h"

struct flow;

enum flow_next {
	FLOW_NEXT,    /* go on with the next step; after the last one: the transaction has been committed */
	FLOW_SKIP,    /* leave the next step out, which is not the last one */
	FLOW_ROLLBACK /* stop here, undo; done() gets DB_OK all the same: it was a decision, not a fault */
};

struct flow_step {
	const char *name;                          /* for log lines; NULL ends the table */
	void (*ask)(struct flow *flow);            /* queues statements with flow_ask() */
	enum flow_next (*read)(struct flow *flow); /* all answers are here and good; NULL: nothing to read */
};

/*
 * done comes exactly once, never before flow_start() returned, and frees nothing of the caller's. After
 * DB_OK, flow_was_rolled_back() tells whether a read() chose FLOW_ROLLBACK.
 */
typedef void flow_done(struct flow *flow, void *context, const struct db_failure *failure);

/*
 * Starts the steps on the first connection of the pool that is free; waits in the pool's line otherwise.
 * The first ask() may run before this returns.
 *
 * - Any failure: the remaining answers are drained, ROLLBACK, the connection goes back, done() once.
 * - DB_RESTART failures start again at step 0 (3 times, 10..100 ms jittered pauses) before they are reported, and
 *   every flow gets its arena emptied before. So read() may overwrite the plan, never append to it.
 * - The connection lost before COMMIT was sent: DB_UNAVAILABLE, nothing is stored. After: DB_OUTCOME_UNKNOWN.
 * - read() of the last step runs after COMMIT was confirmed.
 */
void flow_start(struct pool *pool, const struct flow_step *steps, flow_done *done, void *context);

/*
 * The same for somebody who has waited already: done comes by until_ms, of loop_now_ms(). A transaction that has not
 * come to its COMMIT by then will not: DB_UNAVAILABLE; after it DB_OUTCOME_UNKNOWN.
 */
void flow_start_until(struct pool *pool, const struct flow_step *steps, int64_t until_ms, flow_done *done,
		      void *context);

/* In ask(): queues a statement. args (made with flow_args()) is read before this returns. */
void flow_ask(struct flow *flow, enum query query, const struct args *args);

/* An empty parameter list in the flow's arena. */
struct args flow_args(struct flow *flow);

/* In read(): the answer of the index-th statement that this step asked, 0 first. */
const struct rows *flow_rows(const struct flow *flow, int index);

/* The arena of this attempt: emptied when the flow starts again, freed after done(). */
struct arena *flow_arena(struct flow *flow);

void *flow_context(const struct flow *flow);
bool flow_was_rolled_back(const struct flow *flow);

/* The name of the step that runs or failed, for log lines. */
const char *flow_step_name(const struct flow *flow);

#endif
