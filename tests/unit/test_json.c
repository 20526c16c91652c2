/* What is JSON, what of it we can hold, and that json-c agrees with every text that passes. */
#include "base/rng.h"
#include "http/json.h"
#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MUTATIONS = 60000, MANY_MEMBERS = 20000 };

static struct arena *arena;
static struct faults *faults;
static const char *malformed;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(&arena);
}

static bool checks(struct text text)
{
	malformed = NULL;
	faults = faults_new(arena);
	return json_check(text, faults, &malformed);
}

static void expect_sound(const char *text)
{
	struct json_object *object;

	ck_assert_msg(checks(text_of(text)), "%s: %s", text, malformed);
	ck_assert_msg(faults->count == 0, "%s: %s %s", text, faults->items[0].field, faults->items[0].message);
	object = json_read(text_of(text), faults, &malformed);
	ck_assert_msg(object != NULL, "json-c: %s", text);
	json_free(&object);
}

static void expect_malformed(struct text text)
{
	ck_assert_msg(!checks(text), "%.*s", (int)text.length, text.at);
	ck_assert_ptr_nonnull(malformed);
	ck_assert_msg(strncmp(malformed, "byte ", 5) == 0, "%s", malformed);
}

/* It is JSON, with exactly one fault, there. */
static void expect_fault(const char *text, const char *field)
{
	struct json_object *object;

	ck_assert_msg(checks(text_of(text)), "%s: %s", text, malformed);
	ck_assert_msg(faults->count == 1 && strcmp(faults->items[0].field, field) == 0, "%s: %zu faults, the first %s",
		      text, faults->count, faults->count ? faults->items[0].field : "");
	object = json_read(text_of(text), faults, &malformed);
	ck_assert_ptr_null(malformed);
	json_free(&object);
}

START_TEST(json_of_all_kinds_is_taken)
{
	static const char *const sound[] = {
		"{}",
		"[]",
		" \t\r\n{ } \n",
		"1",
		"-1",
		"0",
		"-0.0",
		"1.5e+10",
		"1E5",
		"0e0",
		"true",
		"[null,false]",
		"\"\"",
		"\"\\u0041\"",
		"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",
		"{\"\": 1}",
		"[1 , 2]",
		"{\"a\":{\"a\":{}}}",
		"[[],[[]]]",
		"\"\\ud83d\\ude42\"",
		"[9223372036854775807,-9223372036854775808]",
		"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82\x7f\"",
		"[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]",
		"1.7976931348623157e308",
		"5e-324",
	};

	for (size_t i = 0; i < COUNT_OF(sound); i++)
		expect_sound(sound[i]);
}
END_TEST

START_TEST(what_is_not_json_is_told)
{
	static const struct text broken[] = {
		TEXT(""),
		TEXT(" "),
		TEXT("{"),
		TEXT("}"),
		TEXT("["),
		TEXT("]"),
		TEXT("{]"),
		TEXT("[}"),
		TEXT("[1,]"),
		TEXT("[,1]"),
		TEXT("[1 2]"),
		TEXT("{,}"),
		TEXT("{\"a\"}"),
		TEXT("{\"a\":}"),
		TEXT("{\"a\":1,}"),
		TEXT("{a:1}"),
		TEXT("{'a':1}"),
		TEXT("{1:1}"),
		TEXT("{}{}"),
		TEXT("{} x"),
		TEXT("{}\0"),
		TEXT("\0"),
		TEXT("nul"),
		TEXT("nulll"),
		TEXT("True"),
		TEXT("NaN"),
		TEXT("Infinity"),
		TEXT("-Infinity"),
		TEXT("01"),
		TEXT("-01"),
		TEXT("1."),
		TEXT(".5"),
		TEXT("+1"),
		TEXT("-"),
		TEXT("1e"),
		TEXT("1e+"),
		TEXT("0x1"),
		TEXT("1.e5"),
		TEXT("--1"),
		TEXT("\""),
		TEXT("\"\\"),
		TEXT("\"\\\""),
		TEXT("\"\\x\""),
		TEXT("\"\\u12\""),
		TEXT("\"\\u12g4\""),
		TEXT("\"\\u\""),
		TEXT("\"a\nb\""),
		TEXT("\"a\0b\""),
		TEXT("\"a\x1f\""),
		TEXT("\"\xff\""),
		TEXT("\"\xc0\xaf\""),
		TEXT("\"\xc3\""),
		TEXT("\"\xe0\x80\xaf\""),
		TEXT("\"\xed\xa0\x80\""),
		TEXT("\"\xf4\x90\x80\x80\""),
		TEXT("\"\xf0\x80\x80\xaf\""),
		TEXT("\"\x80\""),
		TEXT("/**/1"),
		TEXT("1 // x"),
		TEXT("\xef\xbb\xbf{}"),
		TEXT("1\v"),
		TEXT("1\xc2\xa0"),
		TEXT("{\"\xff\":1}"),
		TEXT("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"),
	};

	for (size_t i = 0; i < COUNT_OF(broken); i++)
		expect_malformed(broken[i]);
	expect_malformed((struct text){ NULL, 0 });
	checks(TEXT("{\"name\" 1}"));
	ck_assert_str_eq(malformed, "byte 8: expected ':' after a name");
}
END_TEST

