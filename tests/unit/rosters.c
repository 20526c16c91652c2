/* Rosters for the tests of the domain: given ones with the scratch they need, and random ones. */
/* Small rosters for the tests of the rule. */
#include "unit/rosters.h"
#include "base/mem.h"

#include <string.h>

struct roster roster_of(struct seat *seats, size_t seat_count, struct link *links, size_t link_count)
{
	static struct candidate candidates[LINKS_MAX];
	static size_t candidate_links[LINKS_MAX];

	return (struct roster){ .seats = seats,
				.seat_count = seat_count,
				.links = links,
				.link_count = link_count,
				.candidates = candidates,
				.candidate_links = candidate_links };
}

void world_fill(struct world *world, struct rng *rng)
{
	struct roster *roster = &world->roster;

	*world = (struct world){ 0 };
	*roster = roster_of(world->seats, (size_t)rng_below(rng, WORLD_SEATS + 1), world->links, 0);
	for (size_t i = 0; i < roster->seat_count; i++)
		world->seats[i] = (struct seat){ .operator_id = (int64_t)i + 1,
						 .load = (int64_t)rng_below(rng, 6),
						 .limit = (int64_t)rng_below(rng, 12),
						 .last_contact_id = (int64_t)rng_below(rng, 20),
						 .is_active = rng_below(rng, 4) > 0 };
	for (int64_t source = 1; source <= WORLD_SOURCES; source++)
		for (size_t seat = 0; seat < roster->seat_count; seat++)
			if (rng_below(rng, 2))
				world->links[roster->link_count++] =
					(struct link){ .source_id = source * 10,
						       .seat = seat,
						       .weight = rng_below(rng, 3) ? (int64_t)rng_below(rng, 5000) : 0,
						       .credit = (int64_t)rng_below(rng, 10000) - 5000 };
}

struct wish random_wish(struct rng *rng)
{
	struct wish wish = { .source_id = 10 * (1 + (int64_t)rng_below(rng, WORLD_SOURCES)),
			     .strategy = (enum strategy)rng_below(rng, STRATEGY_LEAST_RECENT + 1) };

	if (rng_below(rng, 3) == 0)
		wish.sticky_operator_id = 1 + (int64_t)rng_below(rng, WORLD_SEATS);
	return wish;
}

void plan(struct roster *roster, const int64_t *source_ids, size_t count, struct rng *rng, struct choice *choices_out)
{
	for (size_t i = 0; i < count; i++) {
		const struct wish wish = { .source_id = source_ids[i], .strategy = STRATEGY_WEIGHTED_RANDOM };

		choices_out[i] = assign_one(roster, &wish, rng);
	}
}

ptrdiff_t seat_at(const struct roster *roster, int64_t source_id, uint64_t draw)
{
	const struct wish wish = { .source_id = source_id, .strategy = STRATEGY_WEIGHTED_RANDOM };
	struct seat *seats = mem_alloc(roster->seat_count, sizeof(*seats));
	struct roster copy = *roster;
	ptrdiff_t seat;

	memcpy(seats, roster->seats, roster->seat_count * sizeof(*seats));
	copy.seats = seats;
	seat = assign_with_draw(&copy, &wish, draw).seat;
	mem_free(seats);
	return seat;
}
