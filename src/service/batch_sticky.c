/* Whom the leads of new contacts go to again: asked of the database, and within the batch. */
#include "service/batch.h"

void batch_sticky_ask(struct flow *flow, struct batch *batch)
{
	struct text *external_ids = arena_alloc(flow_arena(flow), batch->count, sizeof(*external_ids));
	int64_t *sources = arena_alloc(flow_arena(flow), batch->count, sizeof(*sources));
	struct args args = flow_args(flow);

	for (size_t i = 0; i < batch->count; i++) {
		external_ids[i] = batch->drafts[i].queued->draft.external_id;
		sources[i] = batch->drafts[i].queued->draft.source_id;
	}
	args_texts(&args, external_ids, batch->count);
	args_ints(&args, sources, batch->count);
	batch_ask(flow, BATCH_STICKY, Q_BATCH_STICKY, &args);
}

void batch_sticky_read(struct flow *flow, struct batch *batch)
{
	const struct rows *rows = batch_rows(flow, BATCH_STICKY);

	for (size_t i = 0; i < batch->count; i++)
		batch->drafts[i].wish = (struct wish){ 0 };
	for (int row = 0; rows && row < rows_count(rows); row++)
		batch->drafts[row_int(rows, row, 0)].wish.sticky_operator_id = row_int(rows, row, 1);
}

int64_t batch_sticky_within(const struct batch *batch, size_t index, int64_t lead_id)
{
	const struct contact_draft *draft = &batch->drafts[index].queued->draft;

	for (size_t i = index; i-- > 0;) {
		const struct planned *earlier = &batch->drafts[i];

		if (earlier->outcome == BATCH_OF_DRAFT_STORED && earlier->queued->result.operator_id &&
		    earlier->queued->draft.source_id == draft->source_id &&
		    text_equals(earlier->queued->draft.external_id, draft->external_id))
			return earlier->queued->result.operator_id;
	}
	for (size_t i = batch->drained_count; i-- > 0;)
		if (batch->drained[i].lead_id == lead_id && batch->drained[i].source_id == draft->source_id)
			return batch->drained[i].operator_id;
	return 0;
}