START_TEST(depth_is_bounded_whatever_is_sent)
{
	size_t depth = 1000000;
	char *deep = malloc(depth);

	memset(deep, '[', depth);
	expect_malformed((struct text){ deep, depth });
	free(deep);
}
END_TEST

START_TEST(members_given_twice_are_faults)
{
	expect_fault("{\"a\": 1, \"b\": 2, \"a\": 1}", "a");
	expect_fault("{\"a\": 1, \"\\u0061\": 2}", "a");
	expect_fault("{\"\": 1, \"\": 2}", "");
	expect_fault("{\"x\": [{}, {\"a\": {\"b\": 1, \"b\": 1}}]}", "x[1].a.b");
	expect_fault("[{\"a\": 1}, {\"a\": 1}, {\"a\": {\"a\": 1}, \"a\": 2}]", "[2].a");
	expect_sound("{\"a\": {\"b\": 1}, \"b\": {\"b\": 1}, \"A\": 1, \"a \": 1}");
}
END_TEST

START_TEST(zero_characters_are_faults)
{
	expect_fault("{\"a\": \"x\\u0000\"}", "a");
	expect_fault("[\"\\u0000\"]", "[0]");
	expect_fault("{\"a\\u0000b\": 1}", "a?b");
	expect_fault("\"\\u0000\"", "");
}
END_TEST

START_TEST(halves_of_surrogate_pairs_are_faults)
{
	expect_fault("\"\\ud800\"", "");
	expect_fault("\"\\udfff\"", "");
	expect_fault("\"\\ud800\\ud800\"", "");
	expect_fault("\"\\ude42\\ud83d\"", "");
	expect_fault("\"\\ud83dx\"", "");
	expect_fault("\"\\ud83d\\u0041\"", "");
	expect_fault("{\"\\ud800\": {}}", "\xef\xbf\xbd");
}
END_TEST

START_TEST(numbers_that_cannot_be_held_are_faults)
{
	char digits[400];

	expect_fault("[9223372036854775808]", "[0]");
	expect_fault("[-9223372036854775809]", "[0]");
	expect_fault("{\"a\": 123456789012345678901234567890}", "a");
	expect_fault("1e400", "");
	expect_fault("-1e400", "");
	expect_fault("1e-400", "");
	expect_fault("1e99999999999", "");
	expect_sound("0e99999999999");
	expect_sound("0.0e-400");
	snprintf(digits, sizeof(digits), "0.%0*d", JSON_NUMBER_CHARACTERS_MAX - 2, 1);
	expect_sound("0.00000000000000000001");
	ck_assert(checks(text_of(digits)));
	snprintf(digits, sizeof(digits), "1.%0*d", JSON_NUMBER_CHARACTERS_MAX - 1, 0);
	expect_fault(digits, "");
}
END_TEST

START_TEST(null_alone_is_no_object)
{
	faults = faults_new(arena);
	ck_assert_ptr_null(json_read(TEXT("null"), faults, &malformed));
	ck_assert_ptr_null(malformed);
	ck_assert_uint_eq(faults->count, 1);
}
END_TEST

