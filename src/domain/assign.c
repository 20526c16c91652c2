/* Weighted choice among those who have room, in exact integer arithmetic. */
#include "domain/assign.h"

#include <assert.h>

const char *waiting_reason_name(enum waiting_reason reason)
{
	static const char *const names[] = {
		[WAITING_FULL] = "full",
		[WAITING_INACTIVE] = "inactive",
		[WAITING_WEIGHT_ZERO] = "weight_zero",
		[WAITING_NO_OPERATORS] = "no_operators",
	};

	return names[reason];
}

bool link_is_candidate(const struct roster *roster, const struct link *link)
{
	const struct seat *seat = &roster->seats[link->seat];

	return seat->is_active && link->weight > 0 && seat->load < seat->limit;
}

/* The first link whose source is not below source_id: where that source's links begin, if it has any. */
static size_t first_link(const struct roster *roster, int64_t source_id)
{
	size_t low = 0, high = roster->link_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (roster->links[middle].source_id < source_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool link_is_of(const struct roster *roster, size_t link, int64_t source_id)
{
	return link < roster->link_count && roster->links[link].source_id == source_id;
}

uint64_t assign_range(const struct roster *roster, int64_t source_id)
{
	uint64_t range = 0;

	for (size_t i = first_link(roster, source_id); link_is_of(roster, i, source_id); i++)
		if (link_is_candidate(roster, &roster->links[i]))
			range += (uint64_t)roster->links[i].weight;
	return range;
}

size_t assign_pick(const struct roster *roster, int64_t source_id, uint64_t draw)
{
	size_t picked = roster->seat_count;

	for (size_t i = first_link(roster, source_id); link_is_of(roster, i, source_id); i++) {
		const struct link *link = &roster->links[i];

		if (!link_is_candidate(roster, link))
			continue;
		picked = link->seat;
		if (draw < (uint64_t)link->weight)
			break;
		draw -= (uint64_t)link->weight;
	}
	assert(picked < roster->seat_count);
	return picked;
}

static enum waiting_reason reason_of(const struct roster *roster, int64_t source_id)
{
	enum waiting_reason reason = WAITING_NO_OPERATORS;

	for (size_t i = first_link(roster, source_id); link_is_of(roster, i, source_id); i++) {
		const struct link *link = &roster->links[i];
		enum waiting_reason here = link->weight == 0                      ? WAITING_WEIGHT_ZERO
					   : !roster->seats[link->seat].is_active ? WAITING_INACTIVE
										  : WAITING_FULL;

		if (here < reason)
			reason = here;
	}
	return reason;
}

void assign_plan(struct roster *roster, const int64_t *source_ids, size_t count, struct rng *rng,
		 struct choice *choices_out)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t range = assign_range(roster, source_ids[i]);
		struct choice *choice = &choices_out[i];

		*choice = (struct choice){ .seat = NOBODY };
		if (range == 0) {
			choice->reason = reason_of(roster, source_ids[i]);
			continue;
		}
		choice->draw = rng_below(rng, range);
		choice->seat = (ptrdiff_t)assign_pick(roster, source_ids[i], choice->draw);
		roster->seats[choice->seat].load++;
	}
}
