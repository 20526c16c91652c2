/* Forms of text: integers, decimals and times against a second, slower way to read them; trimming of any text. */
#include "fuzz/fuzz.h"

#include "api/internal.h"
#include "http/json.h"
#include "http/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* -- decimals ---------------------------------------------------------------------------------- */

enum { DIGITS_MAX = JSON_NUMBER_CHARACTERS_MAX, POWER_MAX = 10000 };

struct decimal {
	char digits[DIGITS_MAX + 1]; /* without zeros at either end */
	long power;
};

static void read_decimal(struct text number, struct decimal *out)
{
	size_t count = 0, i = number.at[0] == '-';
	bool in_fraction = false;

	out->power = 0;
	for (; i < number.length && number.at[i] != 'e' && number.at[i] != 'E'; i++) {
		if (number.at[i] == '.') {
			in_fraction = true;
			continue;
		}
		out->power -= in_fraction;
		if (count || number.at[i] != '0')
			out->digits[count++] = number.at[i];
	}
	if (i < number.length) {
		long exponent = strtol(number.at + i + 1, NULL, 10);

		out->power += exponent > POWER_MAX ? POWER_MAX : exponent < -POWER_MAX ? -POWER_MAX : exponent;
	}
	for (; count && out->digits[count - 1] == '0'; count--)
		out->power++;
	out->digits[count] = '\0';
}

static enum decimal_error expect_thousandths(struct text number, int64_t *thousandths_out)
{
	struct decimal decimal;
	char written[DIGITS_MAX + 32];
	int length;

	read_decimal(number, &decimal);
	*thousandths_out = 0;
	if (!decimal.digits[0])
		return DECIMAL_OK;
	if (decimal.power < -3)
		return DECIMAL_TOO_FINE;
	if (decimal.power > 20)
		return DECIMAL_OUT_OF_RANGE;
	length = snprintf(written, sizeof(written), "%s%s", number.at[0] == '-' ? "-" : "", decimal.digits);
	for (long zeros = decimal.power + 3; zeros > 0; zeros--)
		written[length++] = '0';
	written[length] = '\0';
	errno = 0;
	*thousandths_out = strtoll(written, NULL, 10);
	return errno ? DECIMAL_OUT_OF_RANGE : DECIMAL_OK;
}

/* Numbers come from json-c, so they have the form that the JSON check lets through. */
static bool is_number(struct text text)
{
	struct arena *arena = arena_new();
	struct faults *faults = faults_new(arena);
	const char *malformed = NULL;
	bool is_json = text.length && strspn(text.at, "+-.0123456789eE") == text.length &&
		       json_check(text, faults, &malformed) && faults->count == 0;

	arena_free(&arena);
	return is_json;
}

static void hold_decimal(struct text number)
{
	int64_t expected, thousandths = -1;
	enum decimal_error error;

	if (!is_number(number))
		return;
	error = expect_thousandths(number, &expected);
	/* The least 64-bit number may be told as out of range: nothing takes it. */
	if (error == DECIMAL_OK && expected == INT64_MIN)
		return;
	HOLDS(thousandths_read(number, &thousandths) == error);
	HOLDS(error != DECIMAL_OK || thousandths == expected);
}

/* -- integers ---------------------------------------------------------------------------------- */

static void hold_integer(struct text text)
{
	int64_t number;
	char again[32];

	if (!integer_read(text, &number))
		return;
	snprintf(again, sizeof(again), "%" PRId64, number);
	HOLDS(text_equals(text_of(again), text) || text_equals(text, TEXT("-0")));
}

/* -- times ------------------------------------------------------------------------------------- */

/* The calendar's own view: a date that exists stays as it is when it is worked out. */
static void hold_time(struct text text)
{
	struct tm given = { 0 }, worked_out;
	time_t moment;
	int behind = 0;

	if (time_read(text, false) != TIME_OK) {
		HOLDS(time_read(text, true) == TIME_MALFORMED);
		return;
	}
	HOLDS(sscanf(text.at, "%4d-%2d-%2d%*1[Tt]%2d:%2d:%2d%n", &given.tm_year, &given.tm_mon, &given.tm_mday,
		     &given.tm_hour, &given.tm_min, &given.tm_sec, &behind) == 6);
	HOLDS(behind == 19 && strlen(text.at) == text.length);
	given.tm_year -= 1900;
	given.tm_mon -= 1;
	worked_out = given;
	moment = timegm(&worked_out);
	HOLDS(worked_out.tm_year == given.tm_year && worked_out.tm_mon == given.tm_mon);
	HOLDS(worked_out.tm_mday == given.tm_mday && worked_out.tm_hour == given.tm_hour);
	HOLDS(worked_out.tm_min == given.tm_min && worked_out.tm_sec == given.tm_sec);
	if (text.at[text.length - 1] == 'Z' && text.length == 20)
		HOLDS((time_read(text, true) == TIME_OK) == (moment % 3600 == 0));
}

/* -- characters -------------------------------------------------------------------------------- */

static void hold_trim(struct text text)
{
	struct text trimmed;

	if (!utf8_is_valid(text))
		return;
	trimmed = utf8_trim(text);
	HOLDS(trimmed.at >= text.at && trimmed.at + trimmed.length <= text.at + text.length);
	HOLDS(utf8_is_valid(trimmed));
	HOLDS(text_equals(utf8_trim(trimmed), trimmed));
	HOLDS(utf8_count(trimmed) <= utf8_count(text));
}

void fuzz_forms(const uint8_t *bytes, size_t length)
{
	struct text text = { mem_copy(bytes, length), length };

	hold_decimal(text);
	hold_integer(text);
	hold_time(text);
	hold_trim(text);
	mem_free((char *)text.at);
}
