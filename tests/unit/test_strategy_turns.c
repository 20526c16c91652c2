/* Strategies over time: what stays frozen, who is flooded, who takes turns with whom. */
#include "unit/rosters.h"
#include "base/mem.h"
#include "unit/unit.h"

#include <string.h>

enum { ROUNDS = 3000, TEAM = 6 };

/* A source with operators 1 .. count, all of whom have room for everything. */
struct team {
	struct seat seats[TEAM];
	struct link links[TEAM];
	struct roster roster;
	int64_t seen[TEAM];
};

static const int64_t source = 10;

static void team_join(struct team *team, int64_t weight)
{
	size_t seat = team->roster.seat_count;

	ck_assert_uint_lt(seat, TEAM);
	team->seats[seat] = (struct seat){ (int64_t)seat + 1, 0, INT32_MAX, 0, true };
	team->links[seat] = (struct link){ source, seat, weight, 0 };
	team->roster = roster_of(team->seats, seat + 1, team->links, seat + 1);
}

/* The number of contacts that the one who got most of them in a row got in a row. */
static int64_t team_take(struct team *team, enum strategy strategy, int contacts)
{
	const struct wish wish = { .source_id = source, .strategy = strategy };
	int64_t row = 0, longest = 0;
	ptrdiff_t last = NOBODY;

	for (int i = 0; i < contacts; i++) {
		struct choice choice = assign_with_draw(&team->roster, &wish, 0);

		must_hold(choice.seat != NOBODY);
		team->seen[choice.seat]++;
		row = choice.seat == last ? row + 1 : 1;
		last = choice.seat;
		if (row > longest)
			longest = row;
	}
	return longest;
}

/* -- smooth_weighted --------------------------------------------------------------------------- */

START_TEST(credits_are_frozen_while_somebody_cannot_take_contacts)
{
	for (int way = 0; way < 3; way++) {
		struct team team = { 0 };
		struct link *away = &team.links[1];
		int64_t credit;

		for (int i = 0; i < 3; i++)
			team_join(&team, 1000);
		team_take(&team, STRATEGY_SMOOTH_WEIGHTED, 7);
		credit = away->credit;
		ck_assert_int_ne(credit, 0);
		if (way == 0)
			team.seats[1].is_active = false;
		else if (way == 1)
			team.seats[1].limit = team.seats[1].load;
		else
			away->weight = 0;
		team_take(&team, STRATEGY_SMOOTH_WEIGHTED, 1000);
		ck_assert_int_eq(away->credit, credit);
	}
}
END_TEST

/* Between them the three get 300 more: each a hundred, give or take one. */
static void check_even_end(struct team *team)
{
	memset(team->seen, 0, sizeof(team->seen));
	ck_assert_int_le(team_take(team, STRATEGY_SMOOTH_WEIGHTED, 300), 2);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_ge(team->seen[i], 99);
		ck_assert_int_le(team->seen[i], 101);
	}
}

START_TEST(who_returns_is_not_flooded)
{
	for (int before = 0; before < 9; before++) {
		struct team team = { 0 };

		for (int i = 0; i < 3; i++)
			team_join(&team, 500);
		team_take(&team, STRATEGY_SMOOTH_WEIGHTED, before);
		team.seats[before % 3].is_active = false;
		team_take(&team, STRATEGY_SMOOTH_WEIGHTED, 1000 + before);
		team.seats[before % 3].is_active = true;
		check_even_end(&team);
	}
}
END_TEST

START_TEST(a_newcomer_is_not_flooded)
{
	for (int before = 0; before < 5; before++) {
		struct team team = { 0 };

		team_join(&team, 500);
		team_join(&team, 500);
		team_take(&team, STRATEGY_SMOOTH_WEIGHTED, 1000 + before);
		team_join(&team, 500);
		check_even_end(&team);
	}
}
END_TEST

/* Whoever was owed a part of a contact is still owed it: over both times together everybody has its shares. */
START_TEST(new_weights_keep_the_credits)
{
	struct rng rng;

	rng_seed(&rng, 41);
	for (int round = 0; round < ROUNDS; round++) {
		struct team team = { 0 };
		double ideal[TEAM] = { 0 };
		size_t count = 2 + (size_t)rng_below(&rng, TEAM - 1);

		for (size_t i = 0; i < count; i++)
			team_join(&team, 1);
		for (int time = 0; time < 3; time++) {
			int contacts = (int)rng_below(&rng, 200);
			double sum = 0;

			for (size_t i = 0; i < count; i++)
				sum += (double)(team.links[i].weight = 1000 + (int64_t)rng_below(&rng, 1000));
			for (size_t i = 0; i < count; i++)
				ideal[i] += contacts * (double)team.links[i].weight / sum;
			team_take(&team, STRATEGY_SMOOTH_WEIGHTED, contacts);
		}
		for (size_t i = 0; i < count; i++) {
			ck_assert_double_gt((double)team.seen[i] - ideal[i], -2);
			ck_assert_double_lt((double)team.seen[i] - ideal[i], 2);
		}
	}
}
END_TEST

