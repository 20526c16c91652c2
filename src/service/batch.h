/* One batch from within: what its files share. */
#ifndef LEADD_SERVICE_BATCH_H
#define LEADD_SERVICE_BATCH_H

#include "service/feed.h"
#include "service/intake_batch.h"
#include "service/internal.h"

/* Statements of the first trip; not every batch asks all. */
enum batch_statement {
	BATCH_MEMORY,
	BATCH_KEYS_LOCKED,
	BATCH_KEYS,
	BATCH_SOURCES,
	BATCH_LEADS_MADE,
	BATCH_LEADS_LOCKED,
	BATCH_STICKY,
	BATCH_LOADS,
	BATCH_LINKS_LOCKED,
	BATCH_LINKS,
	BATCH_BACKLOG,
	BATCH_IDS,
	BATCH_STATEMENTS
};

enum { MEMORY_FROM = 256 }; /* contacts; what so large a batch needs the server should keep for the next one */

/* A draft as this attempt plans it. */
struct planned {
	struct queued_draft *queued;
	struct wish wish;
	struct choice choice;
	int ordinal;
	enum batch_outcome outcome;
};

/* A waiting contact that gets an operator. */
struct drained {
	int64_t contact_id, source_id, lead_id, operator_id;
	const char *reason;
	int ordinal;
	int64_t draw; /* -1: none */
};

enum { PASSED_MAX = 64 }; /* contacts; with more in the way they are read with a lock */

struct batch {
	struct planned *drafts; /* in order of arrival */
	size_t count, size_max;
	int64_t drain_ids[DRAIN_MAX]; /* sources to be drained besides */
	size_t drain_count;
	struct rng *rng;
	const struct feed *feed;
	enum batch_locking locking;
	struct pool *pool;
	batch_done *done;
	void *context;

	/* Learned from the batches before: who does not use a feature does not pay for it. */
	bool uses_backlog; /* there are automatic sources */
	int uses_sticky;   /* batches until it is forgotten that there are sticky sources */

	/* Since batch_start(): waiting contacts that were chosen, but that somebody else had locked. */
	int64_t passed_over[PASSED_MAX];
	size_t passed_count;
	int rounds;            /* attempts that found some */
	bool locks_backlog;    /* there were too many of them: contacts are locked before the choice */
	uint64_t backlog_seed; /* of the draws for waiting contacts */

	/* this attempt */
	bool goes_again;             /* it was undone to be planned once more */
	int index[BATCH_STATEMENTS]; /* of the statements in their trip; -1: not asked */
	int asked;
	int64_t id;
	struct roster roster;
	struct record *record;
	struct stuck_sources stuck;
	struct drained *drained;
	size_t drained_count;
	int64_t *unused_leads;
	size_t unused_count;
	bool *is_reserved; /* of each seat: more waiting contacts go there than this batch takes; NULL: of none */
	bool has_keys, made_wait, met_locks;
};

/* Asks the statement as the next one of the first trip. */
void batch_ask(struct flow *flow, enum batch_statement statement, enum query query, const struct args *args);

/* Its answer; NULL when it was not asked. */
const struct rows *batch_rows(const struct flow *flow, enum batch_statement statement);

/* -- idempotency keys (batch_keys.c) ----------------------------------------------------------- */

/* Asks two statements, or none where no draft has a key. */
void batch_keys_ask(struct flow *flow, struct batch *batch);

/* Whether the key decides what becomes of the draft; then its outcome says what. */
bool batch_keys_decide(struct flow *flow, struct batch *batch, size_t index);

/* Asks one statement, or none: the answers of the drafts that are stored. */
void batch_keys_ask_store(struct flow *flow, const struct batch *batch);

/* -- what somebody else has locked (batch_free.c): only where the batch passes over it ---------- */

/* Asks two statements, or one where the batch waits and no draft says anything of its lead. */
void batch_leads_lock_ask(struct flow *flow, struct batch *batch);

/* Whether nobody else holds what a contact of that source, or of that lead, needs; notes where somebody does. */
bool batch_has_source(const struct flow *flow, struct batch *batch, int64_t source_id);
bool batch_has_lead(const struct flow *flow, struct batch *batch, const struct contact_draft *draft, int64_t lead_id);

/* -- stickiness (batch_sticky.c) ---------------------------------------------------------------- */

/* Only where a source may be sticky. */
void batch_sticky_ask(struct flow *flow, struct batch *batch);

/* Begins the wishes of all drafts: with whom they go to again, as far as the database knows. */
void batch_sticky_read(struct flow *flow, struct batch *batch);

/* Whom an earlier contact of the same lead and source has just gone to, or 0: those that come together go together. */
int64_t batch_sticky_within(const struct batch *batch, size_t index, int64_t lead_id);

/* -- waiting contacts (batch_backlog.c) --------------------------------------------------------- */

void batch_backlog_ask(struct flow *flow, struct batch *batch, const struct args *by_source);

/* Plans the waiting contacts within reach, before the new ones. */
void batch_backlog_plan(struct flow *flow, struct batch *batch);

/* A step of its own: locks those that were chosen. Where somebody else has one of them, the batch goes again. */
void batch_backlog_ask_locks(struct flow *flow);
enum flow_next batch_backlog_read_locks(struct flow *flow);

/* Whether a new contact of that source could take a place for which older ones are left over to the next batch. */
bool batch_backlog_is_ahead(const struct batch *batch, int64_t source_id);

/* Asks one statement, or none where nobody got an operator. */
void batch_backlog_ask_store(struct flow *flow, const struct batch *batch);

/* -- second trip (batch_store.c) ---------------------------------------------------------------- */

/* Finds leads that were made for drafts which are not stored this time, to be taken back. */
void batch_find_unused_leads(struct flow *flow, struct batch *batch);

void batch_ask_store(struct flow *flow);

/* How history stores a draw: -1 where chance had no part. */
int64_t stored_draw(const struct choice *choice);

#endif
