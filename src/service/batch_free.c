/* What a batch passes over because somebody else has it locked: leads, operators, and the links that keep turns. */
#include "service/batch.h"

void batch_leads_lock_ask(struct flow *flow, struct batch *batch)
{
	struct queued_draft **drafts = arena_alloc(flow_arena(flow), batch->count, sizeof(*drafts));
	int asked;

	for (size_t i = 0; i < batch->count; i++)
		drafts[i] = batch->drafts[i].queued;
	asked = batch_leads_ask(flow, drafts, batch->count, batch->locking == BATCH_WAITS);
	batch->index[BATCH_LEADS_MADE] = batch->asked;
	if (asked > 1)
		batch->index[BATCH_LEADS_LOCKED] = batch->asked + 1;
	batch->asked += asked;
}

/* A source that nobody serves has nothing to lock. */
bool batch_has_source(const struct flow *flow, struct batch *batch, int64_t source_id)
{
	const struct rows *rows = batch_rows(flow, BATCH_LINKS_LOCKED);

	if (batch->locking == BATCH_WAITS || !roster_links_of(&batch->roster, source_id).count)
		return true;
	for (int row = 0; row < rows_count(rows); row++)
		if (row_int(rows, row, 0) == source_id)
			return true;
	batch->met_locks = true;
	return false;
}

bool batch_has_lead(const struct flow *flow, struct batch *batch, const struct contact_draft *draft, int64_t lead_id)
{
	const struct rows *rows = batch_rows(flow, BATCH_LEADS_LOCKED);

	if (batch->locking == BATCH_WAITS)
		return true;
	for (int row = 0; row < rows_count(rows); row++)
		if (row_int(rows, row, 0) == lead_id && (row_bool(rows, row, 1) || !changes_lead(draft)))
			return true;
	batch->met_locks = true;
	return false;
}
