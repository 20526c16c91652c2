/* Forms of text that fields take: characters, integers, decimals, times. */
#include "api/internal.h"

#include <stdlib.h>
#include <time.h>

/* -- characters -------------------------------------------------------------------------------- */

size_t utf8_count(struct text text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.length; i++)
		count += ((unsigned char)text.at[i] & 0xc0) != 0x80;
	return count;
}

/* The code point at a byte of valid UTF-8, and how many bytes it takes. */
static uint32_t utf8_decode(const char *at, size_t *bytes_out)
{
	const unsigned char *byte = (const unsigned char *)at;

	if (byte[0] < 0x80) {
		*bytes_out = 1;
		return byte[0];
	}
	if (byte[0] < 0xe0) {
		*bytes_out = 2;
		return (uint32_t)(byte[0] & 0x1f) << 6 | (byte[1] & 0x3f);
	}
	if (byte[0] < 0xf0) {
		*bytes_out = 3;
		return (uint32_t)(byte[0] & 0x0f) << 12 | (uint32_t)(byte[1] & 0x3f) << 6 | (byte[2] & 0x3f);
	}
	*bytes_out = 4;
	return 0x10000; /* beyond the plane that has white space; which one does not matter */
}

/* Source: the property White_Space of the Unicode Character Database, PropList.txt. */
static bool is_white_space(uint32_t c)
{
	return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
	       (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

struct text utf8_trim(struct text text)
{
	size_t bytes;

	while (text.length && is_white_space(utf8_decode(text.at, &bytes))) {
		text.at += bytes;
		text.length -= bytes;
	}
	while (text.length) {
		size_t last = text.length - 1;

		while (((unsigned char)text.at[last] & 0xc0) == 0x80)
			last--;
		if (!is_white_space(utf8_decode(text.at + last, &bytes)))
			break;
		text.length = last;
	}
	return text;
}

/* -- numbers ----------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool integer_read(struct text text, int64_t *number_out)
{
	bool is_negative = text.length && text.at[0] == '-';
	size_t i = is_negative;
	int64_t number = 0;

	if (i == text.length || (text.at[i] == '0' && text.length > i + 1))
		return false;
	for (; i < text.length; i++)
		if (!is_digit(text.at[i]) || __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, text.at[i] - '0', &number))
			return false;
	*number_out = is_negative ? -number : number;
	return true;
}

enum { EXPONENT_MAX = 1000 }; /* beyond any number that is in range */

/* What stands behind e or E at that place, if anything does. */
static int exponent_of(struct text number, size_t at)
{
	long exponent = at < number.length ? strtol(number.at + at + 1, NULL, 10) : 0;

	return exponent > EXPONENT_MAX ? EXPONENT_MAX : exponent < -EXPONENT_MAX ? -EXPONENT_MAX : (int)exponent;
}

/* Digits without the zeros that say nothing, and the power of ten that they are multiplied by. */
enum decimal_error thousandths_read(struct text number, int64_t *thousandths_out)
{
	bool is_negative = number.length && number.at[0] == '-', in_fraction = false;
	bool is_long = false; /* more digits than 64 bits hold */
	int64_t digits = 0;
	int power = 3, zeros = 0; /* zeros: seen since the last digit that counts */
	size_t i = is_negative;

	for (; i < number.length && (is_digit(number.at[i]) || number.at[i] == '.'); i++) {
		if (number.at[i] == '.') {
			in_fraction = true;
			continue;
		}
		power -= in_fraction;
		zeros++;
		if (number.at[i] == '0')
			continue;
		for (; zeros > 0; zeros--)
			is_long |= __builtin_mul_overflow(digits, 10, &digits);
		is_long |= __builtin_add_overflow(digits, number.at[i] - '0', &digits);
	}
	*thousandths_out = 0;
	if (digits == 0 && !is_long)
		return DECIMAL_OK;
	power += zeros + exponent_of(number, i);
	if (power < 0)
		return DECIMAL_TOO_FINE;
	if (is_long)
		return DECIMAL_OUT_OF_RANGE;
	for (; power > 0; power--)
		if (__builtin_mul_overflow(digits, 10, &digits))
			return DECIMAL_OUT_OF_RANGE;
	*thousandths_out = is_negative ? -digits : digits;
	return DECIMAL_OK;
}

/* -- times ------------------------------------------------------------------------------------- */

/* Exactly count digits. */
static bool digits_read(const char **at, int count, int *number_out)
{
	*number_out = 0;
	for (; count > 0; count--, (*at)++) {
		if (!is_digit(**at))
			return false;
		*number_out = *number_out * 10 + (**at - '0');
	}
	return true;
}

static bool char_read(const char **at, const char *accepted)
{
	if (!**at || !strchr(accepted, **at))
		return false;
	(*at)++;
	return true;
}

static int days_of_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && is_leap);
}

