/* Which row of the table serves a path, and what the others are told. */
#include "http/router.h"
#include "unit/unit.h"

#include <stdio.h>

static void nothing(struct request *request)
{
	(void)request;
}

/* A row that is recognised by its role. */
#define ROW(row_method, row_path, row_role)                                                                            \
	{                                                                                                              \
		.method = (row_method), .path = (row_path), .handle = nothing, .roles = (row_role)                     \
	}

static const struct route routes[] = {
	ROW(HTTP_GET, "/", 1),
	ROW(HTTP_GET, "/items/", 2),
	ROW(HTTP_POST, "/items/", 3),
	ROW(HTTP_POST, "/items/batch", 4),
	ROW(HTTP_GET, "/items/{id}", 5),
	ROW(HTTP_DELETE, "/items/{id}", 6),
	ROW(HTTP_PUT, "/items/{id}/parts/{part}", 7),
	ROW(HTTP_GET, "/files/{name:text}", 8),
	ROW(HTTP_GET, "/files/{number}", 9),
	ROW(HTTP_GET, "/files/known", 10),
	ROW(HTTP_POST, "/files/{name:text}", 11),
	ROW(HTTP_GET, "/both/{name:text}/x", 12),
	ROW(HTTP_GET, "/both/literal/{name:text}", 13),
	ROW(HTTP_GET, "/health/live", 14),
	{ .path = NULL },
};

static int found(enum http_method method, const char *path)
{
	const struct route *route = router_find(routes, method, path).route;

	return route ? (int)route->roles : 0;
}

START_TEST(a_path_is_served_with_and_without_its_slash)
{
	ck_assert_int_eq(found(HTTP_GET, "/"), 1);
	ck_assert_int_eq(found(HTTP_GET, "/items/"), 2);
	ck_assert_int_eq(found(HTTP_GET, "/items"), 2);
	ck_assert_int_eq(found(HTTP_GET, "/items/7"), 5);
	ck_assert_int_eq(found(HTTP_GET, "/items/7/"), 5);
	ck_assert_int_eq(found(HTTP_GET, "/health/live/"), 14);
}
END_TEST

START_TEST(rows_of_one_path_differ_in_method)
{
	ck_assert_int_eq(found(HTTP_POST, "/items/"), 3);
	ck_assert_int_eq(found(HTTP_DELETE, "/items/7"), 6);
	ck_assert_int_eq(found(HTTP_PUT, "/items/7/parts/8/"), 7);
	ck_assert_int_eq(found(HTTP_PATCH, "/items/7"), 0);
}
END_TEST

START_TEST(get_serves_head)
{
	ck_assert_int_eq(found(HTTP_HEAD, "/items/7"), 5);
	ck_assert_int_eq(found(HTTP_HEAD, "/items/batch"), 0);
}
END_TEST

START_TEST(numbers_are_positive_and_have_63_bits)
{
	static const char *const wrong[] = { "/items/0",
					     "/items/-1",
					     "/items/+1",
					     "/items/01",
					     "/items/1.0",
					     "/items/1e1",
					     "/items/ 1",
					     "/items/1 ",
					     "/items/x",
					     "/items/1x",
					     "/items/0x1",
					     "/items/9223372036854775808",
					     "/items/99999999999999999999999999999999",
					     "/items/\xd9\xa1" };

	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		ck_assert_msg(router_find(routes, HTTP_GET, wrong[i]).allowed == 0, "%s", wrong[i]);
	ck_assert_int_eq(router_find(routes, HTTP_GET, "/items/9223372036854775807").numbers[0], INT64_MAX);
	ck_assert_int_eq(router_find(routes, HTTP_GET, "/items/1").numbers[0], 1);
}
END_TEST

START_TEST(numbers_come_in_the_order_of_the_path)
{
	struct route_match match = router_find(routes, HTTP_PUT, "/items/12/parts/34");

	ck_assert_int_eq(match.number_count, 2);
	ck_assert_int_eq(match.numbers[0], 12);
	ck_assert_int_eq(match.numbers[1], 34);
}
END_TEST

START_TEST(a_literal_beats_a_number_and_a_number_beats_a_text)
{
	ck_assert_int_eq(found(HTTP_GET, "/files/known"), 10);
	ck_assert_int_eq(found(HTTP_GET, "/files/12"), 9);
	ck_assert_int_eq(found(HTTP_GET, "/files/other"), 8);
	ck_assert_int_eq(found(HTTP_POST, "/files/other"), 11);
	ck_assert_int_eq(found(HTTP_GET, "/both/literal/x"), 13);
	ck_assert_int_eq(found(HTTP_GET, "/both/other/x"), 12);
}
END_TEST

START_TEST(texts_are_one_whole_segment)
{
	struct route_match match = router_find(routes, HTTP_GET, "/files/a b.\xc3\xa9/");

	ck_assert_int_eq(match.text_count, 1);
	ck_assert(text_equals(match.texts[0], TEXT("a b.\xc3\xa9")));
	ck_assert_int_eq(found(HTTP_GET, "/files/a/b"), 0);
	ck_assert_int_eq(found(HTTP_GET, "/files/"), 0);
}
END_TEST

START_TEST(unknown_paths_allow_nothing)
{
	static const char *const unknown[] = { "/item",          "/itemsx",     "/items/batchx",
					       "/items/7/parts", "/items/7/x",  "/x",
					       "/health",        "/health/liv", "/health/livex",
					       "/health/live/x", "/ITEMS",      "/items/7/parts/8/9" };

	for (size_t i = 0; i < COUNT_OF(unknown); i++)
		ck_assert_msg(router_find(routes, HTTP_GET, unknown[i]).allowed == 0, "%s", unknown[i]);
}
END_TEST

START_TEST(known_paths_tell_their_methods)
{
	ck_assert_uint_eq(router_find(routes, HTTP_PATCH, "/items").allowed,
			  HTTP_GET | HTTP_HEAD | HTTP_POST | HTTP_OPTIONS);
	ck_assert_uint_eq(router_find(routes, HTTP_OPTIONS, "/items/batch/").allowed, HTTP_POST | HTTP_OPTIONS);
	ck_assert_uint_eq(router_find(routes, 0, "/items/5").allowed,
			  HTTP_GET | HTTP_HEAD | HTTP_DELETE | HTTP_OPTIONS);
	ck_assert_uint_eq(router_find(routes, HTTP_GET, "/files/known").allowed, HTTP_GET | HTTP_HEAD | HTTP_OPTIONS);
}
END_TEST

UNIT_SUITE(router)
{
	tcase_add_test(tests, a_path_is_served_with_and_without_its_slash);
	tcase_add_test(tests, rows_of_one_path_differ_in_method);
	tcase_add_test(tests, get_serves_head);
	tcase_add_test(tests, numbers_are_positive_and_have_63_bits);
	tcase_add_test(tests, numbers_come_in_the_order_of_the_path);
	tcase_add_test(tests, a_literal_beats_a_number_and_a_number_beats_a_text);
	tcase_add_test(tests, texts_are_one_whole_segment);
	tcase_add_test(tests, unknown_paths_allow_nothing);
	tcase_add_test(tests, known_paths_tell_their_methods);
}
