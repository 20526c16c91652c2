/* Cursors of lists: what a client may send back, and whatever else it may send instead. */
#include "api/internal.h"
#include "base/mem.h"
#include "base/rng.h"
#include "unit/unit.h"

#include <string.h>

static const char *const lists[] = { "operators", "sources", "leads", "contacts", "contacts-waiting", "l" };

static struct arena *arena;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(&arena);
}

static int64_t read_token(const char *list, const char *token)
{
	return cursor_read(list, text_of(token));
}

START_TEST(a_cursor_is_read_back)
{
	static const int64_t ids[] = { 1, 9, 10, 42, 1000000, (int64_t)1 << 32, INT64_MAX - 1, INT64_MAX };

	for (size_t i = 0; i < COUNT_OF(lists); i++)
		for (size_t k = 0; k < COUNT_OF(ids); k++)
			ck_assert_int_eq(read_token(lists[i], cursor_print(arena, lists[i], ids[k])), ids[k]);
}
END_TEST

START_TEST(the_longest_cursor_of_each_endpoint_is_read_back)
{
	for (const struct route *route = api_routes; route->path; route++) {
		const char *list = ((const struct endpoint *)route->about)->list;

		for (size_t name; list && *list; list += name + (list[name] == '|')) {
			const char *one = arena_copy(arena, list, name = strcspn(list, "|"));

			ck_assert_int_eq(read_token(list, cursor_print(arena, one, INT64_MAX)), INT64_MAX);
		}
	}
}
END_TEST

START_TEST(a_cursor_of_either_list_is_read_where_both_are_taken)
{
	ck_assert_int_eq(read_token("leads|sources", cursor_print(arena, "leads", 7)), 7);
	ck_assert_int_eq(read_token("leads|sources", cursor_print(arena, "sources", 8)), 8);
	ck_assert_int_eq(read_token("leads|sources", cursor_print(arena, "operators", 7)), 0);
	ck_assert_int_eq(read_token("leads|sources", cursor_print(arena, "leads|sources", 7)), 0);
	ck_assert_int_eq(read_token("leads|sources", cursor_print(arena, "lead", 7)), 0);
	ck_assert_int_eq(read_token("leads|sources", cursor_print(arena, "", 7)), 0);
}
END_TEST

START_TEST(any_id_is_read_back)
{
	struct rng rng;

	rng_seed(&rng, 4);
	for (int i = 0; i < 20000; i++) {
		int64_t id = (int64_t)(rng_next(&rng) >> (1 + rng_below(&rng, 62))) | 1;
		const char *list = lists[rng_below(&rng, COUNT_OF(lists))];

		ck_assert_int_eq(read_token(list, cursor_print(arena, list, id)), id);
	}
}
END_TEST

START_TEST(a_cursor_needs_no_escapes_in_a_url)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	for (int64_t id = 1; id < 5000; id++) {
		const char *token = cursor_print(arena, "operators", id);

		ck_assert_uint_eq(strspn(token, safe), strlen(token));
	}
}
END_TEST

START_TEST(a_cursor_of_another_list_is_none)
{
	for (size_t i = 0; i < COUNT_OF(lists); i++)
		for (size_t k = 0; k < COUNT_OF(lists); k++)
			if (i != k)
				ck_assert_int_eq(read_token(lists[i], cursor_print(arena, lists[k], 7)), 0);
}
END_TEST

START_TEST(an_id_that_is_none_is_refused)
{
	ck_assert_int_eq(read_token("operators", cursor_print(arena, "operators", 0)), 0);
	ck_assert_int_eq(read_token("operators", cursor_print(arena, "operators", -5)), 0);
	ck_assert_int_eq(read_token("operators", cursor_print(arena, "operators", INT64_MIN)), 0);
	ck_assert_int_eq(read_token("operators", cursor_print(arena, "operators:1", 7)), 0);
}
END_TEST

START_TEST(a_forged_cursor_is_refused)
{
	static const char *const tokens[] = {
		"b3BlcmF0b3JzOg",                          /* operators: */
		"b3BlcmF0b3Jz",                            /* operators */
		"b3BlcmF0b3JzOjA",                         /* operators:0 */
		"b3BlcmF0b3JzOjA3",                        /* operators:07 */
		"b3BlcmF0b3JzOi03",                        /* operators:-7 */
		"b3BlcmF0b3JzOis3",                        /* operators:+7 */
		"b3BlcmF0b3JzOiA3",                        /* operators: 7 */
		"b3BlcmF0b3JzOjcg",                        /* operators:7 and a blank */
		"b3BlcmF0b3JzOjcA",                        /* operators:7 and a NUL */
		"b3BlcmF0b3JzOjdlMQ",                      /* operators:7e1 */
		"b3BlcmF0b3JzOjkyMjMzNzIwMzY4NTQ3NzU4MDg", /* operators:9223372036854775808 */
		"T3BlcmF0b3JzOjc",                         /* Operators:7 */
		"b3BlcmF0b3JzOjd",                         /* operators:7 with bits behind its end */
		"b3BlcmF0b3JzOjc=",                        /* and with padding */
		" b3BlcmF0b3JzOjc",
		"b3BlcmF0b3JzOjc ",
		"b3BlcmF0b3JzOjc\n",
		"b3BlcmF0\nb3JzOjc",
	};

	ck_assert_int_eq(read_token("operators", "b3BlcmF0b3JzOjc"), 7);
	for (size_t i = 0; i < COUNT_OF(tokens); i++)
		ck_assert_msg(read_token("operators", tokens[i]) == 0, "%s", tokens[i]);
}
END_TEST

