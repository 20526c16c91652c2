/* What waits apart, so that a lock which somebody holds stops nobody else. */
#include "base/log.h"
#include "service/internal.h"

#include <inttypes.h>

static bool is_for(const struct parked *parked, const struct contact_draft *draft)
{
	if (parked->external_id)
		return text_equals(text_of(parked->external_id), draft->external_id);
	if (parked->key)
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
	if (parked->external_id || parked->key)
		log_line(level, event, "what=%s", parked->key ? "key" : "lead");
	else
		log_line(level, event, "what=source source=%" PRId64, parked->source_id);
}

void parked_add(struct list *all, struct queued_draft *queued, enum parked_by by)
{
	struct parked *parked = parked_find(all, &queued->draft);

	if (!parked) {
		parked = mem_alloc(1, sizeof(*parked));
		if (by == PARKED_BY_LEAD)
			parked->external_id = mem_copy(queued->draft.external_id.at, queued->draft.external_id.length);
		else if (by == PARKED_BY_KEY)
			parked->key = mem_copy(queued->draft.key.at, queued->draft.key.length);
		else
			parked->source_id = queued->draft.source_id;
		list_init(&parked->drafts);
		list_append(all, &parked->node);
		tell("intake.parked", LOG_WARN, parked);
	}
	draft_append(&parked->drafts, queued);
}

void parked_drop_empty(struct parked *parked)
{
	if (!list_is_empty(&parked->drafts))
		return;
	tell("intake.unparked", LOG_INFO, parked);
	list_remove(&parked->node);
	mem_free(parked->external_id);
	mem_free(parked->key);
	mem_free(parked);
}

struct parked *parked_take_turn(struct list *all)
{
	struct list *node = list_shift(all);

	if (!node)
		return NULL;
	list_append(all, node);
	return LIST_ITEM(node, struct parked, node);
}
