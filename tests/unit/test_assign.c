/* The choice for one contact: who may take it, where each one's stretch of the draw lies, why nobody does. */
#include "domain/assign.h"
#include "base/mem.h"
#include "unit/chi_square.h"
#include "unit/rosters.h"
#include "unit/unit.h"

#include <string.h>

enum { DRAWS = 100000 };

/* Seats linked to source 1, all with room unless told otherwise. */
struct table {
	struct seat seats[8];
	struct link links[8];
	struct roster roster;
};

static void table_add(struct table *table, int64_t weight, int64_t load, int64_t limit, bool is_active)
{
	size_t seat = table->roster.seat_count;

	ck_assert_uint_lt(seat, COUNT_OF(table->seats));
	table->seats[seat] = (struct seat){ (int64_t)seat + 100, load, limit, 0, is_active };
	table->links[seat] = (struct link){ 1, seat, weight, 0 };
	table->roster = roster_of(table->seats, seat + 1, table->links, seat + 1);
}

static void table_add_free(struct table *table, int64_t weight)
{
	table_add(table, weight, 0, INT32_MAX, true);
}

static enum waiting_reason reason_at(struct roster *roster, int64_t source_id)
{
	struct choice choice;
	struct rng rng;

	rng_seed(&rng, 1);
	plan(roster, &source_id, 1, &rng, &choice);
	ck_assert_int_eq(choice.seat, NOBODY);
	ck_assert_uint_eq(choice.draw, 0);
	return choice.reason;
}

/* -- who may take it --------------------------------------------------------------------------- */

START_TEST(a_candidate_is_active_has_a_weight_and_room)
{
	static const struct {
		int64_t weight, load, limit;
		bool is_active, is_candidate;
	} cases[] = {
		{ 1, 0, 1, true, true },    { 1, 9, 10, true, true },
		{ 1, 10, 10, true, false }, { 1, 11, 10, true, false },
		{ 1, 0, 0, true, false },   { 0, 0, 1, true, false },
		{ 1, 0, 1, false, false },  { 1000000000, 999999, 1000000, true, true },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct table table = { 0 };

		table_add(&table, cases[i].weight, cases[i].load, cases[i].limit, cases[i].is_active);
		ck_assert_msg(link_is_candidate(&table.roster, table.links) == cases[i].is_candidate, "case %zu", i);
	}
}
END_TEST

START_TEST(the_range_is_the_sum_of_the_candidates_weights)
{
	struct table table = { 0 };

	table_add_free(&table, 3);
	table_add_free(&table, 0);
	table_add(&table, 50, 0, 1, false);
	table_add(&table, 700, 1, 1, true);
	table_add_free(&table, 9000);
	ck_assert_uint_eq(assign_range(&table.roster, 1), 9003);
}
END_TEST

START_TEST(only_the_links_of_the_source_count)
{
	struct seat seats[] = { { 1, 0, 1, 0, true }, { 2, 0, 1, 0, true } };
	struct link links[] = { { 3, 0, 5, 0 }, { 3, 1, 6, 0 }, { 5, 1, 700, 0 }, { 9, 0, 8000, 0 } };
	const struct roster roster = roster_of(seats, 2, links, COUNT_OF(links));
	static const struct {
		int64_t source_id;
		uint64_t range;
	} cases[] = { { 1, 0 }, { 3, 11 }, { 4, 0 }, { 5, 700 }, { 8, 0 }, { 9, 8000 }, { 10, 0 }, { INT64_MAX, 0 } };

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		ck_assert_uint_eq(assign_range(&roster, cases[i].source_id), cases[i].range);
	ck_assert_int_eq(seat_at(&roster, 5, 0), 1);
	ck_assert_int_eq(seat_at(&roster, 9, 7999), 0);
}
END_TEST

/* -- the draw ---------------------------------------------------------------------------------- */

START_TEST(each_draw_falls_on_exactly_one_stretch)
{
	static const ptrdiff_t wanted[] = { 0, 0, 0, 2, 2, 2, 2, 2, 5 };
	struct table table = { 0 };

	table_add_free(&table, 3);
	table_add_free(&table, 0);
	table_add_free(&table, 5);
	table_add(&table, 4, 0, 1, false);
	table_add(&table, 4, 1, 1, true);
	table_add_free(&table, 1);
	ck_assert_uint_eq(assign_range(&table.roster, 1), COUNT_OF(wanted));
	for (uint64_t draw = 0; draw < COUNT_OF(wanted); draw++)
		ck_assert_int_eq(seat_at(&table.roster, 1, draw), wanted[draw]);
}
END_TEST

