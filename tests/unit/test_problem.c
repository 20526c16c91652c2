/* Problems as clients read them. */
#include "http/problem.h"
#include "unit/unit.h"

static const struct problem full = { .slug = "full", .status = 409, .title = "It is \"full\"", .about = "x" };

static struct buf out;
static struct arena *arena;

static void setup(void)
{
	buf_init(&out);
	arena = arena_new();
}

static void teardown(void)
{
	buf_done(&out);
	arena_free(&arena);
}

START_TEST(a_problem_is_an_object_with_type_title_and_status)
{
	problem_print(&out, &full, NULL, NULL, NULL, NULL);
	ck_assert_str_eq(out.bytes,
			 "{\"type\": \"/problems/full\", \"title\": \"It is \\\"full\\\"\", \"status\": 409}");
}
END_TEST

START_TEST(detail_instance_and_further_members_follow)
{
	problem_print(&out, &full, "line\n", "id-1", NULL, ", \"holder\": 7");
	ck_assert_str_eq(out.bytes,
			 "{\"type\": \"/problems/full\", \"title\": \"It is \\\"full\\\"\", \"status\": 409, "
			 "\"detail\": \"line\\n\", \"instance\": \"id-1\", \"holder\": 7}");
}
END_TEST

START_TEST(faults_are_listed_in_order)
{
	struct faults *faults = faults_new(arena);

	problem_print(&out, &full, NULL, NULL, faults, NULL);
	ck_assert_ptr_null(strstr(out.bytes, "errors"));
	buf_clear(&out);
	faults_add(faults, "weights[1].weight", "must be between %d and %d", 0, 7);
	faults_add(faults, "", "must be an object");
	problem_print(&out, &full, NULL, NULL, faults, NULL);
	ck_assert_ptr_nonnull(strstr(out.bytes,
				     "\"errors\": [{\"field\": \"weights[1].weight\", \"message\": \"must be "
				     "between 0 and 7\"}, {\"field\": \"\", \"message\": \"must be an "
				     "object\"}]}"));
}
END_TEST

START_TEST(faults_copy_what_they_are_given)
{
	struct faults *faults = faults_new(arena);
	char field[] = "a", rule[] = "b";

	faults_add(faults, field, "%s", rule);
	field[0] = rule[0] = 'x';
	ck_assert_str_eq(faults->items[0].field, "a");
	ck_assert_str_eq(faults->items[0].message, "b");
}
END_TEST

START_TEST(too_many_faults_are_counted_but_not_kept)
{
	struct faults *faults = faults_new(arena);
	size_t printed = 0;

	for (int i = 0; i < FAULTS_MAX + 50; i++)
		faults_add(faults, "x", "must not be %d", i);
	ck_assert_uint_eq(faults->count, FAULTS_MAX + 50);
	problem_print(&out, &full, NULL, NULL, faults, NULL);
	for (const char *at = out.bytes; (at = strstr(at, "\"field\"")); at++)
		printed++;
	ck_assert_uint_eq(printed, FAULTS_MAX);
}
END_TEST

START_TEST(the_generic_problems_are_complete_and_differ)
{
	for (size_t i = 0; problem_generic[i]; i++) {
		const struct problem *problem = problem_generic[i];

		ck_assert(problem->status >= 400 && problem->status < 600);
		ck_assert(*problem->title && *problem->about && *problem->slug);
		ck_assert_msg((problem->status == 503) == (problem->retry_after_seconds > 0), "%s", problem->slug);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(problem->slug, problem_generic[k]->slug);
	}
}
END_TEST

UNIT_SUITE(problem)
{
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_problem_is_an_object_with_type_title_and_status);
	tcase_add_test(tests, detail_instance_and_further_members_follow);
	tcase_add_test(tests, faults_are_listed_in_order);
	tcase_add_test(tests, faults_copy_what_they_are_given);
	tcase_add_test(tests, too_many_faults_are_counted_but_not_kept);
	tcase_add_test(tests, the_generic_problems_are_complete_and_differ);
}
