/* The strategies by themselves: whom each chooses among candidates, in what proportion and in what order. */
#include "domain/strategy.h"
#include "base/mem.h"
#include "base/rng.h"
#include "unit/chi_square.h"
#include "unit/unit.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 3000, MOST = 8 };

/* One to MOST candidates that have room. */
static size_t random_candidates(struct rng *rng, struct candidate *candidates, uint64_t weight_below)
{
	size_t count = 1 + (size_t)rng_below(rng, MOST);

	for (size_t i = 0; i < count; i++) {
		int64_t limit = 1 + (int64_t)rng_below(rng, 6);

		candidates[i] = (struct candidate){ .weight = 1 + (int64_t)rng_below(rng, weight_below),
						    .limit = limit,
						    .load = (int64_t)rng_below(rng, (uint64_t)limit),
						    .last_contact_id = (int64_t)rng_below(rng, 5) };
	}
	return count;
}

static int64_t weight_sum(const struct candidate *candidates, size_t count)
{
	int64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += candidates[i].weight;
	return sum;
}

START_TEST(strategies_have_the_names_that_are_stored)
{
	static const char *const wanted[] = { "weighted_random", "smooth_weighted", "least_loaded", "least_recent" };
	enum strategy strategy;

	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		ck_assert_str_eq(strategy_names[i], wanted[i]);
		ck_assert(strategy_by_name(wanted[i], &strategy));
		ck_assert_uint_eq(strategy, i);
		ck_assert_str_eq(strategy_name(strategy), wanted[i]);
	}
	ck_assert_ptr_null(strategy_names[COUNT_OF(wanted)]);
	ck_assert(!strategy_by_name("", &strategy));
	ck_assert(!strategy_by_name("weighted", &strategy));
	ck_assert(!strategy_by_name("WEIGHTED_RANDOM", &strategy));
}
END_TEST

START_TEST(a_single_candidate_is_chosen_by_all)
{
	struct candidate alone = { .weight = 1, .load = 4, .limit = 5, .last_contact_id = 7 };

	ck_assert_uint_eq(strategy_weighted_random(&alone, 1, 0), 0);
	ck_assert_uint_eq(strategy_smooth_weighted(&alone, 1), 0);
	ck_assert_int_eq(alone.credit, 0);
	ck_assert_uint_eq(strategy_least_loaded(&alone, 1), 0);
	ck_assert_uint_eq(strategy_least_recent(&alone, 1), 0);
}
END_TEST

START_TEST(of_equals_the_first_is_chosen)
{
	for (size_t count = 1; count <= MOST; count++) {
		struct candidate equals[MOST];

		for (size_t i = 0; i < count; i++)
			equals[i] = (struct candidate){ .weight = 5, .load = 1, .limit = 3, .last_contact_id = 9 };
		ck_assert_uint_eq(strategy_least_loaded(equals, count), 0);
		ck_assert_uint_eq(strategy_least_recent(equals, count), 0);
		ck_assert_uint_eq(strategy_smooth_weighted(equals, count), 0);
	}
}
END_TEST

/* -- weighted_random --------------------------------------------------------------------------- */

START_TEST(weights_far_apart_keep_their_proportion)
{
	static const int64_t weights[] = { 1, 999, 1000000000, 30000, 500000000 }; /* thousandths */
	struct candidate candidates[COUNT_OF(weights)] = { 0 };
	uint64_t seen[COUNT_OF(weights)] = { 0 };
	struct rng rng;
	int64_t sum;

	for (size_t i = 0; i < COUNT_OF(weights); i++)
		candidates[i].weight = weights[i];
	sum = weight_sum(candidates, COUNT_OF(weights));
	rng_seed(&rng, 8);
	for (int i = 0; i < 200000; i++)
		seen[strategy_weighted_random(candidates, COUNT_OF(weights), rng_below(&rng, (uint64_t)sum))]++;
	/* The three small ones expect a handful between them: too few cells of their own. */
	ck_assert_uint_le(seen[0] + seen[1] + seen[3], 20);
	ck_assert_double_lt(chi_square((uint64_t[]){ seen[2], seen[4] }, (int64_t[]){ 2, 1 }, 2), CHI_SQUARE_1);
}
END_TEST

START_TEST(random_shares_pass_the_test_of_chance)
{
	static const int64_t weights[] = { 500, 1000, 1500, 2000, 125 };
	struct candidate candidates[COUNT_OF(weights)] = { 0 };

	for (size_t i = 0; i < COUNT_OF(weights); i++)
		candidates[i].weight = weights[i];
	for (uint64_t seed = 0; seed < 5; seed++) {
		uint64_t seen[COUNT_OF(weights)] = { 0 };
		struct rng rng;

		rng_seed(&rng, seed);
		for (int i = 0; i < 50000; i++)
			seen[strategy_weighted_random(candidates, COUNT_OF(weights), rng_below(&rng, 5125))]++;
		ck_assert_double_lt(chi_square(seen, weights, COUNT_OF(weights)), CHI_SQUARE_4);
	}
}
END_TEST

