/* Plays the earlier choices of a batch again. */
#include "domain/decision.h"

#include <string.h>

/* Who got that contact is known; what it did to the credits of this source follows from the strategy. */
static void play(struct roster *roster, const struct decision *decision, const struct taking *taking)
{
	struct wish wish = { .source_id = decision->source_id, .strategy = decision->strategy };

	if (taking->is_own && decision->strategy == STRATEGY_SMOOTH_WEIGHTED)
		assign_with_draw(roster, &wish, 0);
	else
		roster_take(roster, taking->seat);
}

void decision_at(const struct decision *decision, int ordinal, struct roster *roster)
{
	if (decision->count) {
		memcpy(roster->seats, decision->seats, decision->count * sizeof(*roster->seats));
		memcpy(roster->links, decision->links, decision->count * sizeof(*roster->links));
	}
	roster->seat_count = roster->link_count = decision->count;
	roster->turn = 0;
	for (size_t i = 0; i < decision->taking_count && decision->takings[i].ordinal < ordinal; i++)
		play(roster, decision, &decision->takings[i]);
}

bool decision_repeats(const struct decision *decision, const struct recorded_choice *recorded, struct roster *roster)
{
	struct wish wish = { .source_id = decision->source_id,
			     .strategy = decision->strategy,
			     .sticky_operator_id = recorded->is_sticky ? recorded->operator_id : 0 };
	bool is_drawn = recorded->draw >= 0;
	struct choice choice;

	decision_at(decision, recorded->ordinal, roster);
	if (is_drawn && (uint64_t)recorded->draw >= assign_range(roster, decision->source_id))
		return false;
	choice = assign_with_draw(roster, &wish, is_drawn ? (uint64_t)recorded->draw : 0);
	if (choice.seat == NOBODY)
		return recorded->operator_id == 0;
	return roster->seats[choice.seat].operator_id == recorded->operator_id &&
	       choice.is_sticky == recorded->is_sticky && choice.is_drawn == is_drawn;
}
