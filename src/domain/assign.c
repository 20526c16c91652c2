/* Who may take a contact, who takes it, and why nobody does. */
#include "domain/assign.h"

#include <assert.h>

const char *waiting_reason_name(enum waiting_reason reason)
{
	static const char *const names[] = {
		[WAITING_FULL] = "full",
		[WAITING_INACTIVE] = "inactive",
		[WAITING_WEIGHT_ZERO] = "weight_zero",
		[WAITING_NO_OPERATORS] = "no_operators",
		[WAITING_QUEUED] = "queued",
	};

	return names[reason];
}

enum waiting_reason link_exclusion(const struct roster *roster, const struct link *link)
{
	const struct seat *seat = &roster->seats[link->seat];

	if (link->weight == 0)
		return WAITING_WEIGHT_ZERO;
	if (!seat->is_active)
		return WAITING_INACTIVE;
	return seat->load < seat->limit ? WAITING_NOT : WAITING_FULL;
}

bool link_is_candidate(const struct roster *roster, const struct link *link)
{
	return link_exclusion(roster, link) == WAITING_NOT;
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

struct link_range roster_links_of(const struct roster *roster, int64_t source_id)
{
	struct link_range range = { first_link(roster, source_id), 0 };

	while (range.first + range.count < roster->link_count &&
	       roster->links[range.first + range.count].source_id == source_id)
		range.count++;
	return range;
}

void roster_take(struct roster *roster, size_t seat)
{
	static const int64_t latest = (int64_t)1 << 62; /* later than any contact's id */

	roster->seats[seat].load++;
	roster->seats[seat].last_contact_id = latest + roster->turn++;
}

uint64_t assign_range(const struct roster *roster, int64_t source_id)
{
	struct link_range range = roster_links_of(roster, source_id);
	uint64_t sum = 0;

	for (size_t i = range.first; i < range.first + range.count; i++)
		if (link_is_candidate(roster, &roster->links[i]))
			sum += (uint64_t)roster->links[i].weight;
	return sum;
}

/* The candidates for a contact into the roster's scratch; the sum of their weights. Without any, the reason why. */
static uint64_t gather(struct roster *roster, int64_t source_id, enum waiting_reason *reason_out)
{
	uint64_t sum = 0;

	roster->candidate_count = 0;
	*reason_out = WAITING_NO_OPERATORS;
	for (size_t i = first_link(roster, source_id);
	     i < roster->link_count && roster->links[i].source_id == source_id; i++) {
		const struct link *link = &roster->links[i];
		const struct seat *seat = &roster->seats[link->seat];
		enum waiting_reason exclusion = link_exclusion(roster, link);

		if (exclusion) {
			if (exclusion < *reason_out)
				*reason_out = exclusion;
			continue;
		}
		sum += (uint64_t)link->weight;
		roster->candidates[roster->candidate_count] =
			(struct candidate){ link->weight, link->credit, seat->load, seat->limit,
					    seat->last_contact_id };
		roster->candidate_links[roster->candidate_count++] = i;
	}
	if (roster->candidate_count)
		*reason_out = WAITING_NOT;
	return sum;
}

/* The place of the sticky operator among the candidates, or NOBODY. */
static ptrdiff_t find_sticky(const struct roster *roster, int64_t operator_id)
{
	for (size_t i = 0; operator_id && i < roster->candidate_count; i++)
		if (roster->seats[roster->links[roster->candidate_links[i]].seat].operator_id == operator_id)
			return (ptrdiff_t)i;
	return NOBODY;
}

/* Who is away counts as well: its weight was there when the others' credits arose. */
static int64_t credit_max(const struct roster *roster, int64_t source_id)
{
	struct link_range range = roster_links_of(roster, source_id);
	int64_t sum = 0;

	for (size_t i = range.first; i < range.first + range.count; i++)
		sum += roster->links[i].weight;
	return sum * CREDIT_SUMS_MAX;
}

static size_t pick_smooth(struct roster *roster, int64_t source_id)
{
	int64_t most = credit_max(roster, source_id);
	size_t picked;

	for (size_t i = 0; i < roster->candidate_count; i++) {
		int64_t *credit = &roster->candidates[i].credit;

		*credit = *credit > most ? most : *credit < -most ? -most : *credit;
	}
	picked = strategy_smooth_weighted(roster->candidates, roster->candidate_count);
	for (size_t i = 0; i < roster->candidate_count; i++)
		roster->links[roster->candidate_links[i]].credit = roster->candidates[i].credit;
	return picked;
}

static size_t pick(struct roster *roster, const struct wish *wish, uint64_t draw)
{
	const struct candidate *candidates = roster->candidates;
	size_t count = roster->candidate_count;

	switch (wish->strategy) {
	case STRATEGY_SMOOTH_WEIGHTED:
		return pick_smooth(roster, wish->source_id);
	case STRATEGY_LEAST_LOADED:
		return strategy_least_loaded(candidates, count);
	case STRATEGY_LEAST_RECENT:
		return strategy_least_recent(candidates, count);
	case STRATEGY_WEIGHTED_RANDOM:
		break;
	}
	return strategy_weighted_random(candidates, count, draw);
}

/* A choice from candidates that have been gathered: the draw is given, or else made here. */
static struct choice choose(struct roster *roster, const struct wish *wish, uint64_t sum, uint64_t draw,
			    struct rng *rng)
{
	struct choice choice = { 0 };
	ptrdiff_t candidate = find_sticky(roster, wish->sticky_operator_id);

	choice.is_sticky = candidate != NOBODY;
	if (!choice.is_sticky) {
		choice.is_drawn = wish->strategy == STRATEGY_WEIGHTED_RANDOM;
		if (choice.is_drawn)
			choice.draw = rng ? rng_below(rng, sum) : draw;
		candidate = (ptrdiff_t)pick(roster, wish, choice.draw);
	}
	choice.seat = (ptrdiff_t)roster->links[roster->candidate_links[candidate]].seat;
	roster_take(roster, (size_t)choice.seat);
	return choice;
}

static struct choice assign(struct roster *roster, const struct wish *wish, uint64_t draw, struct rng *rng)
{
	enum waiting_reason reason;
	uint64_t sum = gather(roster, wish->source_id, &reason);

	if (!roster->candidate_count)
		return (struct choice){ .seat = NOBODY, .reason = reason };
	return choose(roster, wish, sum, draw, rng);
}

struct choice assign_with_draw(struct roster *roster, const struct wish *wish, uint64_t draw)
{
	return assign(roster, wish, draw, NULL);
}

struct choice assign_one(struct roster *roster, const struct wish *wish, struct rng *rng)
{
	return assign(roster, wish, 0, rng);
}

void assign_add_chances(const struct roster *roster, struct link_range links, const struct wish *wish,
			const struct choice *choice, double *chances)
{
	bool is_by_weight = !choice->is_sticky &&
			    (wish->strategy == STRATEGY_WEIGHTED_RANDOM || wish->strategy == STRATEGY_SMOOTH_WEIGHTED);
	double sum = 0;

	if (choice->seat == NOBODY)
		return;
	for (size_t i = 0; i < roster->candidate_count; i++)
		sum += (double)roster->candidates[i].weight;
	for (size_t i = 0; i < roster->candidate_count; i++) {
		const struct link *link = &roster->links[roster->candidate_links[i]];
		double *chance = &chances[roster->candidate_links[i] - links.first];

		if (is_by_weight)
			*chance += (double)link->weight / sum;
		else if ((ptrdiff_t)link->seat == choice->seat)
			*chance += 1;
	}
}
