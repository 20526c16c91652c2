/* Bodies of many rows: cut where they have to be cut, and a list that is not JSON is never taken for one that is. */
#include "api/internal.h"
#include "base/rng.h"
#include "http/json.h"
#include "unit/unit.h"

#include <json-c/json.h>

static struct arena *arena;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(&arena);
}

/* Rows between bars, and how it ended. */
static const char *rows_of(const char *body, bool is_ndjson)
{
	struct bulk bulk = bulk_open(text_of(body), is_ndjson);
	struct bulk_row row;
	enum bulk_next next;
	const char *rows;
	struct buf out;

	buf_init(&out);
	while ((next = bulk_next(&bulk, &row)) == BULK_ROW) {
		buf_text(&out, row.text);
		buf_char(&out, '|');
	}
	buf_string(&out, next == BULK_END ? "end" : "broken");
	rows = arena_copy(arena, out.bytes, out.length);
	buf_done(&out);
	return rows;
}

static void assert_list(const char *body, const char *wanted)
{
	ck_assert_str_eq(rows_of(body, false), wanted);
}

START_TEST(a_list_is_cut_at_its_own_commas)
{
	assert_list("[]", "end");
	assert_list(" \r\n[ \t] \n", "end");
	assert_list("[{}]", "{}|end");
	assert_list("[{\"a\":[1,2]} , {\"b\" : {\"c\":[{},[]]}}\n,3]", "{\"a\":[1,2]}|{\"b\" : {\"c\":[{},[]]}}|3|end");
	assert_list("[[1,[2]],null,true,\"x\"]", "[1,[2]]|null|true|\"x\"|end");
}
END_TEST

START_TEST(texts_hide_what_is_in_them)
{
	assert_list("[\"],[{\",\"a\\\"]\",\"\\\\\"]", "\"],[{\"|\"a\\\"]\"|\"\\\\\"|end");
	assert_list("[{\"\\\"}\":\"]\"},1]", "{\"\\\"}\":\"]\"}|1|end");
}
END_TEST

START_TEST(what_is_no_list_is_broken)
{
	static const char *const bodies[] = { "",      " ",     "{}",    "1",      "]",    "[",
					      "[1",    "[1,",   "[,1]",  "[1,,2]", "[1,]", "[]]",
					      "[1] 2", "[] []", "[\"a]", "[\"a\\", "[{]",  "[}" };

	for (size_t i = 0; i < COUNT_OF(bodies); i++)
		ck_assert_msg(strstr(rows_of(bodies[i], false), "broken"), "%s: %s", bodies[i],
			      rows_of(bodies[i], false));
}
END_TEST

START_TEST(the_depth_of_an_item_is_told)
{
	struct bulk bulk = bulk_open(TEXT("[1,{},[[{}]],{\"a\":\"[[[\"}]"), false);
	static const int wanted[] = { 0, 1, 3, 1 };
	struct bulk_row row;

	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		ck_assert_int_eq(bulk_next(&bulk, &row), BULK_ROW);
		ck_assert_int_eq(row.depth, wanted[i]);
	}
	ck_assert_int_eq(bulk_next(&bulk, &row), BULK_END);
}
END_TEST

START_TEST(lines_are_rows)
{
	ck_assert_str_eq(rows_of("", true), "end");
	ck_assert_str_eq(rows_of("\n\r\n \t\r\n", true), "end");
	ck_assert_str_eq(rows_of("{}", true), "{}|end");
	ck_assert_str_eq(rows_of("{}\n", true), "{}|end");
	ck_assert_str_eq(rows_of("{\"a\":1}\r\n\r\n  {\"b\":2} \r\nnonsense\n", true),
			 "{\"a\":1}|{\"b\":2}|nonsense|end");
	ck_assert_str_eq(rows_of("[{}\n,{}]", true), "[{}|,{}]|end");
}
END_TEST

/* Whether the body was cut into rows that are all JSON; how many. */
static bool cuts_well(struct text body, size_t *count_out)
{
	struct bulk bulk = bulk_open(body, false);
	struct bulk_row row;
	enum bulk_next next;

	*count_out = 0;
	while ((next = bulk_next(&bulk, &row)) == BULK_ROW) {
		const char *malformed = NULL;

		if (!json_check(row.text, faults_new(arena), &malformed))
			return false;
		++*count_out;
	}
	return next == BULK_END;
}

static void assert_agrees(struct text body)
{
	const char *malformed = NULL;
	bool is_json = json_check(body, faults_new(arena), &malformed);
	struct json_object *json = NULL;
	size_t count;
	bool cuts = cuts_well(body, &count);

	if (is_json)
		json = json_read(body, faults_new(arena), &malformed);
	ck_assert_msg(cuts == (is_json && json_object_is_type(json, json_type_array)), "%.*s", (int)body.length,
		      body.at);
	if (cuts)
		ck_assert_uint_eq(count, json_object_array_length(json));
	json_object_put(json);
}

/* Random texts of JSON's own signs, many of them near misses. */
START_TEST(what_it_cuts_well_is_json_and_the_other_way_round)
{
	static const char *const pieces[] = { "{",      "}", "[",    "]",  ",",  ":",     "\"",        "\\",
					      "\"a\":", "1", " ",    "{}", "[]", "\"x\"", "{\"a\":1}", "{\"a\":[1,{}]}",
					      "null",   ",", "\\\"", "\n" };
	struct rng rng;
	struct buf body;

	rng_seed(&rng, 7);
	buf_init(&body);
	for (int i = 0; i < 100000; i++) {
		size_t count = rng_below(&rng, 7);

		buf_clear(&body);
		buf_char(&body, '[');
		for (size_t k = 0; k < count; k++)
			buf_string(&body, pieces[rng_below(&rng, COUNT_OF(pieces))]);
		buf_char(&body, ']');
		assert_agrees((struct text){ body.bytes, body.length });
		if (i % 1000 == 0) {
			arena_free(&arena);
			arena = arena_new();
		}
	}
	buf_done(&body);
}
END_TEST

UNIT_SUITE(bulk)
{
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_list_is_cut_at_its_own_commas);
	tcase_add_test(tests, texts_hide_what_is_in_them);
	tcase_add_test(tests, what_is_no_list_is_broken);
	tcase_add_test(tests, the_depth_of_an_item_is_told);
	tcase_add_test(tests, lines_are_rows);
	tcase_add_test(tests, what_it_cuts_well_is_json_and_the_other_way_round);
}
