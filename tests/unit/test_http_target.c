/* Paths and queries decode to one meaning or to none. */
#include "http/target.h"

#include "base/buf.h"
#include "unit/unit.h"

static struct arena *arena;
static struct target target;
static const char *why;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(&arena);
}

static bool reads(const char *sent)
{
	why = NULL;
	return target_read(arena, text_of(sent), &target, &why) && target_read_query(arena, &target, &why);
}

static bool parameter_is(size_t index, const char *name, const char *value)
{
	return index < target.parameter_count && text_equals(target.parameters[index].name, text_of(name)) &&
	       text_equals(target.parameters[index].value, text_of(value));
}

START_TEST(paths_are_decoded)
{
	ck_assert(reads("/a/b-c.d~e/"));
	ck_assert_str_eq(target.path, "/a/b-c.d~e/");
	ck_assert_uint_eq(target.parameter_count, 0);
	ck_assert(reads("/%61/%D1%84+%20?"));
	ck_assert_str_eq(target.path, "/a/\xd1\x84+ ");
	ck_assert(reads("/.a/..b/c..d/..."));
}
END_TEST

START_TEST(paths_that_mean_something_else_to_others_are_refused)
{
	static const char *const wrong[] = { "/a//b",  "//",     "/a//",    "/./a",    "/a/.",
					     "/a/..",  "/../a",  "/a/../b", "/%2e/a",  "/a/%2e%2E",
					     "/a%2fb", "/a%2Fb", "/%00",    "/a%00",   "/%0a",
					     "/%7f",   "/%1F",   "/%ff",    "/%c0%af", "/%ed%a0%80",
					     "/%",     "/%4",    "/%4g",    "/%zz",    "/a%" };

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		ck_assert_msg(!reads(wrong[i]), "%s", wrong[i]);
		ck_assert_ptr_nonnull(why);
	}
}
END_TEST

START_TEST(queries_keep_order_and_repetition)
{
	ck_assert(reads("/x?b=1&a=2&b=3"));
	ck_assert_uint_eq(target.parameter_count, 3);
	ck_assert(parameter_is(0, "b", "1") && parameter_is(1, "a", "2") && parameter_is(2, "b", "3"));
}
END_TEST

START_TEST(names_and_values_are_decoded)
{
	ck_assert(reads("/x?n%61me=a+b%2Bc%26d%3De&f==&g&=h"));
	ck_assert_uint_eq(target.parameter_count, 4);
	ck_assert(parameter_is(0, "name", "a b+c&d=e"));
	ck_assert(parameter_is(1, "f", "="));
	ck_assert(parameter_is(2, "g", ""));
	ck_assert(parameter_is(3, "", "h"));
	ck_assert(reads("/x?a=/?//..%2f%0a%7f"));
	ck_assert(parameter_is(0, "a", "/?//../\n\x7f"));
}
END_TEST

START_TEST(empty_parts_of_a_query_are_nothing)
{
	ck_assert(reads("/x?&&a=1&&"));
	ck_assert_uint_eq(target.parameter_count, 1);
	ck_assert(parameter_is(0, "a", "1"));
}
END_TEST

START_TEST(queries_that_are_no_text_are_refused)
{
	static const char *const wrong[] = { "/x?a=%00", "/x?%00=a", "/x?a=%ff",  "/x?a=%ed%a0%80", "/x?a=%",
					     "/x?a=%4",  "/x?%4",    "/x?a=%4&b", "/x?a=%zz",       "/x?a=%%41" };

	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		ck_assert_msg(!reads(wrong[i]), "%s", wrong[i]);
}
END_TEST

static const char *with_parameters(int count)
{
	struct buf sent;
	const char *text;

	buf_init(&sent);
	buf_string(&sent, "/x?");
	for (int i = 0; i < count; i++)
		buf_string(&sent, "&&a=1");
	text = arena_copy(arena, sent.bytes, sent.length);
	buf_done(&sent);
	return text;
}

START_TEST(a_query_has_a_hundred_parameters_at_most)
{
	ck_assert(reads(with_parameters(TARGET_PARAMETERS_MAX)));
	ck_assert_uint_eq(target.parameter_count, TARGET_PARAMETERS_MAX);
	ck_assert(!reads(with_parameters(TARGET_PARAMETERS_MAX + 1)));
	ck_assert_str_eq(why, "more than 100 parameters in the query");
}
END_TEST

UNIT_SUITE(http_target)
{
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, paths_are_decoded);
	tcase_add_test(tests, paths_that_mean_something_else_to_others_are_refused);
	tcase_add_test(tests, queries_keep_order_and_repetition);
	tcase_add_test(tests, names_and_values_are_decoded);
	tcase_add_test(tests, empty_parts_of_a_query_are_nothing);
	tcase_add_test(tests, queries_that_are_no_text_are_refused);
	tcase_add_test(tests, a_query_has_a_hundred_parameters_at_most);
}