START_TEST(names_in_paths_are_cut_between_characters)
{
	struct buf text;

	buf_init(&text);
	buf_string(&text, "{\"");
	for (int i = 0; i < 100; i++)
		buf_string(&text, "\xe2\x82\xac");
	buf_string(&text, "\": \"\\u0000\"}");
	ck_assert(checks((struct text){ text.bytes, text.length }));
	ck_assert_uint_eq(strlen(faults->items[0].field), 21 * 3 + 3);
	buf_done(&text);
}
END_TEST

/* Ten times the members may take some ten times as long, not a hundred times. */
START_TEST(many_members_take_no_quadratic_time)
{
	struct buf text;
	clock_t started;

	buf_init(&text);
	for (int twice = 0; twice < 2; twice++) {
		for (int i = 0; i < MANY_MEMBERS; i++)
			buf_printf(&text, "%s\"member%07d\": 1", text.length ? "," : "{", i * 7919 % MANY_MEMBERS);
	}
	buf_char(&text, '}');
	started = clock();
	ck_assert(checks((struct text){ text.bytes, text.length }));
	ck_assert_uint_eq(faults->count, MANY_MEMBERS);
	ck_assert_msg(clock() - started < CLOCKS_PER_SEC, "%ld", (long)(clock() - started));
	buf_done(&text);
}
END_TEST

/* One random change of a text that is JSON. */
static size_t mutate(struct rng *rng, char *text, size_t length)
{
	static const char likely[] = "{}[]\",:\\ue+-.0123456789abdtfn \n\xc3\xe2\x80";
	size_t at = rng_below(rng, length);

	switch (rng_below(rng, 3)) {
	case 0:
		text[at] = likely[rng_below(rng, sizeof(likely))];
		return length;
	case 1:
		memmove(text + at, text + at + 1, length - at - 1);
		return length - 1;
	default:
		memmove(text + at + 1, text + at, length - at);
		text[at] = likely[rng_below(rng, sizeof(likely))];
		return length + 1;
	}
}

START_TEST(what_passes_the_check_passes_json_c)
{
	static const char *const seeds[] = {
		"{\"name\": \"x\\u00e9\", \"n\": [1, -2.5e3, 0.1, 12345678901], \"o\": {\"a\": true, \"b\": null, "
		"\"c\": false}}",
		"[\"\\ud83d\\ude42\", \"\xe2\x82\xac\", {}, [], -0, 1E5, \"\\\\\\\"\\/\"]",
		"{\"lead_external_id\": \"+7 900\", \"source_id\": 15, \"payload\": {\"utm\": [\"a\", \"b\"]}}",
	};
	struct rng rng;
	int passed = 0;

	rng_seed(&rng, 20);
	for (int i = 0; i < MUTATIONS; i++) {
		char text[200];
		size_t length = strlen(seeds[i % 3]);
		struct json_object *object;

		memcpy(text, seeds[i % 3], length);
		for (uint64_t changes = rng_below(&rng, 4); changes > 0; changes--)
			length = mutate(&rng, text, length);
		if (i % 1000 == 0) {
			arena_free(&arena);
			arena = arena_new();
		}
		if (!checks((struct text){ text, length }) || faults->count)
			continue;
		object = json_read((struct text){ text, length }, faults, &malformed);
		ck_assert_msg(object || faults->count, "%.*s: %s", (int)length, text, malformed);
		json_free(&object);
		passed++;
	}
	ck_assert_int_gt(passed, MUTATIONS / 10);
}
END_TEST

UNIT_SUITE(json)
{
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, json_of_all_kinds_is_taken);
	tcase_add_test(tests, what_is_not_json_is_told);
	tcase_add_test(tests, depth_is_bounded_whatever_is_sent);
	tcase_add_test(tests, members_given_twice_are_faults);
	tcase_add_test(tests, zero_characters_are_faults);
	tcase_add_test(tests, halves_of_surrogate_pairs_are_faults);
	tcase_add_test(tests, numbers_that_cannot_be_held_are_faults);
	tcase_add_test(tests, null_alone_is_no_object);
	tcase_add_test(tests, names_in_paths_are_cut_between_characters);
	tcase_add_test(tests, many_members_take_no_quadratic_time);
	tcase_add_test(tests, what_passes_the_check_passes_json_c);
}
