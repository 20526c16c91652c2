/* RFC 3339 times as queries and bodies give them. */
#include "api/internal.h"
#include "unit/unit.h"

#include <inttypes.h>

static const char *const error_names[] = { "a time", "malformed", "not a whole hour" };

static void assert_read(const char *text, bool whole_hour, enum time_error wanted)
{
	enum time_error error = time_read(text_of(text), whole_hour);

	ck_assert_msg(error == wanted, "\"%s\" is %s", text, error_names[error]);
}

static void assert_times(const char *const *texts, size_t count, enum time_error wanted)
{
	for (size_t i = 0; i < count; i++)
		assert_read(texts[i], false, wanted);
}

static void assert_hours(const char *const *texts, size_t count, enum time_error wanted)
{
	for (size_t i = 0; i < count; i++)
		assert_read(texts[i], true, wanted);
}

START_TEST(times_with_zone_are_read)
{
	static const char *const texts[] = {
		"2026-01-31T12:00:00Z",      "2026-01-31t12:00:00z",      "2026-12-31T23:59:59+00:00",
		"2026-01-31T12:00:00+05:30", "2026-01-31T12:00:00-03:30", "2026-01-31T12:00:00+14:00",
		"2026-01-31T12:00:00-12:00", "0001-01-01T00:00:00Z",      "9999-12-31T23:59:59Z",
	};

	assert_times(texts, COUNT_OF(texts), TIME_OK);
}
END_TEST

/* A + that was not escaped in a query has become a blank. */
START_TEST(a_blank_stands_for_the_plus_of_an_offset)
{
	assert_read("2026-01-31T12:00:00 02:00", false, TIME_OK);
	assert_read("2026-01-31T12:30:00 05:30", true, TIME_OK);
}
END_TEST

START_TEST(seconds_are_those_of_utc)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} times[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-01-31T12:00:00Z", 1769860800 },
		{ "2026-01-31t14:00:00.999+02:00", 1769860800 },
		{ "2026-01-31T17:30:00 05:30", 1769860800 },
		{ "2026-01-31T08:30:00-03:30", 1769860800 },
		{ "2024-02-29T23:00:01-01:00", 1709251201 },
		{ "0001-01-01T00:00:00Z", -62135596800 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
	};

	for (size_t i = 0; i < COUNT_OF(times); i++) {
		int64_t seconds = time_seconds(text_of(times[i].text));

		ck_assert_msg(seconds == times[i].seconds, "%s: %" PRId64, times[i].text, seconds);
	}
}
END_TEST

START_TEST(fractions_of_a_second_have_one_to_nine_digits)
{
	static const char *const good[] = {
		"2026-01-31T12:00:00.1Z",
		"2026-01-31T12:00:00.123456Z",
		"2026-01-31T12:00:00.123456789+02:00",
	};
	static const char *const bad[] = {
		"2026-01-31T12:00:00.Z",   "2026-01-31T12:00:00.1234567890Z", "2026-01-31T12:00:00,5Z",
		"2026-01-31T12:00:00.-5Z", "2026-01-31T12:00:00.5",
	};

	assert_times(good, COUNT_OF(good), TIME_OK);
	assert_times(bad, COUNT_OF(bad), TIME_MALFORMED);
}
END_TEST

START_TEST(months_have_the_days_that_they_have)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	for (int month = 0; month <= 13; month++)
		for (int day = 0; day <= 33; day++) {
			bool is_day = month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
			struct buf text;

			buf_init(&text);
			buf_printf(&text, "2026-%02d-%02dT00:00:00Z", month, day);
			assert_read(text.bytes, false, is_day ? TIME_OK : TIME_MALFORMED);
			buf_done(&text);
		}
}
END_TEST

START_TEST(leap_years_follow_the_gregorian_rule)
{
	static const char *const good[] = {
		"2024-02-29T00:00:00Z",
		"2000-02-29T00:00:00Z",
		"0004-02-29T00:00:00Z",
		"2400-02-29T00:00:00Z",
	};
	static const char *const bad[] = {
		"2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
		"2026-02-29T00:00:00Z", "2024-02-30T00:00:00Z", "2000-02-30T00:00:00Z",
	};

	assert_times(good, COUNT_OF(good), TIME_OK);
	assert_times(bad, COUNT_OF(bad), TIME_MALFORMED);
}
END_TEST

START_TEST(no_such_time_of_day_or_offset_is_taken)
{
	static const char *const texts[] = {
		"2026-01-31T24:00:00Z",      "2026-01-31T12:60:00Z",      "2026-01-31T12:00:61Z",
		"2026-01-31T99:99:99Z",      "2026-01-31T12:00:00+24:00", "2026-01-31T12:00:00+99:00",
		"2026-01-31T12:00:00+02:60", "2026-01-31T12:00:00-24:00", "0000-01-01T00:00:00Z",
	};

	assert_times(texts, COUNT_OF(texts), TIME_MALFORMED);
}
END_TEST

