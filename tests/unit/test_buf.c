/* The only builder of strings: growth, numbers, JSON strings. */
#include "base/buf.h"
#include "base/rng.h"
#include "unit/unit.h"

#include <inttypes.h>
#include <stdio.h>

/* What a buffer holds after one call on an empty one, checked for its length and its NUL. */
static void assert_holds(struct buf *buf, const char *wanted, size_t length)
{
	ck_assert_uint_eq(buf->length, length);
	ck_assert_mem_eq(buf->bytes, wanted, length);
	ck_assert_int_eq(buf->bytes[length], '\0');
	if (length)
		ck_assert_uint_lt(length, buf->capacity);
	buf_clear(buf);
}

static void assert_json(struct text text, const char *wanted)
{
	struct buf buf;

	buf_init(&buf);
	buf_json(&buf, text);
	assert_holds(&buf, wanted, strlen(wanted));
	buf_done(&buf);
}

static void assert_int(int64_t number, const char *wanted)
{
	struct buf buf;

	buf_init(&buf);
	buf_int(&buf, number);
	assert_holds(&buf, wanted, strlen(wanted));
	buf_done(&buf);
}

static void assert_thousandths(int64_t number, const char *wanted)
{
	struct buf buf;

	buf_init(&buf);
	buf_thousandths(&buf, number);
	assert_holds(&buf, wanted, strlen(wanted));
	buf_done(&buf);
}

START_TEST(thousandths_are_printed_as_short_as_they_can_be)
{
	assert_thousandths(0, "0");
	assert_thousandths(1000, "1");
	assert_thousandths(12500, "12.5");
	assert_thousandths(1, "0.001");
	assert_thousandths(-20, "-0.02");
	assert_thousandths(-1001, "-1.001");
	assert_thousandths(10000, "10");
	assert_thousandths(INT64_MAX, "9223372036854775.807");
	assert_thousandths(INT64_MIN, "-9223372036854775.808");
}
END_TEST

START_TEST(a_new_buffer_is_an_empty_string)
{
	struct buf buf;

	buf_init(&buf);
	assert_holds(&buf, "", 0);
	buf_done(&buf);
}
END_TEST

START_TEST(it_grows_byte_by_byte_and_keeps_them_all)
{
	enum { COUNT = 100000 };
	struct buf buf;

	buf_init(&buf);
	for (int i = 0; i < COUNT; i++) {
		buf_char(&buf, (char)('a' + i % 26));
		if (buf.bytes[buf.length] != '\0')
			ck_abort_msg("no NUL behind %d bytes", i);
	}
	ck_assert_uint_eq(buf.length, COUNT);
	for (int i = 0; i < COUNT; i++)
		if (buf.bytes[i] != 'a' + i % 26)
			ck_abort_msg("another byte at %d", i);
	buf_done(&buf);
}
END_TEST

START_TEST(one_addition_may_be_many_times_its_size)
{
	enum { LENGTH = 1000000 };
	char *much = mem_alloc(LENGTH, 1);
	struct buf buf;

	memset(much, 'x', LENGTH);
	buf_init(&buf);
	buf_string(&buf, "<");
	buf_add(&buf, much, LENGTH);
	buf_string(&buf, ">");
	ck_assert_uint_eq(buf.length, LENGTH + 2);
	ck_assert_mem_eq(buf.bytes + 1, much, LENGTH);
	ck_assert_str_eq(buf.bytes + LENGTH + 1, ">");
	buf_done(&buf);
	mem_free(much);
}
END_TEST

START_TEST(adding_nothing_changes_nothing)
{
	struct buf buf;

	buf_init(&buf);
	buf_string(&buf, "as it was");
	buf_add(&buf, NULL, 0);
	buf_text(&buf, (struct text){ 0 });
	buf_string(&buf, "");
	buf_printf(&buf, "%s", "");
	assert_holds(&buf, "as it was", 9);
	buf_done(&buf);
}
END_TEST

START_TEST(zero_bytes_are_bytes)
{
	struct buf buf;

	buf_init(&buf);
	buf_text(&buf, TEXT("a\0b"));
	buf_char(&buf, '\0');
	assert_holds(&buf, "a\0b\0", 4);
	buf_done(&buf);
}
END_TEST

START_TEST(clearing_keeps_the_memory)
{
	struct buf buf;
	size_t capacity;

	buf_init(&buf);
	buf_printf(&buf, "%01000d", 0);
	capacity = buf.capacity;
	buf_clear(&buf);
	ck_assert_uint_eq(buf.capacity, capacity);
	assert_holds(&buf, "", 0);
	buf_done(&buf);
}
END_TEST

START_TEST(detached_bytes_are_the_callers_and_the_buffer_goes_on)
{
	struct buf buf;
	char *bytes;

	buf_init(&buf);
	buf_string(&buf, "mine");
	bytes = buf_detach(&buf);
	buf_string(&buf, "next");
	ck_assert_str_eq(bytes, "mine");
	assert_holds(&buf, "next", 4);
	mem_free(bytes);
	buf_done(&buf);
}
END_TEST

START_TEST(integers_are_printed_to_their_extremes)
{
	assert_int(0, "0");
	assert_int(-1, "-1");
	assert_int(9, "9");
	assert_int(10, "10");
	assert_int(-100, "-100");
	assert_int(INT64_MAX, "9223372036854775807");
	assert_int(INT64_MIN, "-9223372036854775808");
}
END_TEST

