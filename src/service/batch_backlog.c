/* Waiting contacts of automatic sources, planned before the new ones so that nobody is overtaken. */
#include "service/batch.h"

enum { BACKLOG_MAX = 256 }; /* waiting contacts of one source in a batch */

/* Of the answer. */
enum { CONTACT, SOURCE, IS_CAPPED, STRATEGY, STICKY };

void batch_backlog_ask(struct flow *flow, struct batch *batch, const struct args *by_source)
{
	struct args args = *by_source;

	enum query query = batch->locks_backlog		 ? Q_BATCH_BACKLOG_LOCK
			   : batch->locking == BATCH_WAITS ? Q_BATCH_BACKLOG
							   : Q_BATCH_BACKLOG_FREE;

	args_int(&args, BACKLOG_MAX);
	batch_ask(flow, BATCH_BACKLOG, query, &args);
}

int64_t stored_draw(const struct choice *choice)
{
	return choice->is_drawn ? (int64_t)choice->draw : -1;
}

static struct wish wish_of(const struct rows *rows, int row)
{
	struct wish wish = { .source_id = row_int(rows, row, SOURCE),
			     .sticky_operator_id = row_int(rows, row, STICKY) };

	strategy_by_name(row_text(rows, row, STRATEGY).at, &wish.strategy);
	return wish;
}

/* The operators of a source that has more waiting contacts, and more room, than one batch takes. */
static void reserve(struct flow *flow, struct batch *batch, int64_t source_id)
{
	struct link_range links = roster_links_of(&batch->roster, source_id);

	if (!batch->is_reserved)
		batch->is_reserved = arena_alloc(flow_arena(flow), batch->roster.seat_count, sizeof(bool));
	for (size_t i = links.first; i < links.first + links.count; i++)
		if (batch->roster.links[i].weight > 0)
			batch->is_reserved[batch->roster.links[i].seat] = true;
}

bool batch_backlog_is_ahead(const struct batch *batch, int64_t source_id)
{
	struct link_range links = roster_links_of(&batch->roster, source_id);

	for (size_t i = links.first; batch->is_reserved && i < links.first + links.count; i++)
		if (batch->is_reserved[batch->roster.links[i].seat] &&
		    link_is_candidate(&batch->roster, &batch->roster.links[i]))
			return true;
	return false;
}

void batch_backlog_plan(struct flow *flow, struct batch *batch)
{
	const struct rows *rows = batch_rows(flow, BATCH_BACKLOG);
	int count = rows ? rows_count(rows) : 0;

	batch->is_reserved = NULL;
	batch->drained_count = 0;
	batch->drained = arena_alloc(flow_arena(flow), (size_t)count, sizeof(*batch->drained));
	for (int row = 0; row < count; row++) {
		struct wish wish = wish_of(rows, row);
		struct choice choice = assign_one(&batch->roster, &wish, batch->rng);

		if (count >= BACKLOG_MAX && row_bool(rows, row, IS_CAPPED))
			reserve(flow, batch, wish.source_id);
		if (choice.seat == NOBODY)
			continue; /* others, older ones, took the places */
		batch->drained[batch->drained_count++] = (struct drained){
			.contact_id = row_int(rows, row, CONTACT),
			.source_id = wish.source_id,
			.operator_id = batch->roster.seats[choice.seat].operator_id,
			.reason = choice_reason(&wish, &choice),
			.ordinal = record_choice(batch->record, &batch->roster, &wish, &choice),
			.draw = stored_draw(&choice),
		};
	}
}

bool batch_backlog_must_take(const struct batch *batch)
{
	return batch->drained_count && !batch->locks_backlog;
}

void batch_backlog_ask_take(struct flow *flow)
{
	const struct batch *batch = flow_context(flow);
	int64_t *contacts = arena_alloc(flow_arena(flow), batch->drained_count, sizeof(*contacts));
	int64_t *sources = arena_alloc(flow_arena(flow), batch->drained_count, sizeof(*sources));
	struct args args = flow_args(flow);

	for (size_t i = 0; i < batch->drained_count; i++) {
		contacts[i] = batch->drained[i].contact_id;
		sources[i] = batch->drained[i].source_id;
	}
	args_ints(&args, contacts, batch->drained_count);
	args_ints(&args, sources, batch->drained_count);
	flow_ask(flow, Q_BATCH_BACKLOG_TAKE, &args);
}

enum flow_next batch_backlog_read_take(struct flow *flow)
{
	struct batch *batch = flow_context(flow);

	batch->has_lost = (size_t)rows_count(flow_rows(flow, 0)) < batch->drained_count;
	if (!batch->has_lost)
		return FLOW_NEXT;
	for (size_t i = 0; i < batch->count; i++)
		if (batch->drafts[i].outcome == BATCH_OF_DRAFT_STORED)
			batch->drafts[i].outcome = BATCH_OF_DRAFT_GOES_AGAIN;
	batch->drained_count = 0;
	batch->made_wait = false;
	return FLOW_ROLLBACK;
}

void batch_backlog_ask_store(struct flow *flow, const struct batch *batch)
{
	struct arena *arena = flow_arena(flow);
	size_t count = batch->drained_count;
	int64_t *numbers[4]; /* contact, operator, ordinal, draw */
	struct text *reasons = arena_alloc(arena, count, sizeof(*reasons));
	struct args args = flow_args(flow);

	if (!count)
		return;
	for (size_t k = 0; k < COUNT_OF(numbers); k++)
		numbers[k] = arena_alloc(arena, count, sizeof(**numbers));
	for (size_t i = 0; i < count; i++) {
		const struct drained *drained = &batch->drained[i];

		numbers[0][i] = drained->contact_id;
		numbers[1][i] = drained->operator_id;
		numbers[2][i] = drained->ordinal;
		numbers[3][i] = drained->draw;
		reasons[i] = text_of(drained->reason);
	}
	args_ints(&args, numbers[0], count);
	args_ints(&args, numbers[1], count);
	args_texts(&args, reasons, count);
	args_ints(&args, numbers[2], count);
	args_ints(&args, numbers[3], count);
	args_int(&args, batch->id);
	flow_ask(flow, Q_BATCH_BACKLOG_STORE, &args);
}