START_TEST(much_smaller_weights_do_not_make_old_credits_a_flood)
{
	for (int before = 0; before < 4; before++) {
		struct team team = { 0 };

		team_join(&team, 1000000000);
		team_join(&team, 999999999);
		team_take(&team, STRATEGY_SMOOTH_WEIGHTED, before);
		team.links[0].weight = team.links[1].weight = 1;
		ck_assert_int_le(team_take(&team, STRATEGY_SMOOTH_WEIGHTED, 100), 2 * CREDIT_SUMS_MAX + 1);
		ck_assert_int_le(team_take(&team, STRATEGY_SMOOTH_WEIGHTED, 100), 1);
	}
}
END_TEST

START_TEST(the_weight_of_who_is_away_bounds_the_credits_of_the_others)
{
	struct team team = { 0 };
	int64_t credit;

	team_join(&team, 1000);
	team_join(&team, 1);
	team_take(&team, STRATEGY_SMOOTH_WEIGHTED, 400);
	credit = team.links[1].credit;
	ck_assert_int_eq(credit, 400);
	team.seats[0].is_active = false;
	team_take(&team, STRATEGY_SMOOTH_WEIGHTED, 50);
	ck_assert_int_eq(team.links[1].credit, credit);
}
END_TEST

START_TEST(any_credit_that_a_row_may_hold_is_harmless)
{
	struct team team = { 0 };

	for (int i = 0; i < 3; i++)
		team_join(&team, 1000000000);
	team.links[0].credit = INT64_MAX;
	team.links[1].credit = INT64_MIN;
	team_take(&team, STRATEGY_SMOOTH_WEIGHTED, 100);
	ck_assert_int_le(team_take(&team, STRATEGY_SMOOTH_WEIGHTED, 300), 2);
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_ge(team.seen[i], 100);
}
END_TEST

/* -- the others -------------------------------------------------------------------------------- */

START_TEST(the_least_loaded_fill_up_evenly)
{
	static const int64_t limits[] = { 10, 20, 5, 40, 25 };
	struct team team = { 0 };

	for (size_t i = 0; i < COUNT_OF(limits); i++) {
		team_join(&team, 1000);
		team.seats[i].limit = limits[i];
	}
	for (int contacts = 1; contacts <= 100; contacts++) {
		team_take(&team, STRATEGY_LEAST_LOADED, 1);
		for (size_t i = 0; i < COUNT_OF(limits); i++) /* the newest contact of each went to the least loaded */
			for (size_t k = 0; k < COUNT_OF(limits); k++)
				ck_assert_int_le((team.seats[i].load - 1) * limits[k], team.seats[k].load * limits[i]);
	}
	for (size_t i = 0; i < COUNT_OF(limits); i++)
		ck_assert_int_eq(team.seen[i], limits[i]);
}
END_TEST

START_TEST(the_least_recent_take_turns_whatever_their_weights)
{
	static const size_t wanted[] = { 2, 0, 3, 1 };
	struct team team = { 0 };

	for (int64_t weight = 1; weight <= 4; weight++)
		team_join(&team, weight * weight);
	team.seats[0].last_contact_id = 41;
	team.seats[1].last_contact_id = 44;
	team.seats[2].last_contact_id = 0;
	team.seats[3].last_contact_id = 43;
	for (int turn = 0; turn < 40; turn++) {
		team_take(&team, STRATEGY_LEAST_RECENT, 1);
		ck_assert_int_eq(team.seen[wanted[turn % 4]], turn / 4 + 1);
	}
}
END_TEST

START_TEST(a_contact_of_another_source_counts_as_recent)
{
	struct seat seats[] = { { 1, 0, 9, 7, true }, { 2, 0, 9, 8, true } };
	struct link links[] = { { 1, 0, 1, 0 }, { 1, 1, 1, 0 }, { 2, 0, 1, 0 } };
	struct roster roster = roster_of(seats, 2, links, 3);
	const struct wish first = { .source_id = 1, .strategy = STRATEGY_LEAST_RECENT }, second = { .source_id = 2 };

	ck_assert_int_eq(assign_with_draw(&roster, &second, 0).seat, 0);
	ck_assert_int_eq(assign_with_draw(&roster, &first, 0).seat, 1);
	ck_assert_int_eq(assign_with_draw(&roster, &first, 0).seat, 0);
}
END_TEST

UNIT_SUITE(strategy_turns)
{
	tcase_add_test(tests, credits_are_frozen_while_somebody_cannot_take_contacts);
	tcase_add_test(tests, who_returns_is_not_flooded);
	tcase_add_test(tests, a_newcomer_is_not_flooded);
	tcase_add_test(tests, new_weights_keep_the_credits);
	tcase_add_test(tests, much_smaller_weights_do_not_make_old_credits_a_flood);
	tcase_add_test(tests, the_weight_of_who_is_away_bounds_the_credits_of_the_others);
	tcase_add_test(tests, any_credit_that_a_row_may_hold_is_harmless);
	tcase_add_test(tests, the_least_loaded_fill_up_evenly);
	tcase_add_test(tests, the_least_recent_take_turns_whatever_their_weights);
	tcase_add_test(tests, a_contact_of_another_source_counts_as_recent);
}
