/* What the files of this layer share privately. */
#ifndef LEADD_SERVICE_INTERNAL_H
#define LEADD_SERVICE_INTERNAL_H

#include "db/flow.h"
#include "service/line.h"

/*
 * Asks a statement that makes the leads which are new, and a second where drafts say something of their leads: that
 * locks those. Returns how many. Without waiting it asks both, and the second gives the leads that were to be had.
 */
int batch_leads_ask(struct flow *flow, struct queued_draft *const *drafts, size_t count, bool waits);

/* Whether the draft says something of its lead. */
bool changes_lead(const struct contact_draft *draft);

/* Asks one statement, or none where no draft says anything of its lead. The drafts' results name the leads. */
void batch_leads_ask_changes(struct flow *flow, struct queued_draft *const *drafts, size_t draft_count);

/* What the draft's key goes together with, and the number that it is locked by. */
void draft_digest(struct queued_draft *queued);

/* Sorts ids and drops repeated ones; returns how many are left. */
size_t ids_sort_distinct(int64_t *ids, size_t count);

/* Sources with an operator whose load row is not among the locked ones; sorted. */
struct stuck_sources {
	int64_t *ids;
	size_t count;
};

bool stuck_has(const struct stuck_sources *stuck, int64_t source_id);

/*
 * Seats from the locked loads, and the links to them. A link whose operator is not among the locked ones is left
 * out, and its source noted as stuck: the link came after the lock, or the row was passed over.
 *
 * loads: operator_id, active_load, last_contact_id, by operator_id
 * links: source_id, operator_id, weight, is_active, max_load_limit, credit, by source_id and operator_id
 */
struct roster roster_read(struct arena *arena, const struct rows *loads, const struct rows *links,
			  struct stuck_sources *stuck_out);

/*
 * What a batch's choices are made from, and what they come to; becomes rows of assignment_decisions. Lives in the
 * arena, made before the first choice.
 */
struct record;
struct record *record_new(struct arena *arena, const struct roster *roster);

/* Notes the choice that assign_one() has just made; returns its ordinal. */
int record_choice(struct record *record, const struct roster *roster, const struct wish *wish,
		  const struct choice *choice);

/* Why, as history names it: the strategy, "sticky", or the reason to wait. */
const char *choice_reason(const struct wish *wish, const struct choice *choice);

/* Within a batch a source has one strategy: that of its first choice. */
void record_settle(const struct record *record, struct wish *wish);

/* Asks one statement, or none where no credit of smooth_weighted has changed since record_new(). */
void credits_ask(struct flow *flow, const struct record *record, const struct roster *roster);

/* Asks one statement, or none where nothing was chosen. */
void record_ask(struct flow *flow, const struct record *record, int64_t batch_id);

/*
 * Asks one statement: who makes the rest of this transaction's changes (NULL: whose session it is), why, and whether
 * the transaction writes its history itself, as moves_ask() does; else the trigger writes it.
 */
void history_ask(struct flow *flow, const char *actor, const char *reason, bool writes_own);

/* A contact that exists, and the choice that was made for it: an operator, or to wait. */
struct move {
	int64_t contact_id;
	struct wish wish;
	struct choice choice;
	int ordinal;
};

/*
 * Asks one statement, or none for no moves: moves contacts that are locked, and writes their history.
 *
 * holder_id: who held all of them; 0: they waited
 */
void moves_ask(struct flow *flow, const struct roster *roster, int64_t holder_id, const struct move *moves,
	       size_t count, int64_t batch_id);

/*
 * A source some of whose rows somebody else has locked, a lead whose row is, or an idempotency key that is in flight
 * elsewhere. Their contacts wait here, so that all others go on; each has its turn on a connection of its own, leads
 * all together.
 */
enum parked_by { PARKED_BY_SOURCE, PARKED_BY_LEAD, PARKED_BY_KEY };

struct parked {
	struct list node; /* the next to be tried first */
	enum parked_by by;
	int64_t source_id;  /* when parked by source */
	char *external_id;  /* when parked by lead */
	char *key;          /* when parked by idempotency key */
	struct line drafts; /* in order of arrival */
};

/* Where a draft has to wait apart; NULL: nowhere. */
struct parked *parked_find(const struct list *all, const struct contact_draft *draft);

/* Parks a draft, behind those that wait for the same. */
void parked_add(struct list *all, struct queued_draft *queued, enum parked_by by);

/* Back to its place there, after a try. */
void parked_return(struct list *all, struct queued_draft *queued, enum parked_by by);

/* When nothing waits there any more, the next contacts go with all others. */
void parked_drop_empty(struct parked *parked);

struct batch;

/*
 * Whose turn it is, moved behind the others; at most size_max of its drafts are moved into the batch. Behind the first
 * lead go the other leads: many may be locked at once, and a batch passes over those that still are.
 *
 * Returns NULL when none is parked, or nothing waits there any more.
 */
struct parked *parked_take_turn(struct list *all, struct batch *batch, size_t size_max);

#endif
