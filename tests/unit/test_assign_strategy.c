/* Strategies over every roster: who may be chosen, who is sticky, what changes, and what everybody's chance was. */
#include "unit/rosters.h"
#include "unit/unit.h"

#include <math.h>

enum { ROUNDS = 3000, CONTACTS = 40 };

/* The link through which a contact of that source could go to that operator now; NULL: it could not. */
static const struct link *way_to(const struct world *world, int64_t source_id, int64_t operator_id)
{
	for (size_t i = 0; i < world->roster.link_count; i++) {
		const struct link *link = &world->links[i];
		const struct seat *seat = &world->seats[link->seat];

		if (link->source_id == source_id && seat->operator_id == operator_id)
			return seat->is_active && link->weight > 0 && seat->load < seat->limit ? link : NULL;
	}
	return NULL;
}

static int64_t candidate_weights(const struct world *world, int64_t source_id)
{
	int64_t sum = 0;

	for (size_t i = 0; i < world->roster.seat_count; i++) {
		const struct link *way = way_to(world, source_id, world->seats[i].operator_id);

		sum += way ? way->weight : 0;
	}
	return sum;
}

/* Runs a check on the choices for many contacts of many worlds; before is the world that the choice was made from. */
static void for_many_choices(void (*check)(const struct world *before, const struct world *after,
					   const struct wish *wish, const struct choice *choice))
{
	static struct world world, before;
	struct rng rng;

	rng_seed(&rng, 2027);
	for (int round = 0; round < ROUNDS; round++) {
		world_fill(&world, &rng);
		for (int i = 0; i < CONTACTS; i++) {
			struct wish wish = random_wish(&rng);
			struct choice choice;

			before = world;
			choice = assign_one(&world.roster, &wish, &rng);
			check(&before, &world, &wish, &choice);
		}
	}
}

static void check_may(const struct world *before, const struct world *after, const struct wish *wish,
		      const struct choice *choice)
{
	int64_t sum = candidate_weights(before, wish->source_id);

	must_hold((choice->seat != NOBODY) == (sum > 0));
	must_hold((choice->reason == WAITING_NOT) == (sum > 0));
	if (choice->seat == NOBODY)
		return;
	must_hold(way_to(before, wish->source_id, before->seats[choice->seat].operator_id));
	must_hold(after->seats[choice->seat].load <= after->seats[choice->seat].limit);
}

START_TEST(somebody_is_chosen_exactly_when_somebody_may_and_then_one_of_those)
{
	for_many_choices(check_may);
}
END_TEST

static void check_loads(const struct world *before, const struct world *after, const struct wish *wish,
			const struct choice *choice)
{
	(void)wish;
	for (size_t i = 0; i < before->roster.seat_count; i++) {
		bool is_chosen = (ptrdiff_t)i == choice->seat;

		must_hold(after->seats[i].load == before->seats[i].load + is_chosen);
		if (!is_chosen)
			must_hold(after->seats[i].last_contact_id == before->seats[i].last_contact_id);
		else
			for (size_t other = 0; other < before->roster.seat_count; other++)
				must_hold(after->seats[i].last_contact_id > before->seats[other].last_contact_id);
	}
}

START_TEST(the_chosen_one_has_one_contact_more_and_is_the_most_recent)
{
	for_many_choices(check_loads);
}
END_TEST

static void check_sticky(const struct world *before, const struct world *after, const struct wish *wish,
			 const struct choice *choice)
{
	bool is_free = wish->sticky_operator_id && way_to(before, wish->source_id, wish->sticky_operator_id);

	(void)after;
	must_hold(choice->is_sticky == is_free);
	if (is_free)
		must_hold(before->seats[choice->seat].operator_id == wish->sticky_operator_id);
}

START_TEST(the_sticky_operator_gets_it_if_it_may_and_only_then)
{
	for_many_choices(check_sticky);
}
END_TEST

static void check_drawn(const struct world *before, const struct world *after, const struct wish *wish,
			const struct choice *choice)
{
	(void)after;
	must_hold(choice->is_drawn ==
		  (choice->seat != NOBODY && !choice->is_sticky && wish->strategy == STRATEGY_WEIGHTED_RANDOM));
	if (choice->is_drawn)
		must_hold(choice->draw < (uint64_t)candidate_weights(before, wish->source_id));
	else
		must_hold(choice->draw == 0);
}

START_TEST(only_weighted_random_draws)
{
	for_many_choices(check_drawn);
}
END_TEST

static void check_credits(const struct world *before, const struct world *after, const struct wish *wish,
			  const struct choice *choice)
{
	bool is_turn = choice->seat != NOBODY && !choice->is_sticky && wish->strategy == STRATEGY_SMOOTH_WEIGHTED;

	for (size_t i = 0; i < before->roster.link_count; i++) {
		const struct link *link = &before->links[i];
		bool takes_part = is_turn && link->source_id == wish->source_id &&
				  way_to(before, link->source_id, before->seats[link->seat].operator_id);

		must_hold(after->links[i].weight == link->weight);
		if (!takes_part)
			must_hold(after->links[i].credit == link->credit);
	}
}

START_TEST(only_turns_of_the_source_change_credits_and_only_those_of_candidates)
{
	for_many_choices(check_credits);
}
END_TEST

static void check_chances(const struct world *before, const struct world *after, const struct wish *wish,
			  const struct choice *choice)
{
	struct link_range links = roster_links_of(&after->roster, wish->source_id);
	bool is_by_weight = wish->strategy == STRATEGY_WEIGHTED_RANDOM || wish->strategy == STRATEGY_SMOOTH_WEIGHTED;
	double chances[WORLD_LINKS] = { 0 }, whole = 0;

	assign_add_chances(&after->roster, links, wish, choice, chances);
	for (size_t i = 0; i < links.count; i++) {
		const struct link *link = &before->links[links.first + i];
		const struct link *way = way_to(before, wish->source_id, before->seats[link->seat].operator_id);
		double wanted = (ptrdiff_t)link->seat == choice->seat;

		if (is_by_weight && !choice->is_sticky)
			wanted = way ? (double)way->weight / (double)candidate_weights(before, wish->source_id) : 0;
		must_hold(chances[i] == wanted);
		whole += chances[i];
	}
	must_hold(fabs(whole - (choice->seat != NOBODY)) < 1e-9);
}

START_TEST(the_chances_of_a_choice_are_those_of_its_strategy_and_make_one)
{
	for_many_choices(check_chances);
}
END_TEST

UNIT_SUITE(assign_strategy)
{
	tcase_add_test(tests, somebody_is_chosen_exactly_when_somebody_may_and_then_one_of_those);
	tcase_add_test(tests, the_chosen_one_has_one_contact_more_and_is_the_most_recent);
	tcase_add_test(tests, the_sticky_operator_gets_it_if_it_may_and_only_then);
	tcase_add_test(tests, only_weighted_random_draws);
	tcase_add_test(tests, only_turns_of_the_source_change_credits_and_only_those_of_candidates);
	tcase_add_test(tests, the_chances_of_a_choice_are_those_of_its_strategy_and_make_one);
}
