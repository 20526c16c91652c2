/* The waiting line of the intake, and how long one is expected to wait in it. */
#include "service/line.h"
#include "base/mem.h"
#include "unit/unit.h"

enum { BATCH = 100, MS = 1000 };

static struct pace pace_of(const int64_t *rounds_ms, size_t count)
{
	struct pace pace = { 0 };

	for (size_t i = 0; i < count; i++)
		pace_note(&pace, rounds_ms[i] * MS);
	return pace;
}

static int64_t wait_ms(const struct pace *pace, size_t ahead)
{
	return pace_wait_us(pace, ahead, BATCH) / MS;
}

START_TEST(nothing_is_expected_of_what_is_not_known)
{
	struct pace pace = { 0 };

	ck_assert_int_eq(wait_ms(&pace, 1000000), 0);
	pace_note(&pace, 40 * MS);
	ck_assert_int_eq(wait_ms(&pace, 1000000), 0);
}
END_TEST

START_TEST(one_waits_for_the_batch_that_runs_and_for_those_before)
{
	const int64_t rounds[] = { 40, 40, 40 };
	struct pace pace = pace_of(rounds, COUNT_OF(rounds));

	ck_assert_int_eq(wait_ms(&pace, 0), 40);
	ck_assert_int_eq(wait_ms(&pace, BATCH / 2), 60);
	ck_assert_int_eq(wait_ms(&pace, BATCH), 80);
	ck_assert_int_eq(wait_ms(&pace, 10 * BATCH), 440);
}
END_TEST

START_TEST(a_single_long_round_is_no_reason_to_refuse_anybody)
{
	const int64_t rounds[] = { 40, 40, 5000, 40, 40 };
	struct pace pace = pace_of(rounds, COUNT_OF(rounds));

	ck_assert_int_eq(wait_ms(&pace, 0), 40);
}
END_TEST

START_TEST(several_long_rounds_are)
{
	const int64_t rounds[] = { 40, 300, 40, 300, 40, 300, 40, 300 };
	struct pace pace = pace_of(rounds, COUNT_OF(rounds));

	ck_assert_int_eq(wait_ms(&pace, 0), (4 * 40 + 3 * 300) / 7);
}
END_TEST

START_TEST(old_rounds_are_forgotten)
{
	struct pace pace = { 0 };

	for (int i = 0; i < PACE_ROUNDS; i++)
		pace_note(&pace, 900 * MS);
	ck_assert_int_eq(wait_ms(&pace, 0), 900);
	for (int i = 0; i < PACE_ROUNDS; i++)
		pace_note(&pace, 2 * MS);
	ck_assert_int_eq(wait_ms(&pace, 0), 2);
}
END_TEST

/* Single contacts make short rounds; the burst that follows must not be judged by what full batches take. */
START_TEST(a_burst_after_a_rest_is_let_in)
{
	const int64_t rounds[] = { 1, 1, 1, 1, 1, 1, 1, 40 };
	struct pace pace = pace_of(rounds, COUNT_OF(rounds));

	ck_assert_int_eq(wait_ms(&pace, 40 * BATCH), 41);
}
END_TEST

START_TEST(neither_long_waits_nor_many_contacts_overflow)
{
	const int64_t rounds[] = { 60000, 60000, 60000 };
	struct pace pace = pace_of(rounds, COUNT_OF(rounds));

	ck_assert_int_eq(pace_wait_us(&pace, 1000000, 1), 60000LL * MS * 1000001);
}
END_TEST

START_TEST(a_line_knows_its_length_and_its_first)
{
	struct queued_draft drafts[3] = { { .deadline_ms = 20 }, { .deadline_ms = 30 }, { .deadline_ms = 10 } };
	struct line line;

	line_init(&line);
	ck_assert_ptr_null(line_first(&line));
	ck_assert_ptr_null(line_shift(&line));
	line_append(&line, &drafts[0]);
	line_append(&line, &drafts[1]);
	line_return(&line, &drafts[2]);
	ck_assert_uint_eq(line.length, 3);
	ck_assert_ptr_eq(line_first(&line), &drafts[2]);
	ck_assert_ptr_eq(line_shift(&line), &drafts[2]);
	ck_assert_ptr_eq(line_shift(&line), &drafts[0]);
	ck_assert_uint_eq(line.length, 1);
	ck_assert_ptr_eq(line_shift(&line), &drafts[1]);
	ck_assert_uint_eq(line.length, 0);
	ck_assert_ptr_null(line_first(&line));
}
END_TEST

START_TEST(the_first_of_a_line_is_who_has_to_be_given_up_first)
{
	struct queued_draft drafts[] = {
		{ .deadline_ms = 30 }, { .deadline_ms = 10 }, { .deadline_ms = 40 }, { .deadline_ms = 20 }
	};
	struct line line;

	line_init(&line);
	line_append(&line, &drafts[0]);
	line_append(&line, &drafts[1]);
	line_return(&line, &drafts[2]);
	line_return(&line, &drafts[3]);
	ck_assert_ptr_eq(line_shift(&line), &drafts[1]);
	ck_assert_ptr_eq(line_shift(&line), &drafts[3]);
	ck_assert_ptr_eq(line_shift(&line), &drafts[0]);
	ck_assert_ptr_eq(line_shift(&line), &drafts[2]);
}
END_TEST

UNIT_SUITE(line)
{
	tcase_add_test(tests, nothing_is_expected_of_what_is_not_known);
	tcase_add_test(tests, one_waits_for_the_batch_that_runs_and_for_those_before);
	tcase_add_test(tests, a_single_long_round_is_no_reason_to_refuse_anybody);
	tcase_add_test(tests, several_long_rounds_are);
	tcase_add_test(tests, old_rounds_are_forgotten);
	tcase_add_test(tests, a_burst_after_a_rest_is_let_in);
	tcase_add_test(tests, neither_long_waits_nor_many_contacts_overflow);
	tcase_add_test(tests, a_line_knows_its_length_and_its_first);
	tcase_add_test(tests, the_first_of_a_line_is_who_has_to_be_given_up_first);
}
