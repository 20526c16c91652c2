/* The waiting lines of the intake, and the estimate by which a single contact is refused before it waits in vain. */
#include "service/line.h"

void line_init(struct line *line)
{
	*line = (struct line){ 0 };
	list_init(&line->drafts);
}

static int64_t deadline_of(const struct list *node)
{
	return LIST_ITEM(node, struct queued_draft, node)->deadline_ms;
}

void line_append(struct line *line, struct queued_draft *queued)
{
	struct list *next = &line->drafts;

	while (next->prev != &line->drafts && deadline_of(next->prev) > queued->deadline_ms)
		next = next->prev;
	list_append(next, &queued->node);
	line->length++;
}

void line_return(struct line *line, struct queued_draft *queued)
{
	struct list *next = line->drafts.next;

	while (next != &line->drafts && deadline_of(next) < queued->deadline_ms)
		next = next->next;
	list_append(next, &queued->node);
	line->length++;
}

struct queued_draft *line_first(const struct line *line)
{
	return line->length ? LIST_ITEM(line->drafts.next, struct queued_draft, node) : NULL;
}

struct queued_draft *line_shift(struct line *line)
{
	struct queued_draft *first = line_first(line);

	if (first) {
		list_remove(&first->node);
		line->length--;
	}
	return first;
}

/*
 * The mean without the longest: one batch that met a lock, or a checkpoint of the database, is no reason to refuse
 * anybody; several are. After a rest the short rounds of single contacts make it small, so a burst is let in.
 */
void pace_note(struct pace *pace, int64_t round_us)
{
	int64_t sum = 0, longest = 0;
	unsigned known;

	pace->rounds_us[pace->count++ % PACE_ROUNDS] = round_us;
	known = pace->count < PACE_ROUNDS ? pace->count : PACE_ROUNDS;
	for (unsigned i = 0; i < known; i++) {
		sum += pace->rounds_us[i];
		if (pace->rounds_us[i] > longest)
			longest = pace->rounds_us[i];
	}
	pace->round_us = known > 1 ? (sum - longest) / (known - 1) : 0;
}

int64_t pace_wait_us(const struct pace *pace, size_t ahead, size_t batch_max)
{
	return pace->round_us + (int64_t)((double)pace->round_us * (double)ahead / (double)batch_max);
}
