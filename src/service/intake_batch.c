/* The step table of a batch: ASSIGNMENT.md says why each statement is where it is. */
#include "service/intake_batch.h"

#include "base/log.h"
#include "db/flow.h"
#include "service/internal.h"

#include <assert.h>
#include <stdio.h>

/* The answers of the first trip, in order. */
enum { SOURCES, LEADS_INSERTED, LEADS, LOADS, LINKS, IDS };

struct batch {
	struct queued_draft **drafts;
	enum batch_outcome *outcomes;
	struct choice *choices;
	int64_t *source_ids; /* of each draft */
	size_t count, size_max;
	struct rng *rng;
	enum batch_locking locking;
	batch_done *done;
	void *context;
};

struct batch *batch_new(size_t size_max, struct rng *rng)
{
	struct batch *batch = mem_alloc(1, sizeof(*batch));

	batch->drafts = mem_alloc(size_max, sizeof(*batch->drafts));
	batch->outcomes = mem_alloc(size_max, sizeof(*batch->outcomes));
	batch->choices = mem_alloc(size_max, sizeof(*batch->choices));
	batch->source_ids = mem_alloc(size_max, sizeof(*batch->source_ids));
	batch->size_max = size_max;
	batch->rng = rng;
	return batch;
}

void batch_free(struct batch **batch)
{
	if (!*batch)
		return;
	mem_free((*batch)->drafts);
	mem_free((*batch)->outcomes);
	mem_free((*batch)->choices);
	mem_free((*batch)->source_ids);
	mem_free(*batch);
	*batch = NULL;
}

void batch_clear(struct batch *batch)
{
	batch->count = 0;
}

void batch_add(struct batch *batch, struct queued_draft *queued)
{
	assert(batch->count < batch->size_max);
	batch->source_ids[batch->count] = queued->draft.source_id;
	batch->drafts[batch->count++] = queued;
}

size_t batch_size(const struct batch *batch)
{
	return batch->count;
}

struct queued_draft *batch_draft(const struct batch *batch, size_t index)
{
	return batch->drafts[index];
}

enum batch_outcome batch_outcome(const struct batch *batch, size_t index)
{
	return batch->outcomes[index];
}

/* -- first trip: lock, then read what decides -------------------------------------------------- */

static void ask_locks(struct flow *flow)
{
	const struct batch *batch = flow_context(flow);
	int64_t *sources = arena_alloc(flow_arena(flow), batch->count, sizeof(*sources));
	struct args by_source = flow_args(flow), count = flow_args(flow);
	bool waits = batch->locking == BATCH_WAITS;

	memcpy(sources, batch->source_ids, batch->count * sizeof(*sources));
	args_ints(&by_source, sources, ids_sort_distinct(sources, batch->count));
	args_int(&count, (int64_t)batch->count);

	flow_ask(flow, waits ? Q_BATCH_SOURCES : Q_BATCH_SOURCES_FREE, &by_source);
	batch_leads_ask(flow, batch->drafts, batch->count);
	flow_ask(flow, waits ? Q_BATCH_LOADS_LOCK : Q_BATCH_LOADS_LOCK_FREE, &by_source);
	flow_ask(flow, Q_BATCH_LINKS, &by_source);
	flow_ask(flow, Q_BATCH_IDS, &count);
}

/* -- between the trips: plan ------------------------------------------------------------------- */