START_TEST(what_is_no_base64_is_refused)
{
	static const char *const tokens[] = {
		"",  "=",    "==",       "===",    "====", "a",  "-", "_", "operators:7",
		"7", "null", "\xc3\xa4", "%62%33", " ",    "\n",
	};

	for (size_t i = 0; i < COUNT_OF(tokens); i++)
		ck_assert_msg(read_token("operators", tokens[i]) == 0, "\"%s\"", tokens[i]);
	ck_assert_int_eq(cursor_read("operators", (struct text){ 0 }), 0);
	ck_assert_int_eq(cursor_read("operators", TEXT("b3BlcmF0b3JzOjc\0")), 0);
}
END_TEST

START_TEST(tokens_of_any_length_are_survived)
{
	for (size_t length = 0; length < 300; length++) {
		char *token = mem_alloc(length, 1);

		memset(token, 'b', length);
		ck_assert_int_eq(cursor_read("operators", (struct text){ token, length }), 0);
		mem_free(token);
	}
}
END_TEST

/* A cut token may name a smaller id of the same list, never anything else. */
START_TEST(a_cut_token_gives_a_beginning_of_its_id_or_nothing)
{
	const char *token = cursor_print(arena, "operators", 1234567);

	for (size_t length = 0; length < strlen(token); length++) {
		int64_t id = cursor_read("operators", (struct text){ token, length });

		ck_assert(id == 0 || id == 1 || id == 12 || id == 123 || id == 1234 || id == 12345 || id == 123456);
	}
}
END_TEST

START_TEST(only_the_token_that_is_printed_for_an_id_is_taken)
{
	struct rng rng;

	rng_seed(&rng, 5);
	for (int i = 0; i < 100000; i++) {
		char token[64];
		struct text text = text_of(cursor_print(arena, "operators", (int64_t)rng_below(&rng, 1000000) + 1));
		int64_t id;

		memcpy(token, text.at, text.length);
		token[rng_below(&rng, text.length)] = (char)rng_below(&rng, 256);
		text.at = token;
		id = cursor_read("operators", text);
		ck_assert_int_ge(id, 0);
		if (id > 0)
			ck_assert(text_equals(text, text_of(cursor_print(arena, "operators", id))));
		ck_assert_int_eq(cursor_read("sources", text), 0);
		if (i % 1000 == 0) {
			arena_free(&arena);
			arena = arena_new();
		}
	}
}
END_TEST

START_TEST(random_bytes_are_no_cursor)
{
	struct rng rng;

	rng_seed(&rng, 6);
	for (int i = 0; i < 100000; i++) {
		size_t length = rng_below(&rng, 80);
		char *token = mem_alloc(length, 1); /* of that size, so that sanitizers see reading too far */

		for (size_t k = 0; k < length; k++)
			token[k] = (char)rng_below(&rng, 256);
		ck_assert_int_eq(cursor_read("leads", (struct text){ token, length }), 0);
		mem_free(token);
	}
}
END_TEST

START_TEST(random_base64_is_no_cursor)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=\n\r ";
	struct rng rng;

	rng_seed(&rng, 7);
	for (int i = 0; i < 100000; i++) {
		size_t length = rng_below(&rng, 70);
		char *token = mem_alloc(length, 1);

		for (size_t k = 0; k < length; k++)
			token[k] = digits[rng_below(&rng, sizeof(digits) - 1)];
		ck_assert_int_eq(cursor_read("leads", (struct text){ token, length }), 0);
		mem_free(token);
	}
}
END_TEST

UNIT_SUITE(cursor)
{
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_cursor_is_read_back);
	tcase_add_test(tests, the_longest_cursor_of_each_endpoint_is_read_back);
	tcase_add_test(tests, a_cursor_of_either_list_is_read_where_both_are_taken);
	tcase_add_test(tests, any_id_is_read_back);
	tcase_add_test(tests, a_cursor_needs_no_escapes_in_a_url);
	tcase_add_test(tests, a_cursor_of_another_list_is_none);
	tcase_add_test(tests, an_id_that_is_none_is_refused);
	tcase_add_test(tests, a_forged_cursor_is_refused);
	tcase_add_test(tests, what_is_no_base64_is_refused);
	tcase_add_test(tests, tokens_of_any_length_are_survived);
	tcase_add_test(tests, a_cut_token_gives_a_beginning_of_its_id_or_nothing);
	tcase_add_test(tests, only_the_token_that_is_printed_for_an_id_is_taken);
	tcase_add_test(tests, random_bytes_are_no_cursor);
	tcase_add_test(tests, random_base64_is_no_cursor);
}