/* text ends with a NUL, as all texts of requests do. */
enum time_error time_read(struct text text, bool whole_hour)
{
	const char *at = text.at;
	int year, month, day, hour, minute, second, offset_hour = 0, offset_minute = 0;
	bool has_fraction = false, is_behind;

	if (!digits_read(&at, 4, &year) || !char_read(&at, "-") || !digits_read(&at, 2, &month) ||
	    !char_read(&at, "-") || !digits_read(&at, 2, &day) || !char_read(&at, "Tt") ||
	    !digits_read(&at, 2, &hour) || !char_read(&at, ":") || !digits_read(&at, 2, &minute) ||
	    !char_read(&at, ":") || !digits_read(&at, 2, &second))
		return TIME_MALFORMED;
	if (char_read(&at, ".")) {
		const char *fraction = at;

		for (; is_digit(*at); at++)
			has_fraction |= *at != '0';
		if (at == fraction || at - fraction > 9)
			return TIME_MALFORMED;
	}
	is_behind = *at == '-';
	if (!char_read(&at, "Zz") && (!char_read(&at, "+- ") || !digits_read(&at, 2, &offset_hour) ||
				      !char_read(&at, ":") || !digits_read(&at, 2, &offset_minute)))
		return TIME_MALFORMED;
	/* An offset would carry the first and the last year out of what PostgreSQL and we write in four digits. */
	if ((year == 1 || year == 9999) && (offset_hour || offset_minute))
		return TIME_MALFORMED;
	if (at != text.at + text.length || year < 1 || month < 1 || month > 12 || day < 1 ||
	    day > days_of_month(year, month) || hour > 23 || minute > 59 || second > 59 || offset_hour > 14 ||
	    offset_minute > 59)
		return TIME_MALFORMED;
	if (whole_hour &&
	    ((is_behind ? minute + offset_minute : minute - offset_minute) % 60 || second || has_fraction))
		return TIME_NOT_A_WHOLE_HOUR;
	return TIME_OK;
}

/* The two digits at that place. */
static int pair_at(struct text text, size_t place)
{
	return (text.at[place] - '0') * 10 + text.at[place + 1] - '0';
}

int64_t time_seconds(struct text text)
{
	size_t offset = text.length - sizeof("+00:00") + 1;
	struct tm time = { .tm_year = pair_at(text, 0) * 100 + pair_at(text, 2) - 1900,
			   .tm_mon = pair_at(text, 5) - 1,
			   .tm_mday = pair_at(text, 8),
			   .tm_hour = pair_at(text, 11),
			   .tm_min = pair_at(text, 14),
			   .tm_sec = pair_at(text, 17) };

	if (text.at[text.length - 1] != 'Z' && text.at[text.length - 1] != 'z') {
		int ahead = text.at[offset] == '-' ? -1 : 1;

		time.tm_hour -= ahead * pair_at(text, offset + 1);
		time.tm_min -= ahead * pair_at(text, offset + 4);
	}
	return timegm(&time);
}