/* -- smooth_weighted --------------------------------------------------------------------------- */

START_TEST(turns_are_those_of_the_known_example)
{
	static const size_t wanted[] = { 0, 0, 1, 0, 2, 0, 0 }; /* weights 5, 1, 1 */
	struct candidate candidates[] = { { .weight = 5 }, { .weight = 1 }, { .weight = 1 } };

	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < COUNT_OF(wanted); i++)
			ck_assert_uint_eq(strategy_smooth_weighted(candidates, 3), wanted[i]);
}
END_TEST

static int64_t common_divisor(const struct candidate *candidates, size_t count)
{
	int64_t divisor = 0;

	for (size_t i = 0; i < count; i++)
		for (int64_t a = candidates[i].weight; a;) {
			int64_t rest = divisor % a;

			divisor = a;
			a = rest;
		}
	return divisor;
}

START_TEST(in_a_whole_round_everybody_gets_exactly_its_weight)
{
	struct rng rng;

	rng_seed(&rng, 21);
	for (int round = 0; round < ROUNDS; round++) {
		struct candidate candidates[MOST];
		size_t count = random_candidates(&rng, candidates, 60);
		int64_t scale = 1 + (int64_t)rng_below(&rng, 1000), divisor, seen[MOST] = { 0 };

		for (size_t i = 0; i < count; i++)
			candidates[i].weight *= scale;
		divisor = common_divisor(candidates, count);
		for (int64_t i = weight_sum(candidates, count) / divisor; i > 0; i--)
			seen[strategy_smooth_weighted(candidates, count)]++;
		for (size_t i = 0; i < count; i++) {
			must_hold(seen[i] == (candidates[i].weight / divisor));
			must_hold(candidates[i].credit == 0);
		}
	}
}
END_TEST

/*
 * At any moment: contacts that somebody is ahead of its share, or behind, in thousandths, of all turns so far.
 * A credit is just that, times the sum of the weights.
 */
static void check_spread(struct candidate *candidates, size_t count, int turns, int64_t behind_most)
{
	int64_t sum = weight_sum(candidates, count), seen[64] = { 0 };

	for (int64_t turn = 1; turn <= turns; turn++) {
		seen[strategy_smooth_weighted(candidates, count)]++;
		for (size_t i = 0; i < count; i++) {
			int64_t behind = turn * candidates[i].weight - seen[i] * sum;

			must_hold(candidates[i].credit == behind);
			must_hold(behind > -sum);
			must_hold(behind * 1000 < behind_most * sum);
		}
	}
}

START_TEST(of_two_nobody_is_ever_a_contact_ahead_or_behind)
{
	struct rng rng;

	rng_seed(&rng, 22);
	for (int round = 0; round < ROUNDS; round++) {
		struct candidate two[] = { { .weight = 1 + (int64_t)rng_below(&rng, 10000) },
					   { .weight = 1 + (int64_t)rng_below(&rng, 10000) } };

		check_spread(two, 2, 300, 1000);
	}
}
END_TEST

START_TEST(of_many_nobody_is_ever_a_contact_ahead_nor_two_behind)
{
	struct rng rng;

	rng_seed(&rng, 23);
	for (int round = 0; round < ROUNDS / 10; round++) {
		struct candidate many[64] = { 0 };
		size_t count = 1 + (size_t)rng_below(&rng, COUNT_OF(many));

		for (size_t i = 0; i < count; i++) /* powers of two are the least even */
			many[i].weight = round % 2 ? 1 << rng_below(&rng, 12) : 1 + (int64_t)rng_below(&rng, 5000);
		check_spread(many, count, 600, 2000);
	}
}
END_TEST

START_TEST(equal_weights_take_turns)
{
	struct candidate candidates[5] = { 0 };

	for (size_t i = 0; i < COUNT_OF(candidates); i++)
		candidates[i].weight = 7;
	for (size_t turn = 0; turn < 50; turn++)
		ck_assert_uint_eq(strategy_smooth_weighted(candidates, 5), turn % 5);
}
END_TEST

START_TEST(the_largest_weights_do_not_overflow)
{
	enum { COUNT = 1000 };
	const int64_t weight = 1000000000; /* 1000000.000 */
	struct candidate *candidates = mem_alloc(COUNT, sizeof(*candidates));

	for (size_t i = 0; i < COUNT; i++)
		candidates[i] = (struct candidate){ .weight = weight, .load = 999999, .limit = 1000000 };
	candidates[COUNT - 1].load = 999998;
	for (size_t turn = 0; turn < COUNT; turn++)
		ck_assert_uint_eq(strategy_smooth_weighted(candidates, COUNT), turn);
	ck_assert_uint_eq(strategy_least_loaded(candidates, COUNT), COUNT - 1);
	ck_assert_uint_eq(strategy_weighted_random(candidates, COUNT, (uint64_t)weight * COUNT - 1), COUNT - 1);
	mem_free(candidates);
}
END_TEST