/* The row of that source, or -1. */
static int find_source(const struct rows *sources, int64_t source_id)
{
	int low = 0, high = rows_count(sources);

	while (low < high) {
		int middle = low + (high - low) / 2;

		if (row_int(sources, middle, 0) < source_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < rows_count(sources) && row_int(sources, low, 0) == source_id ? low : -1;
}

static enum batch_outcome outcome_of(const struct rows *sources, enum batch_locking locking,
				     const struct stuck_sources *stuck, int64_t source_id)
{
	int row = find_source(sources, source_id);

	if (row < 0)
		return BATCH_OF_DRAFT_UNKNOWN_SOURCE;
	if (!row_bool(sources, row, 1) || (locking == BATCH_PASSES_OVER && stuck_has(stuck, source_id)))
		return BATCH_OF_DRAFT_SET_ASIDE;
	return BATCH_OF_DRAFT_STORED;
}

static enum flow_next read_locks(struct flow *flow)
{
	struct batch *batch = flow_context(flow);
	const struct rows *ids = flow_rows(flow, IDS);
	struct stuck_sources stuck;
	struct roster roster = roster_read(flow_arena(flow), flow_rows(flow, LOADS), flow_rows(flow, LINKS), &stuck);
	struct known_leads leads = batch_leads_read(flow, flow_rows(flow, LEADS));
	size_t stored = 0;

	for (size_t i = 0; i < batch->count; i++) {
		struct queued_draft *queued = batch->drafts[i];
		struct contact_result *result = &queued->result;

		batch->outcomes[i] =
			outcome_of(flow_rows(flow, SOURCES), batch->locking, &stuck, queued->draft.source_id);
		if (batch->outcomes[i] != BATCH_OF_DRAFT_STORED)
			continue;
		assign_plan(&roster, &queued->draft.source_id, 1, batch->rng, &batch->choices[i]);
		if (batch->choices[i].seat == NOBODY && queued->tries < BATCH_TRIES_MAX &&
		    stuck_has(&stuck, queued->draft.source_id)) {
			/* Somebody began to serve the source after the locks were taken, and may have room. */
			batch->outcomes[i] = BATCH_OF_DRAFT_GOES_AGAIN;
			continue;
		}
		*result = (struct contact_result){
			.id = row_int(ids, (int)i, 0),
			.lead_id = known_lead_id(&leads, queued->draft.external_id),
			.waiting_reason = batch->choices[i].reason,
		};
		if (batch->choices[i].seat != NOBODY)
			result->operator_id = roster.seats[batch->choices[i].seat].operator_id;
		snprintf(result->created_at, sizeof(result->created_at), "%s", row_text(ids, (int)i, 1).at);
		stored++;
	}
	return stored ? FLOW_NEXT : FLOW_ROLLBACK;
}

/* -- second trip: store ------------------------------------------------------------------------ */

static void ask_contacts(struct flow *flow, struct queued_draft *const *drafts, size_t count)
{
	struct arena *arena = flow_arena(flow);
	int64_t *numbers[4];   /* id, lead, source, operator */
	struct text *texts[3]; /* waiting reason, message, payload */
	struct args args = flow_args(flow);

	for (size_t k = 0; k < COUNT_OF(numbers); k++)
		numbers[k] = arena_alloc(arena, count, sizeof(**numbers));
	for (size_t k = 0; k < COUNT_OF(texts); k++)
		texts[k] = arena_alloc(arena, count, sizeof(**texts));
	for (size_t i = 0; i < count; i++) {
		const struct contact_result *result = &drafts[i]->result;
		const struct contact_draft *draft = &drafts[i]->draft;

		numbers[0][i] = result->id;
		numbers[1][i] = result->lead_id;
		numbers[2][i] = draft->source_id;
		numbers[3][i] = result->operator_id;
		texts[0][i] = text_of(waiting_reason_name(result->waiting_reason));
		texts[1][i] = draft->message;
		texts[2][i] = draft->payload;
	}
	for (size_t k = 0; k < COUNT_OF(numbers) - 1; k++)
		args_ints(&args, numbers[k], count);
	args_ints_or_null(&args, numbers[3], count);
	for (size_t k = 0; k < COUNT_OF(texts); k++)
		args_texts(&args, texts[k], count);
	flow_ask(flow, Q_BATCH_STORE, &args);
}

static void ask_store(struct flow *flow)
{
	const struct batch *batch = flow_context(flow);
	struct queued_draft **stored = arena_alloc(flow_arena(flow), batch->count, sizeof(*stored));
	size_t count = 0;

	for (size_t i = 0; i < batch->count; i++)
		if (batch->outcomes[i] == BATCH_OF_DRAFT_STORED)
			stored[count++] = batch->drafts[i];
	batch_leads_ask_changes(flow, stored, count);
	ask_contacts(flow, stored, count);
}

static const struct flow_step batch_steps[] = {
	{ "locks", ask_locks, read_locks },
	{ "store", ask_store, NULL },
	{ 0 },
};

static void on_flow_done(struct flow *flow, void *context, const struct db_failure *failure)
{
	struct batch *batch = context;

	/* Locks held by somebody else are told once, when the intake parks a source. */
	if (failure->error)
		log_line(failure->error == DB_BUSY ? LOG_DEBUG : LOG_WARN, "batch.failed",
			 "step=%s error=%s sqlstate=%s contacts=%zu", flow_step_name(flow),
			 db_error_name(failure->error), failure->sqlstate, batch->count);
	batch->done(batch, batch->context, failure);
}

void batch_start(struct batch *batch, struct pool *pool, enum batch_locking locking, batch_done *done, void *context)
{
	batch->locking = locking;
	batch->done = done;
	batch->context = context;
	flow_start(pool, batch_steps, on_flow_done, batch);
}