START_TEST(integers_of_every_length_are_printed_as_printf_does)
{
	struct rng rng;

	rng_seed(&rng, 1);
	for (int i = 0; i < 5000; i++) {
		int64_t number = (int64_t)(rng_next(&rng) >> rng_below(&rng, 64)) * (i % 2 ? 1 : -1);
		char wanted[24];

		snprintf(wanted, sizeof(wanted), "%" PRId64, number);
		assert_int(number, wanted);
	}
}
END_TEST

START_TEST(formatted_text_is_appended_whatever_room_is_left)
{
	for (int before = 0; before < 300; before++) {
		struct buf buf;

		buf_init(&buf);
		for (int i = 0; i < before; i++)
			buf_char(&buf, '.');
		buf_printf(&buf, "%d-%s", 42, "end");
		ck_assert_uint_eq(buf.length, (size_t)before + 6);
		ck_assert_str_eq(buf.bytes + before, "42-end");
		ck_assert_uint_lt(buf.length, buf.capacity);
		buf_done(&buf);
	}
}
END_TEST

START_TEST(plain_text_is_json_in_quotes)
{
	assert_json(TEXT(""), "\"\"");
	assert_json((struct text){ 0 }, "\"\"");
	assert_json(TEXT("Good morning / 100 %s"), "\"Good morning / 100 %s\"");
}
END_TEST

START_TEST(quotes_and_backslashes_are_escaped_wherever_they_stand)
{
	assert_json(TEXT("\""), "\"\\\"\"");
	assert_json(TEXT("\"a\\b\""), "\"\\\"a\\\\b\\\"\"");
	assert_json(TEXT("\\\\\"\""), "\"\\\\\\\\\\\"\\\"\"");
}
END_TEST

START_TEST(control_characters_are_escaped_as_rfc_8259_has_them)
{
	static const char *const wanted[0x20] = {
		"\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004", "\\u0005", "\\u0006", "\\u0007",
		"\\b",     "\\t",     "\\n",     "\\u000b", "\\f",     "\\r",     "\\u000e", "\\u000f",
		"\\u0010", "\\u0011", "\\u0012", "\\u0013", "\\u0014", "\\u0015", "\\u0016", "\\u0017",
		"\\u0018", "\\u0019", "\\u001a", "\\u001b", "\\u001c", "\\u001d", "\\u001e", "\\u001f",
	};

	for (int c = 0; c < 0x20; c++) {
		char json[16];

		snprintf(json, sizeof(json), "\"<%s>\"", wanted[c]);
		assert_json((struct text){ (char[]){ '<', (char)c, '>' }, 3 }, json);
	}
}
END_TEST

START_TEST(other_bytes_stay_as_they_are)
{
	assert_json(TEXT("\x7f \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"),
		    "\"\x7f \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\"");
}
END_TEST

START_TEST(a_text_that_grows_sixfold_still_fits)
{
	enum { LENGTH = 10000 };
	char *zeros = mem_alloc(LENGTH, 1);
	struct buf buf;

	buf_init(&buf);
	buf_json(&buf, (struct text){ zeros, LENGTH });
	ck_assert_uint_eq(buf.length, 6 * LENGTH + 2);
	for (size_t i = 0; i < LENGTH; i++)
		if (memcmp(buf.bytes + 1 + 6 * i, "\\u0000", 6) != 0)
			ck_abort_msg("not escaped at %zu", i);
	buf_done(&buf);
	mem_free(zeros);
}
END_TEST

START_TEST(no_text_at_all_is_null_but_an_empty_one_is_not)
{
	struct buf buf;

	buf_init(&buf);
	buf_json_or_null(&buf, (struct text){ 0 });
	assert_holds(&buf, "null", 4);
	buf_json_or_null(&buf, TEXT(""));
	assert_holds(&buf, "\"\"", 2);
	buf_done(&buf);
}
END_TEST

UNIT_SUITE(buf)
{
	tcase_add_test(tests, a_new_buffer_is_an_empty_string);
	tcase_add_test(tests, it_grows_byte_by_byte_and_keeps_them_all);
	tcase_add_test(tests, one_addition_may_be_many_times_its_size);
	tcase_add_test(tests, adding_nothing_changes_nothing);
	tcase_add_test(tests, zero_bytes_are_bytes);
	tcase_add_test(tests, clearing_keeps_the_memory);
	tcase_add_test(tests, detached_bytes_are_the_callers_and_the_buffer_goes_on);
	tcase_add_test(tests, integers_are_printed_to_their_extremes);
	tcase_add_test(tests, thousandths_are_printed_as_short_as_they_can_be);
	tcase_add_test(tests, integers_of_every_length_are_printed_as_printf_does);
	tcase_add_test(tests, formatted_text_is_appended_whatever_room_is_left);
	tcase_add_test(tests, plain_text_is_json_in_quotes);
	tcase_add_test(tests, quotes_and_backslashes_are_escaped_wherever_they_stand);
	tcase_add_test(tests, control_characters_are_escaped_as_rfc_8259_has_them);
	tcase_add_test(tests, other_bytes_stay_as_they_are);
	tcase_add_test(tests, a_text_that_grows_sixfold_still_fits);
	tcase_add_test(tests, no_text_at_all_is_null_but_an_empty_one_is_not);
}