/* -- least_loaded, least_recent ---------------------------------------------------------------- */

START_TEST(loads_are_compared_as_exact_fractions)
{
	static const struct {
		struct candidate two[2];
		size_t wanted;
	} cases[] = {
		{ { { .load = 1, .limit = 2, .weight = 1 }, { .load = 9, .limit = 20, .weight = 1 } }, 1 },
		{ { { .load = 0, .limit = 1, .weight = 1 }, { .load = 0, .limit = 1000000, .weight = 2 } }, 1 },
		{ { { .load = 1, .limit = 3, .weight = 1 }, { .load = 333333, .limit = 999999, .weight = 2 } }, 1 },
		{ { { .load = 1, .limit = 3, .weight = 2 }, { .load = 333333, .limit = 999999, .weight = 1 } }, 0 },
		{ { { .load = 1, .limit = 3, .weight = 2 }, { .load = 333333, .limit = 999999, .weight = 2 } }, 0 },
		{ { { .load = 1, .limit = 3, .weight = 9 }, { .load = 333333, .limit = 1000000, .weight = 1 } }, 1 },
		{ { { .load = 1, .limit = 3, .weight = 1 }, { .load = 333334, .limit = 1000000, .weight = 9 } }, 0 },
		{ { { .load = 999998, .limit = 999999, .weight = 1 },
		    { .load = 999999, .limit = 1000000, .weight = 9 } },
		  0 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		ck_assert_msg(strategy_least_loaded(cases[i].two, 2) == cases[i].wanted, "case %zu", i);
}
END_TEST

/* Nobody comes before the chosen one: by load / limit, then by weight, then by id. */
START_TEST(the_least_loaded_has_nobody_before_it)
{
	struct rng rng;

	rng_seed(&rng, 31);
	for (int round = 0; round < ROUNDS * 3; round++) {
		struct candidate some[MOST];
		size_t count = random_candidates(&rng, some, 3), picked = strategy_least_loaded(some, count);

		must_hold(picked < count);
		for (size_t i = 0; i < count; i++) {
			int64_t lead = some[i].load * some[picked].limit - some[picked].load * some[i].limit;

			must_hold(lead >= 0);
			if (lead == 0)
				must_hold(some[i].weight <= some[picked].weight);
			if (lead == 0 && some[i].weight == some[picked].weight)
				must_hold(i >= picked);
		}
	}
}
END_TEST

START_TEST(the_least_recent_is_the_one_whose_last_contact_is_the_oldest)
{
	struct rng rng;

	rng_seed(&rng, 32);
	for (int round = 0; round < ROUNDS * 3; round++) {
		struct candidate some[MOST];
		size_t count = random_candidates(&rng, some, 3), picked = strategy_least_recent(some, count);

		must_hold(picked < count);
		for (size_t i = 0; i < count; i++) {
			must_hold(some[i].last_contact_id >= some[picked].last_contact_id);
			if (i < picked)
				must_hold(some[i].last_contact_id > some[picked].last_contact_id);
		}
	}
}
END_TEST

START_TEST(who_never_had_a_contact_comes_first)
{
	const struct candidate some[] = { { .last_contact_id = 1 },
					  { .last_contact_id = 0 },
					  { .last_contact_id = 0 } };

	ck_assert_uint_eq(strategy_least_recent(some, 3), 1);
}
END_TEST

UNIT_SUITE(strategy)
{
	tcase_add_test(tests, strategies_have_the_names_that_are_stored);
	tcase_add_test(tests, a_single_candidate_is_chosen_by_all);
	tcase_add_test(tests, of_equals_the_first_is_chosen);
	tcase_add_test(tests, weights_far_apart_keep_their_proportion);
	tcase_add_test(tests, random_shares_pass_the_test_of_chance);
	tcase_add_test(tests, turns_are_those_of_the_known_example);
	tcase_add_test(tests, in_a_whole_round_everybody_gets_exactly_its_weight);
	tcase_add_test(tests, of_two_nobody_is_ever_a_contact_ahead_or_behind);
	tcase_add_test(tests, of_many_nobody_is_ever_a_contact_ahead_nor_two_behind);
	tcase_add_test(tests, equal_weights_take_turns);
	tcase_add_test(tests, the_largest_weights_do_not_overflow);
	tcase_add_test(tests, loads_are_compared_as_exact_fractions);
	tcase_add_test(tests, the_least_loaded_has_nobody_before_it);
	tcase_add_test(tests, the_least_recent_is_the_one_whose_last_contact_is_the_oldest);
	tcase_add_test(tests, who_never_had_a_contact_comes_first);
}
