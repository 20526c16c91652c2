/* The leads of a batch: found or made in its first trip, changed in its second. */
#include "service/internal.h"

#include <stdlib.h>

static int by_external_id(const void *a, const void *b)
{
	const struct queued_draft *const *first = a, *const *second = b;

	return text_compare((*first)->draft.external_id, (*second)->draft.external_id);
}

bool changes_lead(const struct contact_draft *draft)
{
	return draft->name.is_given || draft->phone.is_given || draft->email.is_given;
}

/* The leads of which something is said, or the others. */
static size_t args_leads(struct args *args, struct queued_draft *const *drafts, size_t draft_count, bool are_changed)
{
	struct text *external_ids = arena_alloc(args->arena, draft_count, sizeof(*external_ids));
	size_t count = 0;

	for (size_t i = 0; i < draft_count; i++)
		if (changes_lead(&drafts[i]->draft) == are_changed)
			external_ids[count++] = drafts[i]->draft.external_id;
	args_texts(args, external_ids, count);
	return count;
}

static int ask_lock(struct flow *flow, struct queued_draft *const *drafts, size_t draft_count, bool waits)
{
	struct args args = flow_args(flow);

	if (!args_leads(&args, drafts, draft_count, true) && waits)
		return 0;
	if (!waits)
		args_leads(&args, drafts, draft_count, false);
	flow_ask(flow, waits ? Q_BATCH_LEADS_LOCK : Q_BATCH_LEADS_LOCK_FREE, &args);
	return 1;
}

/* In the order of their external ids, so that two batches cannot wait for each other's leads in a circle. */
int batch_leads_ask(struct flow *flow, struct queued_draft *const *drafts, size_t count, bool waits)
{
	struct arena *arena = flow_arena(flow);
	struct queued_draft **sorted = arena_alloc(arena, count, sizeof(*sorted));
	struct text *external_ids = arena_alloc(arena, count, sizeof(*external_ids));
	struct text *keys = arena_alloc(arena, count, sizeof(*keys));
	int64_t *sources = arena_alloc(arena, count, sizeof(*sources));
	struct args insert = flow_args(flow);

	memcpy(sorted, drafts, count * sizeof(struct queued_draft *));
	qsort(sorted, count, sizeof(struct queued_draft *), by_external_id);
	for (size_t i = 0; i < count; i++) {
		external_ids[i] = sorted[i]->draft.external_id;
		sources[i] = sorted[i]->draft.source_id;
		keys[i] = sorted[i]->draft.key;
	}
	args_texts(&insert, external_ids, count);
	args_ints(&insert, sources, count);
	args_texts(&insert, keys, count);
	flow_ask(flow, waits ? Q_BATCH_LEADS_INSERT : Q_BATCH_LEADS_INSERT_FREE, &insert);
	return 1 + ask_lock(flow, drafts, count, waits);
}

static void member_overlay(struct lead_member *member, const struct lead_member *newer)
{
	if (newer->is_given)
		*member = *newer;
}

static int by_lead_then_arrival(const void *a, const void *b)
{
	const struct queued_draft *first = *(const struct queued_draft *const *)a;
	const struct queued_draft *second = *(const struct queued_draft *const *)b;
	int64_t order = first->result.lead_id - second->result.lead_id;

	if (order == 0)
		order = first->result.id - second->result.id;
	return (order > 0) - (order < 0);
}

/* Several contacts of one lead may each say something of it; the later word stands, member by member. */
static size_t merge_changes(struct queued_draft *const *drafts, size_t draft_count, struct arena *arena,
			    struct contact_draft *merged, int64_t *lead_ids)
{
	struct queued_draft **changing = arena_alloc(arena, draft_count, sizeof(*changing));
	size_t changing_count = 0, count = 0;

	for (size_t i = 0; i < draft_count; i++)
		if (changes_lead(&drafts[i]->draft))
			changing[changing_count++] = drafts[i];
	qsort(changing, changing_count, sizeof(struct queued_draft *), by_lead_then_arrival);
	for (size_t i = 0; i < changing_count; i++) {
		if (count == 0 || lead_ids[count - 1] != changing[i]->result.lead_id)
			lead_ids[count++] = changing[i]->result.lead_id;
		member_overlay(&merged[count - 1].name, &changing[i]->draft.name);
		member_overlay(&merged[count - 1].phone, &changing[i]->draft.phone);
		member_overlay(&merged[count - 1].email, &changing[i]->draft.email);
	}
	return count;
}

static void args_members(struct args *args, const struct contact_draft *merged, size_t offset, size_t count)
{
	bool *given = arena_alloc(args->arena, count, sizeof(*given));
	struct text *texts = arena_alloc(args->arena, count, sizeof(*texts));

	for (size_t i = 0; i < count; i++) {
		const struct lead_member *member =
			(const struct lead_member *)(const void *)((const char *)&merged[i] + offset);

		given[i] = member->is_given;
		texts[i] = member->text;
	}
	args_bools(args, given, count);
	args_texts(args, texts, count);
}

void batch_leads_ask_changes(struct flow *flow, struct queued_draft *const *drafts, size_t draft_count)
{
	struct contact_draft *merged = arena_alloc(flow_arena(flow), draft_count, sizeof(*merged));
	int64_t *lead_ids = arena_alloc(flow_arena(flow), draft_count, sizeof(*lead_ids));
	size_t count = merge_changes(drafts, draft_count, flow_arena(flow), merged, lead_ids);
	struct args args = flow_args(flow);

	if (!count)
		return;
	args_ints(&args, lead_ids, count);
	args_members(&args, merged, offsetof(struct contact_draft, name), count);
	args_members(&args, merged, offsetof(struct contact_draft, phone), count);
	args_members(&args, merged, offsetof(struct contact_draft, email), count);
	flow_ask(flow, Q_BATCH_LEADS_UPDATE, &args);
}
