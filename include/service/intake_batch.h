/* One batch: the transaction that locks, plans and stores up to a few hundred contacts in two round trips, or three. */
#ifndef LEADD_SERVICE_INTAKE_BATCH_H
#define LEADD_SERVICE_INTAKE_BATCH_H

#include "service/intake.h"

/* How a batch treats rows and keys that somebody else has locked. */
enum batch_locking {
	BATCH_WAITS,           /* waits for them, as long as the connection's lock_timeout */
	BATCH_WAITS_FOR_LOADS, /* waits for what batches hold in turn: keys, sources, loads; passes over all others */
	BATCH_PASSES_OVER      /* sets the contacts that need them aside */
};

enum batch_outcome {
	BATCH_OF_DRAFT_STORED,
	BATCH_OF_DRAFT_REPLAYED,   /* its key was answered before */
	BATCH_OF_DRAFT_KEY_REUSED, /* its key was answered before, for another contact */
	BATCH_OF_DRAFT_UNKNOWN_SOURCE,
	BATCH_OF_DRAFT_SOURCE_BUSY, /* its source waits for a lock; nothing was stored */
	BATCH_OF_DRAFT_LEAD_BUSY,   /* its lead is locked, or being made, by somebody else; nothing was stored */
	BATCH_OF_DRAFT_KEY_BUSY,    /* its key is in flight elsewhere; nothing was stored */
	BATCH_OF_DRAFT_GOES_AGAIN   /* it has to be planned once more; nothing was stored */
};

/* With queued_draft.tries so high, or queued_draft.again_until_ms over, nothing goes again for the sake of others. */
enum { BATCH_TRIES_MAX = 20 };

struct batch;

/*
 * Of the statements that most batches ask, those that find and change nothing with null for every parameter. For
 * pool_options.warm. The ids, the contact and the decision of a batch of one are not among them.
 */
enum { BATCH_USUAL = 11 };
extern const enum query batch_usual[BATCH_USUAL];

/* Comes once, never before batch_start() returned. Outcomes and results are good when failure->error is DB_OK. */
typedef void batch_done(struct batch *batch, void *context, const struct db_failure *failure);

/* An empty batch for at most size_max drafts, used again and again. Owned by the caller: batch_free(). */
struct batch *batch_new(size_t size_max, struct rng *rng, const struct feed *feed);
void batch_free(struct batch **batch);

void batch_clear(struct batch *batch);
void batch_add(struct batch *batch, struct queued_draft *queued);
size_t batch_size(const struct batch *batch);

/* Automatic sources whose waiting contacts are planned as well, whatever the drafts are; at most DRAIN_MAX. */
void batch_drain(struct batch *batch, const int64_t *source_ids, size_t count);

/* The index-th draft, and what became of it. */
struct queued_draft *batch_draft(const struct batch *batch, size_t index);
enum batch_outcome batch_outcome(const struct batch *batch, size_t index);

/* Whether contacts of automatic sources were stored without an operator. */
bool batch_made_wait(const struct batch *batch);

/* Whether it has passed over something that it would wait for in vain as BATCH_WAITS, and others with it. */
bool batch_met_locks(const struct batch *batch);

/* How many contacts that waited got an operator. */
size_t batch_drained(const struct batch *batch);

void batch_start(struct batch *batch, struct pool *pool, enum batch_locking locking, batch_done *done, void *context);

#endif
