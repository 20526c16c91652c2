/* Sources that wait apart, so that a lock which somebody holds stops nobody else. */
#include "base/log.h"
#include "service/internal.h"

#include <inttypes.h>

struct parked_source *parked_find(const struct list *parked_sources, int64_t source_id)
{
	for (struct list *node = parked_sources->next; node != parked_sources; node = node->next) {
		struct parked_source *parked = LIST_ITEM(node, struct parked_source, node);

		if (parked->source_id == source_id)
			return parked;
	}
	return NULL;
}

void parked_add(struct list *parked_sources, struct queued_draft *queued)
{
	struct parked_source *parked = parked_find(parked_sources, queued->draft.source_id);

	if (!parked) {
		log_warn("intake.parked", "source=%" PRId64, queued->draft.source_id);
		parked = mem_alloc(1, sizeof(*parked));
		parked->source_id = queued->draft.source_id;
		list_init(&parked->drafts);
		list_append(parked_sources, &parked->node);
	}
	list_append(&parked->drafts, &queued->node);
}

void parked_drop_empty(struct list *parked_sources, int64_t source_id)
{
	struct parked_source *parked = parked_find(parked_sources, source_id);

	if (!parked || !list_is_empty(&parked->drafts))
		return;
	log_info("intake.unparked", "source=%" PRId64, source_id);
	list_remove(&parked->node);
	mem_free(parked);
}

struct parked_source *parked_take_turn(struct list *parked_sources)
{
	struct list *node = list_shift(parked_sources);

	if (!node)
		return NULL;
	list_append(parked_sources, node);
	return LIST_ITEM(node, struct parked_source, node);
}