START_TEST(other_forms_are_malformed)
{
	static const char *const texts[] = {
		"",
		"now",
		"today",
		"infinity",
		"epoch",
		"2026",
		"2026-01-31",
		"1769860800",
		"2026-01-31T12:00:00",
		"2026-01-31T12:00Z",
		"2026-01-31T12Z",
		"2026-01-31 12:00:00Z",
		"2026-1-31T12:00:00Z",
		"26-01-31T12:00:00Z",
		"12026-01-31T12:00:00Z",
		"-2026-01-31T12:00:00Z",
		"+2026-01-31T12:00:00Z",
		"2026/01/31T12:00:00Z",
		"20260131T120000Z",
		"2026-W05-6T12:00:00Z",
		"2026-01-31T12:00:00ZZ",
		"2026-01-31T12:00:00Z ",
		" 2026-01-31T12:00:00Z",
		"2026-01-31T12:00:00 Z",
		"2026-01-31T12:00:00UTC",
		"2026-01-31T12:00:00+2",
		"2026-01-31T12:00:00+02",
		"2026-01-31T12:00:00+0200",
		"2026-01-31T12:00:00+02:0",
		"2026-01-31T12:00:00+02:000",
		"2026-01-31T12:00:00+02:00Z",
		"2026-01-31T12:00:00++2:00",
		"2026-01-31T12:00:00Z'; drop table contacts; --",
		"2026-01-31T1\xd9\xa2:00:00Z",
		"0001-01-01T00:00:00+01:00",
		"9999-12-31T23:00:00-01:00",
	};

	assert_times(texts, COUNT_OF(texts), TIME_MALFORMED);
}
END_TEST

START_TEST(every_beginning_of_a_time_is_malformed)
{
	const char *whole = "2026-01-31T12:00:00.5+02:00";

	for (size_t length = 0; length < strlen(whole); length++) {
		char *text = mem_copy(whole, length);

		assert_read(text, false, TIME_MALFORMED);
		mem_free(text);
	}
}
END_TEST

START_TEST(a_nul_inside_does_not_end_a_time)
{
	ck_assert_int_eq(time_read(TEXT("2026-01-31T12:00:00Z\0"), false), TIME_MALFORMED);
	ck_assert_int_eq(time_read(TEXT("2026-01-31T12:00:00Z\0junk"), false), TIME_MALFORMED);
	ck_assert_int_eq(time_read(TEXT("2026-01-31\0T12:00:00Z"), false), TIME_MALFORMED);
}
END_TEST

START_TEST(a_whole_hour_has_no_minutes_seconds_or_fractions)
{
	static const char *const whole[] = {
		"2026-01-31T12:00:00Z",
		"2026-01-31T00:00:00.000000Z",
		"2026-01-31T23:00:00+02:00",
		"2026-01-31T23:00:00-11:00",
	};
	static const char *const others[] = {
		"2026-01-31T12:30:00Z",     "2026-01-31T12:00:01Z",      "2026-01-31T12:00:00.000001Z",
		"2026-01-31T12:59:59.999Z", "2026-01-31T12:01:00+02:00", "2026-01-31T12:00:00.000000001Z",
	};

	assert_hours(whole, COUNT_OF(whole), TIME_OK);
	assert_hours(others, COUNT_OF(others), TIME_NOT_A_WHOLE_HOUR);
	assert_times(others, COUNT_OF(others), TIME_OK);
}
END_TEST

START_TEST(whole_hours_are_those_of_utc_also_with_half_hour_offsets)
{
	static const char *const whole[] = {
		"2026-01-31T12:30:00+05:30", "2026-01-31T12:30:00-03:30", "2026-01-31T12:45:00+05:45",
		"2026-01-31T12:15:00-00:45", "2026-01-31T12:15:00-09:45", "2026-01-31T00:30:00+00:30",
	};
	static const char *const others[] = {
		"2026-01-31T12:00:00+05:30", "2026-01-31T12:00:00-03:30", "2026-01-31T12:45:00-05:45",
		"2026-01-31T12:15:00+05:45", "2026-01-31T12:30:00+05:45", "2026-01-31T12:30:01+05:30",
	};

	assert_hours(whole, COUNT_OF(whole), TIME_OK);
	assert_hours(others, COUNT_OF(others), TIME_NOT_A_WHOLE_HOUR);
}
END_TEST

START_TEST(what_is_no_time_is_malformed_before_it_is_no_hour)
{
	assert_read("2026-02-30T12:30:00Z", true, TIME_MALFORMED);
	assert_read("garbage", true, TIME_MALFORMED);
}
END_TEST

UNIT_SUITE(times)
{
	tcase_add_test(tests, times_with_zone_are_read);
	tcase_add_test(tests, a_blank_stands_for_the_plus_of_an_offset);
	tcase_add_test(tests, seconds_are_those_of_utc);
	tcase_add_test(tests, fractions_of_a_second_have_one_to_nine_digits);
	tcase_add_test(tests, months_have_the_days_that_they_have);
	tcase_add_test(tests, leap_years_follow_the_gregorian_rule);
	tcase_add_test(tests, no_such_time_of_day_or_offset_is_taken);
	tcase_add_test(tests, other_forms_are_malformed);
	tcase_add_test(tests, every_beginning_of_a_time_is_malformed);
	tcase_add_test(tests, a_nul_inside_does_not_end_a_time);
	tcase_add_test(tests, a_whole_hour_has_no_minutes_seconds_or_fractions);
	tcase_add_test(tests, whole_hours_are_those_of_utc_also_with_half_hour_offsets);
	tcase_add_test(tests, what_is_no_time_is_malformed_before_it_is_no_hour);
}
