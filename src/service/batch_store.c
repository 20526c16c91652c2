/* The second trip of a batch: everything that was planned, in array statements. */
#include "service/batch.h"

enum { IDS, LEAD_IDS, SOURCE_IDS, OPERATOR_IDS, ORDINALS, DRAWS, NUMBERS };
enum { WAITING_REASONS, MESSAGES, PAYLOADS, REASONS, ACTORS, TEXTS };

static void fill(const struct planned *planned, int64_t **numbers, struct text **texts, size_t i)
{
	const struct contact_result *result = &planned->queued->result;
	const struct contact_draft *draft = &planned->queued->draft;

	numbers[IDS][i] = result->id;
	numbers[LEAD_IDS][i] = result->lead_id;
	numbers[SOURCE_IDS][i] = draft->source_id;
	numbers[OPERATOR_IDS][i] = result->operator_id;
	numbers[ORDINALS][i] = planned->ordinal;
	numbers[DRAWS][i] = stored_draw(&planned->choice);
	texts[WAITING_REASONS][i] = text_of(waiting_reason_name(result->waiting_reason));
	texts[MESSAGES][i] = draft->message;
	texts[PAYLOADS][i] = draft->payload;
	texts[REASONS][i] = text_of(choice_reason(&planned->wish, &planned->choice));
	texts[ACTORS][i] = planned->queued->actor;
}

static void ask_contacts(struct flow *flow, const struct batch *batch)
{
	struct arena *arena = flow_arena(flow);
	int64_t *numbers[NUMBERS];
	struct text *texts[TEXTS];
	struct args args = flow_args(flow);
	size_t count = 0;

	for (size_t k = 0; k < NUMBERS; k++)
		numbers[k] = arena_alloc(arena, batch->count, sizeof(**numbers));
	for (size_t k = 0; k < TEXTS; k++)
		texts[k] = arena_alloc(arena, batch->count, sizeof(**texts));
	for (size_t i = 0; i < batch->count; i++)
		if (batch->drafts[i].outcome == BATCH_OF_DRAFT_STORED)
			fill(&batch->drafts[i], numbers, texts, count++);
	if (!count)
		return;
	args_ints(&args, numbers[IDS], count);
	args_ints(&args, numbers[LEAD_IDS], count);
	args_ints(&args, numbers[SOURCE_IDS], count);
	args_ints_or_null(&args, numbers[OPERATOR_IDS], count);
	for (size_t k = 0; k < ACTORS; k++)
		args_texts(&args, texts[k], count);
	args_ints(&args, numbers[ORDINALS], count);
	args_ints(&args, numbers[DRAWS], count);
	args_int(&args, batch->id);
	args_texts(&args, texts[ACTORS], count);
	flow_ask(flow, Q_BATCH_STORE, &args);
}

static void ask_lead_changes(struct flow *flow, const struct batch *batch)
{
	struct queued_draft **stored = arena_alloc(flow_arena(flow), batch->count, sizeof(*stored));
	size_t count = 0;

	for (size_t i = 0; i < batch->count; i++)
		if (batch->drafts[i].outcome == BATCH_OF_DRAFT_STORED)
			stored[count++] = batch->drafts[i].queued;
	batch_leads_ask_changes(flow, stored, count);
}

void batch_find_unused_leads(struct flow *flow, struct batch *batch)
{
	const struct rows *made = batch_rows(flow, BATCH_LEADS_MADE);
	size_t count = made ? (size_t)rows_count(made) : 0;

	batch->unused_leads = arena_alloc(flow_arena(flow), count, sizeof(*batch->unused_leads));
	for (size_t row = 0; row < count; row++) {
		int64_t id = row_int(made, (int)row, 0);
		bool is_used = false;

		for (size_t i = 0; i < batch->count && !is_used; i++)
			is_used = batch->drafts[i].outcome == BATCH_OF_DRAFT_STORED &&
				  batch->drafts[i].queued->result.lead_id == id;
		if (!is_used)
			batch->unused_leads[batch->unused_count++] = id;
	}
}

void batch_ask_store(struct flow *flow)
{
	const struct batch *batch = flow_context(flow);
	struct args unused = flow_args(flow);

	ask_lead_changes(flow, batch);
	if (batch->unused_count) {
		args_ints(&unused, batch->unused_leads, batch->unused_count);
		flow_ask(flow, Q_BATCH_LEADS_DROP, &unused);
	}
	feed_ask(flow, batch->feed);
	batch_backlog_ask_store(flow, batch);
	ask_contacts(flow, batch);
	batch_keys_ask_store(flow, batch);
	credits_ask(flow, batch->record, &batch->roster);
	record_ask(flow, batch->record, batch->id);
}
