/*
 * Waiting contacts of automatic sources, planned before the new ones so that nobody is overtaken. They are looked at
 * without a lock, and only those that were chosen are locked: others see a locked one as somebody's already.
 */
#include "service/batch.h"

#include "base/log.h"

#include <stdlib.h>

enum {
	OF_SOURCE_MAX = 256, /* waiting contacts of one source in a batch */
	BACKLOG_MAX = 1024,  /* of all of them, though one of each source */
	ROUNDS_MAX = 3       /* choices that came too late, until contacts are locked before they are chosen from */
};

/* Of the answer. */
enum { CONTACT, SOURCE, LEAD, IS_CAPPED, STRATEGY, STICKY, BEFORE };

static enum query query_of(const struct batch *batch)
{
	if (batch->locks_backlog)
		return Q_BATCH_BACKLOG_HELD;
	return batch->locking == BATCH_PASSES_OVER ? Q_BATCH_BACKLOG_FREE : Q_BATCH_BACKLOG;
}

void batch_backlog_ask(struct flow *flow, struct batch *batch, const struct args *by_source)
{
	struct args args = *by_source;

	args_int(&args, OF_SOURCE_MAX);
	args_ints(&args, batch->passed_over, batch->passed_count);
	args_int(&args, BACKLOG_MAX);
	batch_ask(flow, BATCH_BACKLOG, query_of(batch), &args);
}

int64_t stored_draw(const struct choice *choice)
{
	return choice->is_drawn ? (int64_t)choice->draw : -1;
}

static int by_contact(const void *a, const void *b)
{
	int64_t first = ((const struct drained *)a)->contact_id, second = ((const struct drained *)b)->contact_id;

	return (first > second) - (first < second);
}

/* Those of one lead go together, also where they waited together. */
static struct wish wish_of(const struct batch *batch, const struct rows *rows, int row)
{
	struct wish wish = { .source_id = row_int(rows, row, SOURCE),
			     .sticky_operator_id = row_int(rows, row, STICKY) };
	struct drained key = { .contact_id = row_int(rows, row, BEFORE) };
	const struct drained *before =
		key.contact_id ? bsearch(&key, batch->drained, batch->drained_count, sizeof(key), by_contact) : NULL;

	if (before)
		wish.sticky_operator_id = before->operator_id;
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

/*
 * Whatever round it is, a contact draws the same number. With new ones the shares would lean: rounds are repeated for
 * what was chosen, and that depends on the draws.
 */
static struct choice choose(struct batch *batch, const struct wish *wish, int64_t contact_id)
{
	struct rng rng;

	rng_seed(&rng, batch->backlog_seed + (uint64_t)contact_id);
	return assign_one(&batch->roster, wish, &rng);
}

void batch_backlog_plan(struct flow *flow, struct batch *batch)
{
	const struct rows *rows = batch_rows(flow, BATCH_BACKLOG);
	int count = rows ? rows_count(rows) : 0;

	batch->is_reserved = NULL;
	batch->drained_count = 0;
	batch->drained = arena_alloc(flow_arena(flow), (size_t)count, sizeof(*batch->drained));
	if (count && batch->rounds == 0)
		batch->backlog_seed = rng_next(batch->rng);
	for (int row = 0; row < count; row++) {
		struct wish wish = wish_of(batch, rows, row);
		struct choice choice;

		if (!batch_has_source(flow, batch, wish.source_id))
			continue; /* left to the drains of that source */
		choice = choose(batch, &wish, row_int(rows, row, CONTACT));
		if (row_bool(rows, row, IS_CAPPED))
			reserve(flow, batch, wish.source_id);
		if (choice.seat == NOBODY)
			continue; /* others, older ones, took the places */
		batch->drained[batch->drained_count++] = (struct drained){
			.contact_id = row_int(rows, row, CONTACT),
			.source_id = wish.source_id,
			.lead_id = row_int(rows, row, LEAD),
			.operator_id = batch->roster.seats[choice.seat].operator_id,
			.reason = choice_reason(&wish, &choice),
			.ordinal = record_choice(batch->record, &batch->roster, &wish, &choice),
			.draw = stored_draw(&choice),
		};
	}
}

void batch_backlog_ask_locks(struct flow *flow)
{
	const struct batch *batch = flow_context(flow);
	int64_t *ids = arena_alloc(flow_arena(flow), batch->drained_count, sizeof(*ids));
	int64_t *sources = arena_alloc(flow_arena(flow), batch->drained_count, sizeof(*sources));
	struct args args = flow_args(flow);

	for (size_t i = 0; i < batch->drained_count; i++) {
		ids[i] = batch->drained[i].contact_id;
		sources[i] = batch->drained[i].source_id;
	}
	args_ints(&args, ids, batch->drained_count);
	args_ints(&args, sources, batch->drained_count);
	flow_ask(flow, Q_BATCH_BACKLOG_LOCK, &args);
}

static void pass_over(struct batch *batch, int64_t contact_id)
{
	if (batch->passed_count < PASSED_MAX)
		batch->passed_over[batch->passed_count++] = contact_id;
	else
		batch->locks_backlog = true;
}

enum flow_next batch_backlog_read_locks(struct flow *flow)
{
	struct batch *batch = flow_context(flow);
	const struct rows *rows = flow_rows(flow, 0);
	size_t had = 0;

	for (size_t i = 0; i < batch->drained_count; i++) {
		const struct drained *drained = &batch->drained[i]; /* by id, as the rows are */
		bool is_had = (int)had < rows_count(rows) && row_int(rows, (int)had, 0) == drained->contact_id;

		had += is_had;
		if (!is_had)
			pass_over(batch, drained->contact_id);
	}
	if (had == batch->drained_count)
		return FLOW_NEXT;
	log_debug("batch.again", "chosen=%zu locked=%zu", batch->drained_count, had);
	batch->goes_again = true;
	if (++batch->rounds == ROUNDS_MAX)
		batch->locks_backlog = true;
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
