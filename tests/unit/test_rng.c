/* The generator: the published algorithm to the bit, and draws that favour nobody. */
#include "base/mem.h"
#include "base/rng.h"
#include "unit/chi_square.h"
#include "unit/unit.h"

static void assert_draws(struct rng *rng, const uint64_t *wanted, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ck_assert_uint_eq(rng_next(rng), wanted[i]);
}

/* Source: the numbers that other implementations of xoshiro256** test themselves with, from this very state. */
START_TEST(the_state_1_2_3_4_gives_the_published_numbers)
{
	static const uint64_t wanted[] = {
		11520u,
		0u,
		1509978240u,
		1215971899390074240u,
		1216172134540287360u,
		607988272756665600u,
		16172922978634559625u,
		8476171486693032832u,
		10595114339597558777u,
		2904607092377533576u,
	};
	struct rng rng = { .state = { 1, 2, 3, 4 } };

	assert_draws(&rng, wanted, COUNT_OF(wanted));
}
END_TEST

/* Source: splitmix64 and xoshiro256** of https://prng.di.unimi.it/, worked out apart from this program. */
START_TEST(a_seed_is_spread_by_splitmix64)
{
	static const struct {
		uint64_t seed, wanted[4];
	} cases[] = {
		{ 0, { 0x99ec5f36cb75f2b4, 0xbf6e1f784956452a, 0x1a5f849d4933e6e0, 0x6aa594f1262d2d2c } },
		{ 1, { 0xb3f2af6d0fc710c5, 0x853b559647364cea, 0x92f89756082a4514, 0x642e1c7bc266a3a7 } },
		{ 42, { 0x15780b2e0c2ec716, 0x6104d9866d113a7e, 0xae17533239e499a1, 0xecb8ad4703b360a1 } },
		{ UINT64_MAX, { 0x8f5520d52a7ead08, 0xc476a018caa1802d, 0x81de31c0d260469e, 0xbf658d7e065f3c2f } },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct rng rng;

		rng_seed(&rng, cases[i].seed);
		assert_draws(&rng, cases[i].wanted, COUNT_OF(cases[i].wanted));
	}
}
END_TEST

START_TEST(draws_stay_below_their_limit)
{
	static const uint64_t limits[] = { 1, 2, 3, 10, 1000, 1000000000000u, (uint64_t)1 << 63, UINT64_MAX };
	struct rng rng;

	rng_seed(&rng, 1);
	for (size_t i = 0; i < COUNT_OF(limits); i++)
		for (int k = 0; k < 1000; k++)
			ck_assert_uint_lt(rng_below(&rng, limits[i]), limits[i]);
}
END_TEST

START_TEST(a_limit_of_one_leaves_only_zero)
{
	struct rng rng;

	rng_seed(&rng, 1);
	for (int i = 0; i < 1000; i++)
		ck_assert_uint_eq(rng_below(&rng, 1), 0);
}
END_TEST

START_TEST(small_ranges_are_drawn_evenly)
{
	static const size_t limits[] = { 2, 3, 10, 100 };
	static const double most[] = { CHI_SQUARE_1, CHI_SQUARE_2, CHI_SQUARE_9, CHI_SQUARE_99 };

	for (size_t i = 0; i < COUNT_OF(limits); i++) {
		uint64_t seen[100] = { 0 };
		int64_t weights[100];
		struct rng rng;

		rng_seed(&rng, 7);
		for (size_t k = 0; k < limits[i]; k++)
			weights[k] = 1;
		for (int k = 0; k < 100000; k++)
			seen[rng_below(&rng, limits[i])]++;
		ck_assert_double_lt(chi_square(seen, weights, limits[i]), most[i]);
	}
}
END_TEST

/* With a plain remainder the first third of this range would come twice as often as the others. */
START_TEST(a_range_that_does_not_divide_2_to_the_64_is_drawn_evenly)
{
	const uint64_t third = (uint64_t)1 << 62;
	const int64_t weights[] = { 1, 1, 1 };
	uint64_t seen[3] = { 0 };
	struct rng rng;

	rng_seed(&rng, 7);
	for (int i = 0; i < 100000; i++)
		seen[rng_below(&rng, 3 * third) / third]++;
	ck_assert_double_lt(chi_square(seen, weights, 3), CHI_SQUARE_2);
}
END_TEST

START_TEST(every_bit_of_a_draw_is_set_half_of_the_time)
{
	const int64_t weights[] = { 1, 1 };
	uint64_t seen[64][2] = { { 0 } };
	struct rng rng;

	rng_seed(&rng, 7);
	for (int i = 0; i < 20000; i++) {
		uint64_t draw = rng_next(&rng);

		for (int bit = 0; bit < 64; bit++)
			seen[bit][draw >> bit & 1]++;
	}
	for (int bit = 0; bit < 64; bit++)
		ck_assert_double_lt(chi_square(seen[bit], weights, 2), CHI_SQUARE_1);
}
END_TEST

START_TEST(the_system_gives_another_seed_each_time)
{
	ck_assert_uint_ne(rng_entropy(), rng_entropy());
}
END_TEST

UNIT_SUITE(rng)
{
	tcase_add_test(tests, the_state_1_2_3_4_gives_the_published_numbers);
	tcase_add_test(tests, a_seed_is_spread_by_splitmix64);
	tcase_add_test(tests, draws_stay_below_their_limit);
	tcase_add_test(tests, a_limit_of_one_leaves_only_zero);
	tcase_add_test(tests, small_ranges_are_drawn_evenly);
	tcase_add_test(tests, a_range_that_does_not_divide_2_to_the_64_is_drawn_evenly);
	tcase_add_test(tests, every_bit_of_a_draw_is_set_half_of_the_time);
	tcase_add_test(tests, the_system_gives_another_seed_each_time);
}