/* Over all draws each seat comes as often as its weight says, and the stretches lie in the order of the links. */
START_TEST(picking_is_the_inverse_of_the_cumulative_weights)
{
	struct rng rng;

	rng_seed(&rng, 11);
	for (int round = 0; round < 2000; round++) {
		struct table table = { 0 };
		uint64_t draw = 0;

		for (size_t i = 1 + rng_below(&rng, 8); i > 0; i--)
			table_add(&table, (int64_t)rng_below(&rng, 30), (int64_t)rng_below(&rng, 3),
				  (int64_t)rng_below(&rng, 4), rng_below(&rng, 4) > 0);
		for (size_t i = 0; i < table.roster.link_count; i++)
			if (table.seats[i].is_active && table.seats[i].load < table.seats[i].limit)
				for (int64_t k = 0; k < table.links[i].weight; k++)
					ck_assert_int_eq(seat_at(&table.roster, 1, draw++), (ptrdiff_t)i);
		ck_assert_uint_eq(assign_range(&table.roster, 1), draw);
	}
}
END_TEST

START_TEST(asking_for_the_range_changes_nothing)
{
	struct table table = { 0 }, before;

	table_add_free(&table, 3);
	table_add_free(&table, 4);
	before = table;
	assign_range(&table.roster, 1);
	ck_assert_mem_eq(table.seats, before.seats, sizeof(table.seats));
	ck_assert_mem_eq(table.links, before.links, sizeof(table.links));
}
END_TEST

START_TEST(a_thousand_operators_of_the_largest_weight_do_not_overflow)
{
	enum { COUNT = LINKS_MAX };
	const uint64_t weight = 1000000000u; /* 1000000.000 */
	struct seat *seats = mem_alloc(COUNT, sizeof(*seats));
	struct link *links = mem_alloc(COUNT, sizeof(*links));
	const struct roster roster = roster_of(seats, COUNT, links, COUNT);

	for (size_t i = 0; i < COUNT; i++) {
		seats[i] = (struct seat){ (int64_t)i + 1, 0, 1, 0, true };
		links[i] = (struct link){ 1, i, (int64_t)weight, 0 };
	}
	ck_assert_uint_eq(assign_range(&roster, 1), COUNT * weight);
	for (size_t i = 0; i < COUNT; i++) {
		ck_assert_int_eq(seat_at(&roster, 1, i * weight), (ptrdiff_t)i);
		ck_assert_int_eq(seat_at(&roster, 1, (i + 1) * weight - 1), (ptrdiff_t)i);
	}
	mem_free(seats);
	mem_free(links);
}
END_TEST

/* -- shares ------------------------------------------------------------------------------------ */

static void count_draws(struct table *table, uint64_t seed, uint64_t *seen)
{
	static int64_t source_ids[DRAWS];
	static struct choice choices[DRAWS];
	struct rng rng;

	rng_seed(&rng, seed);
	for (size_t i = 0; i < DRAWS; i++)
		source_ids[i] = 1;
	plan(&table->roster, source_ids, DRAWS, &rng, choices);
	for (size_t i = 0; i < DRAWS; i++)
		if (choices[i].seat != NOBODY)
			seen[choices[i].seat]++;
}

