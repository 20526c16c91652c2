/* One batch: the transaction that locks, plans and stores up to a few hundred contacts in two round trips. */
#ifndef LEADD_SERVICE_INTAKE_BATCH_H
#define LEADD_SERVICE_INTAKE_BATCH_H

#include "service/intake.h"

/* How a batch treats load rows that somebody else has locked. */
enum batch_locking {
	BATCH_WAITS,      /* waits for them, as long as the connection's lock_timeout */
	BATCH_PASSES_OVER /* sets the contacts of their sources aside */
};

enum batch_outcome {
	BATCH_OF_DRAFT_STORED,
	BATCH_OF_DRAFT_UNKNOWN_SOURCE,
	BATCH_OF_DRAFT_SET_ASIDE, /* its source waits for a lock; nothing was stored */
	BATCH_OF_DRAFT_GOES_AGAIN /* the source's operators changed meanwhile; nothing was stored */
};

enum { BATCH_TRIES_MAX = 20 }; /* with queued_draft.tries so high nothing goes again: the contact waits */

struct batch;

/* Comes once, never before batch_start() returned. Outcomes and results are good when failure->error is DB_OK. */
typedef void batch_done(struct batch *batch, void *context, const struct db_failure *failure);

/* An empty batch for at most size_max drafts, used again and again. Owned by the caller: batch_free(). */
struct batch *batch_new(size_t size_max, struct rng *rng);
void batch_free(struct batch **batch);

void batch_clear(struct batch *batch);
void batch_add(struct batch *batch, struct queued_draft *queued);
size_t batch_size(const struct batch *batch);

/* The index-th draft, and what became of it. */
struct queued_draft *batch_draft(const struct batch *batch, size_t index);
enum batch_outcome batch_outcome(const struct batch *batch, size_t index);

void batch_start(struct batch *batch, struct pool *pool, enum batch_locking locking, batch_done *done, void *context);

#endif
