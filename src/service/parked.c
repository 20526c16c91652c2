/* What waits apart, so that a lock which somebody holds stops nobody else. */
#include "base/log.h"
#include "service/intake_batch.h"
#include "service/internal.h"

#include <inttypes.h>

static bool is_for(const struct parked *parked, const struct contact_draft *draft)
{
	if (parked->by == PARKED_BY_LEAD)
		return text_equals(text_of(parked->external_id), draft->external_id);
	if (parked->by == PARKED_BY_KEY)
		return draft->key.at && text_equals(text_of(parked->key), draft->key);
	return parked->source_id == draft->source_id;
}

struct parked *parked_find(const struct list *all, const struct contact_draft *draft)
{
	for (struct list *node = all->next; node != all; node = node->next) {
		struct parked *parked = LIST_ITEM(node, struct parked, node);

		if (is_for(parked, draft))
			return parked;
	}
	return NULL;
}

/* The lead's external id and the key are the client's; they stay out of the log. */
static void tell(const char *event, enum log_level level, const struct parked *parked)
{
	if (parked->by == PARKED_BY_SOURCE)
		log_line(level, event, "what=source source=%" PRId64, parked->source_id);
	else
		log_line(level, event, "what=%s", parked->by == PARKED_BY_KEY ? "key" : "lead");
}

/* Of that kind, since a draft that waited for its lead may have to go on waiting for its source. */
static struct parked *place_of(struct list *all, const struct contact_draft *draft, enum parked_by by)
{
	struct parked *parked;

	for (struct list *node = all->next; node != all; node = node->next) {
		parked = LIST_ITEM(node, struct parked, node);
		if (parked->by == by && is_for(parked, draft))
			return parked;
	}
	parked = mem_alloc(1, sizeof(*parked));
	parked->by = by;
	if (by == PARKED_BY_LEAD)
		parked->external_id = mem_copy(draft->external_id.at, draft->external_id.length);
	else if (by == PARKED_BY_KEY)
		parked->key = mem_copy(draft->key.at, draft->key.length);
	else
		parked->source_id = draft->source_id;
	line_init(&parked->drafts);
	list_append(all, &parked->node);
	tell("intake.parked", LOG_WARN, parked);
	return parked;
}

void parked_add(struct list *all, struct queued_draft *queued, enum parked_by by)
{
	line_append(&place_of(all, &queued->draft, by)->drafts, queued);
}

void parked_return(struct list *all, struct queued_draft *queued, enum parked_by by)
{
	line_return(&place_of(all, &queued->draft, by)->drafts, queued);
}

void parked_drop_empty(struct parked *parked)
{
	if (parked->drafts.length)
		return;
	tell("intake.unparked", LOG_INFO, parked);
	list_remove(&parked->node);
	mem_free(parked->external_id);
	mem_free(parked->key);
	mem_free(parked);
}

struct parked *parked_take_turn(struct list *all, struct batch *batch, size_t size_max)
{
	struct parked *first = list_is_empty(all) ? NULL : LIST_ITEM(all->next, struct parked, node);
	struct list had, *next;

	list_init(&had);
	for (struct list *node = all->next; node != all && batch_size(batch) < size_max; node = next) {
		struct parked *parked = LIST_ITEM(node, struct parked, node);

		next = node->next;
		if (parked != first && (first->by != PARKED_BY_LEAD || parked->by != PARKED_BY_LEAD))
			continue;
		list_remove(node);
		list_append(&had, node);
		while (batch_size(batch) < size_max && parked->drafts.length)
			batch_add(batch, line_shift(&parked->drafts));
	}
	list_move(all, &had);
	return batch_size(batch) ? first : NULL;
}