START_TEST(over_many_draws_the_shares_are_those_of_the_weights)
{
	static const struct {
		int64_t weights[5];
		size_t count;
		double most;
	} cases[] = {
		{ { 10000, 30000 }, 2, CHI_SQUARE_1 },
		{ { 1, 2, 3, 4, 5 }, 5, CHI_SQUARE_4 },
		{ { 1000000000, 1000000000, 500000000 }, 3, CHI_SQUARE_2 },
		{ { 1, 999, 0, 500, 2500 }, 5, CHI_SQUARE_3 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct table table = { 0 };
		uint64_t seen[5] = { 0 };

		for (size_t k = 0; k < cases[i].count; k++)
			table_add_free(&table, cases[i].weights[k]);
		count_draws(&table, 5 + i, seen);
		ck_assert_double_lt(chi_square(seen, cases[i].weights, cases[i].count), cases[i].most);
	}
}
END_TEST

START_TEST(those_who_can_take_share_what_others_cannot)
{
	static const int64_t shares[] = { 10, 0, 30, 0, 60 };
	struct table table = { 0 };
	uint64_t seen[5] = { 0 };

	table_add_free(&table, 10);
	table_add(&table, 500, 0, INT32_MAX, false);
	table_add_free(&table, 30);
	table_add(&table, 900, 7, 7, true);
	table_add_free(&table, 60);
	count_draws(&table, 5, seen);
	ck_assert_double_lt(chi_square(seen, shares, 5), CHI_SQUARE_2);
}
END_TEST

START_TEST(once_one_is_full_the_others_keep_their_proportion)
{
	static const int64_t shares[] = { 0, 10, 30 };
	struct table table = { 0 };
	uint64_t seen[3] = { 0 };

	table_add(&table, 1000, 90, 100, true);
	table_add_free(&table, 10);
	table_add_free(&table, 30);
	count_draws(&table, 5, seen);
	ck_assert_uint_eq(seen[0], 10);
	seen[0] = 0;
	ck_assert_double_lt(chi_square(seen, shares, 3), CHI_SQUARE_2);
}
END_TEST

/* -- why nobody takes it ----------------------------------------------------------------------- */

/* Full beats inactive beats weight 0: the reason is that of whoever was nearest to taking the contact. */
START_TEST(the_reason_is_that_of_who_was_nearest)
{
	enum { FULL = 1, INACTIVE = 2, WEIGHTLESS = 4 };

	for (int mix = 0; mix < 8; mix++) {
		enum waiting_reason wanted = mix & FULL         ? WAITING_FULL
					     : mix & INACTIVE   ? WAITING_INACTIVE
					     : mix & WEIGHTLESS ? WAITING_WEIGHT_ZERO
								: WAITING_NO_OPERATORS;
		struct table table = { 0 }, reversed = { 0 };

		if (mix & FULL)
			table_add(&table, 5, 3, 3, true);
		if (mix & INACTIVE)
			table_add(&table, 5, 0, 3, false);
		if (mix & WEIGHTLESS)
			table_add(&table, 0, 0, 3, true);
		for (size_t i = table.roster.seat_count; i > 0; i--) {
			const struct seat *seat = &table.seats[i - 1];

			table_add(&reversed, table.links[i - 1].weight, seat->load, seat->limit, seat->is_active);
		}
		ck_assert_int_eq(reason_at(&table.roster, 1), wanted);
		ck_assert_int_eq(reason_at(&reversed.roster, 1), wanted);
	}
}
END_TEST

START_TEST(one_operator_lacking_several_things_gives_its_greatest_distance)
{
	static const struct {
		int64_t weight, load;
		bool is_active;
		enum waiting_reason reason;
	} cases[] = {
		{ 5, 3, true, WAITING_FULL },         { 5, 3, false, WAITING_INACTIVE },
		{ 5, 9, true, WAITING_FULL },         { 0, 3, true, WAITING_WEIGHT_ZERO },
		{ 0, 0, false, WAITING_WEIGHT_ZERO }, { 0, 3, false, WAITING_WEIGHT_ZERO },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct table table = { 0 };

		table_add(&table, cases[i].weight, cases[i].load, 3, cases[i].is_active);
		ck_assert_int_eq(reason_at(&table.roster, 1), cases[i].reason);
	}
}
END_TEST

START_TEST(a_source_without_links_has_no_operators)
{
	struct roster empty = { 0 };
	struct table table = { 0 };

	table_add_free(&table, 5);
	ck_assert_int_eq(reason_at(&empty, 1), WAITING_NO_OPERATORS);
	ck_assert_int_eq(reason_at(&table.roster, 2), WAITING_NO_OPERATORS);
}
END_TEST

START_TEST(reasons_have_the_names_that_are_stored)
{
	ck_assert_ptr_null(waiting_reason_name(WAITING_NOT));
	ck_assert_str_eq(waiting_reason_name(WAITING_FULL), "full");
	ck_assert_str_eq(waiting_reason_name(WAITING_INACTIVE), "inactive");
	ck_assert_str_eq(waiting_reason_name(WAITING_WEIGHT_ZERO), "weight_zero");
	ck_assert_str_eq(waiting_reason_name(WAITING_NO_OPERATORS), "no_operators");
}
END_TEST

UNIT_SUITE(assign)
{
	tcase_add_test(tests, a_candidate_is_active_has_a_weight_and_room);
	tcase_add_test(tests, the_range_is_the_sum_of_the_candidates_weights);
	tcase_add_test(tests, only_the_links_of_the_source_count);
	tcase_add_test(tests, each_draw_falls_on_exactly_one_stretch);
	tcase_add_test(tests, picking_is_the_inverse_of_the_cumulative_weights);
	tcase_add_test(tests, asking_for_the_range_changes_nothing);
	tcase_add_test(tests, a_thousand_operators_of_the_largest_weight_do_not_overflow);
	tcase_add_test(tests, over_many_draws_the_shares_are_those_of_the_weights);
	tcase_add_test(tests, those_who_can_take_share_what_others_cannot);
	tcase_add_test(tests, once_one_is_full_the_others_keep_their_proportion);
	tcase_add_test(tests, the_reason_is_that_of_who_was_nearest);
	tcase_add_test(tests, one_operator_lacking_several_things_gives_its_greatest_distance);
	tcase_add_test(tests, a_source_without_links_has_no_operators);
	tcase_add_test(tests, reasons_have_the_names_that_are_stored);
}
