/* Forms of text that fields take: characters and white space, integers, decimals. Times are in test_times.c. */
#include "api/internal.h"
#include "http/utf8.h"
#include "unit/unit.h"

#include <stdio.h>

/* -- characters -------------------------------------------------------------------------------- */

START_TEST(characters_are_counted_not_bytes)
{
	ck_assert_uint_eq(utf8_count(TEXT("")), 0);
	ck_assert_uint_eq(utf8_count((struct text){ 0 }), 0);
	ck_assert_uint_eq(utf8_count(TEXT("abc")), 3);
	ck_assert_uint_eq(utf8_count(TEXT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80")), 3);
	ck_assert_uint_eq(utf8_count(TEXT("e\xcc\x81")), 2); /* a letter and its combining accent */
}
END_TEST

/* Source: PropList.txt of the Unicode Character Database, White_Space. */
static const unsigned long white_space[] = {
	0x0009, 0x000a, 0x000b, 0x000c, 0x000d, 0x0020, 0x0085, 0x00a0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003,
	0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000,
};

static bool is_white_space(unsigned long point)
{
	for (size_t i = 0; i < COUNT_OF(white_space); i++)
		if (white_space[i] == point)
			return true;
	return false;
}

/* Whether a character goes that stands in front of an x, or behind it. */
static bool is_trimmed(const char *character, size_t bytes, bool is_in_front)
{
	char text[8];
	struct text trimmed;

	memcpy(text + !is_in_front, character, bytes);
	text[is_in_front ? bytes : 0] = 'x';
	trimmed = utf8_trim((struct text){ text, bytes + 1 });
	return trimmed.length == 1 && *trimmed.at == 'x';
}

START_TEST(every_white_space_of_unicode_is_trimmed_and_nothing_else)
{
	for (unsigned long point = 1; point <= 0x10ffff; point++) {
		bool is_surrogate = point >= 0xd800 && point <= 0xdfff;
		char character[4];
		size_t bytes = is_surrogate ? 0 : utf8_write(character, point);

		if (bytes && (is_trimmed(character, bytes, true) != is_white_space(point) ||
			      is_trimmed(character, bytes, false) != is_white_space(point)))
			ck_abort_msg("U+%04lX", point);
	}
}
END_TEST

START_TEST(white_space_inside_stays)
{
	struct text trimmed = utf8_trim(TEXT("\t \xc2\xa0 a b\xe3\x80\x80"
					     "c \r\n\xe2\x80\x83"));

	ck_assert(text_equals(trimmed, TEXT("a b\xe3\x80\x80"
					    "c")));
}
END_TEST

START_TEST(a_text_of_white_space_alone_becomes_empty)
{
	char all[COUNT_OF(white_space) * 4];
	size_t length = 0;

	for (size_t i = 0; i < COUNT_OF(white_space); i++)
		length += utf8_write(all + length, white_space[i]);
	ck_assert_uint_eq(utf8_trim((struct text){ all, length }).length, 0);
	ck_assert_uint_eq(utf8_trim(TEXT("")).length, 0);
}
END_TEST

/* -- integers ---------------------------------------------------------------------------------- */

START_TEST(integers_are_read_to_their_extremes)
{
	static const struct {
		const char *text;
		int64_t number;
	} cases[] = {
		{ "0", 0 },
		{ "7", 7 },
		{ "10", 10 },
		{ "-1", -1 },
		{ "1234567890123456789", 1234567890123456789 },
		{ "9223372036854775807", INT64_MAX },
		{ "-9223372036854775807", -INT64_MAX },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t number = 99;

		ck_assert_msg(integer_read(text_of(cases[i].text), &number), "%s", cases[i].text);
		ck_assert_int_eq(number, cases[i].number);
	}
}
END_TEST

START_TEST(what_is_no_plain_decimal_integer_is_refused)
{
	static const char *const texts[] = {
		"",
		"-",
		"+1",
		" 1",
		"1 ",
		"01",
		"00",
		"-01",
		"--1",
		"1.0",
		"1e3",
		"0x10",
		"1_000",
		"1,0",
		"one",
		"none",
		"\t1",
		"1\n",
		"\xd9\xa1",
		"\xef\xbc\x91",
		"9223372036854775808",
		"18446744073709551617",
		"99999999999999999999999999999999",
	};
	int64_t number;

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		ck_assert_msg(!integer_read(text_of(texts[i]), &number), "\"%s\"", texts[i]);
	ck_assert(!integer_read(TEXT("1\0"), &number));
	ck_assert(!integer_read(TEXT("1\0"
				     "2"),
				&number));
	ck_assert(!integer_read((struct text){ 0 }, &number));
}
END_TEST

START_TEST(an_integer_ends_with_its_text_not_with_a_nul)
{
	int64_t number;

	ck_assert(integer_read((struct text){ "12345", 2 }, &number));
	ck_assert_int_eq(number, 12);
}
END_TEST

/* -- decimals ---------------------------------------------------------------------------------- */

static void assert_thousandths(const char *number, int64_t wanted)
{
	int64_t thousandths = 99;

	ck_assert_msg(thousandths_read(text_of(number), &thousandths) == DECIMAL_OK, "%s", number);
	ck_assert_msg(thousandths == wanted, "%s is %lld", number, (long long)thousandths);
}

static void assert_refused(const char *number, enum decimal_error wanted)
{
	int64_t thousandths;
	enum decimal_error error = thousandths_read(text_of(number), &thousandths);

	ck_assert_msg(error == wanted, "%s: %d", number, (int)error);
}

START_TEST(decimals_are_read_exactly)
{
	assert_thousandths("0", 0);
	assert_thousandths("1", 1000);
	assert_thousandths("50", 50000);
	assert_thousandths("0.1", 100);
	assert_thousandths("0.001", 1);
	assert_thousandths("0.007", 7);
	assert_thousandths("100.005", 100005);
	assert_thousandths("-1.5", -1500);
	assert_thousandths("1000000", 1000000000);
	assert_thousandths("1000000.000", 1000000000);
	assert_thousandths("999999.999", 999999999);
}
END_TEST

START_TEST(zeros_behind_the_last_digit_are_not_too_fine)
{
	assert_thousandths("1.50000", 1500);
	assert_thousandths("0.0000000000000000000000000000", 0);
	assert_thousandths("2.00000000000000000000000000000000", 2000);
	assert_thousandths("1.2340", 1234);
}
END_TEST

START_TEST(minus_zero_is_zero)
{
	assert_thousandths("-0", 0);
	assert_thousandths("-0.0", 0);
	assert_thousandths("-0e5", 0);
}
END_TEST

START_TEST(exponents_move_the_point)
{
	assert_thousandths("1e3", 1000000);
	assert_thousandths("1E+3", 1000000);
	assert_thousandths("1e-3", 1);
	assert_thousandths("1.5e1", 15000);
	assert_thousandths("12345e-3", 12345);
	assert_thousandths("1500000e-6", 1500);
	assert_thousandths("0.000000001e9", 1000);
	assert_thousandths("1e0", 1000);
	assert_thousandths("1e-00", 1000);
}
END_TEST

START_TEST(more_than_three_decimals_are_too_fine)
{
	assert_refused("1.2345", DECIMAL_TOO_FINE);
	assert_refused("0.0005", DECIMAL_TOO_FINE);
	assert_refused("-0.0001", DECIMAL_TOO_FINE);
	assert_refused("1e-4", DECIMAL_TOO_FINE);
	assert_refused("12345e-7", DECIMAL_TOO_FINE);
	assert_refused("1e-300", DECIMAL_TOO_FINE);
	assert_refused("999999.9999", DECIMAL_TOO_FINE);
}
END_TEST

/* The message has to name the rule that is broken: 0.1 with noise behind it is not out of range. */
START_TEST(many_decimals_are_too_fine_and_not_out_of_range)
{
	assert_refused("0.1000000000000000055511151231257827", DECIMAL_TOO_FINE);
	assert_refused("1.00000000000000000000000000000000000001", DECIMAL_TOO_FINE);
}
END_TEST

START_TEST(what_int64_does_not_hold_is_out_of_range)
{
	assert_refused("1e300", DECIMAL_OUT_OF_RANGE);
	assert_refused("-1e300", DECIMAL_OUT_OF_RANGE);
	assert_refused("9223372036854775807", DECIMAL_OUT_OF_RANGE);
	assert_refused("9223372036854776", DECIMAL_OUT_OF_RANGE);
	assert_refused("99999999999999999999999999", DECIMAL_OUT_OF_RANGE);
	assert_thousandths("9223372036854775", 9223372036854775000);
	assert_thousandths("9223372036854775.807", INT64_MAX);
}
END_TEST

/* The check of JSON lets these through: a double takes them as 0. */
START_TEST(zero_stays_zero_whatever_its_exponent)
{
	assert_thousandths("0e300", 0);
	assert_thousandths("0e2147483647", 0);
	assert_thousandths("0.0e-2147483648", 0);
	assert_thousandths("0e99999999999999999999", 0);
	assert_thousandths("0e-99999999999999999999", 0);
}
END_TEST

START_TEST(every_thousandth_is_read_back_as_it_is_printed)
{
	for (int64_t wanted = 0; wanted <= 1000000000; wanted += wanted < 20000 ? 1 : 999983) {
		char number[32];

		snprintf(number, sizeof(number), "%lld.%03lld", (long long)wanted / 1000, (long long)wanted % 1000);
		assert_thousandths(number, wanted);
		snprintf(number, sizeof(number), "%llde-3", (long long)wanted);
		assert_thousandths(number, wanted);
	}
}
END_TEST

UNIT_SUITE(forms)
{
	tcase_add_test(tests, characters_are_counted_not_bytes);
	tcase_add_test(tests, every_white_space_of_unicode_is_trimmed_and_nothing_else);
	tcase_add_test(tests, white_space_inside_stays);
	tcase_add_test(tests, a_text_of_white_space_alone_becomes_empty);
	tcase_add_test(tests, integers_are_read_to_their_extremes);
	tcase_add_test(tests, what_is_no_plain_decimal_integer_is_refused);
	tcase_add_test(tests, an_integer_ends_with_its_text_not_with_a_nul);
	tcase_add_test(tests, decimals_are_read_exactly);
	tcase_add_test(tests, zeros_behind_the_last_digit_are_not_too_fine);
	tcase_add_test(tests, minus_zero_is_zero);
	tcase_add_test(tests, exponents_move_the_point);
	tcase_add_test(tests, more_than_three_decimals_are_too_fine);
	tcase_add_test(tests, many_decimals_are_too_fine_and_not_out_of_range);
	tcase_add_test(tests, what_int64_does_not_hold_is_out_of_range);
	tcase_add_test(tests, zero_stays_zero_whatever_its_exponent);
	tcase_add_test(tests, every_thousandth_is_read_back_as_it_is_printed);
}
