/* Strings and numbers of the JSON check, and the path of a fault. */
#include "http/json_check.h"
#include "http/utf8.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum {
	PATH_NAME_MAX = 64 /* bytes of one name in a fault's path */,
	HIGH_FIRST = 0xD800,
	LOW_FIRST = 0xDC00,
	LOW_LAST = 0xDFFF
};

bool json_refuse(struct json_check *check, const char *why)
{
	if (!check->why)
		check->why =
			arena_printf(check->faults->arena, "byte %zu: %s", (size_t)(check->at - check->start), why);
	return false;
}

/* Names are the client's, up to a megabyte long, and there may be a hundred faults: each is cut, between characters. */
static void add_name(struct buf *path, struct text name)
{
	size_t kept = 0, length;

	while (kept < name.length) {
		length = utf8_length(name.at + kept, name.length - kept);
		if (!length || kept + length > PATH_NAME_MAX)
			break;
		kept += length;
	}
	if (path->length)
		buf_char(path, '.');
	for (size_t i = 0; i < kept; i++)
		buf_char(path, name.at[i] ? name.at[i] : '?');
	if (kept < name.length)
		buf_string(path, "...");
}

void json_fault(struct json_check *check, const struct text *name, const char *rule)
{
	int levels = name ? check->depth - 1 : check->depth;
	struct buf path;

	if (check->faults->count >= FAULTS_MAX) {
		check->faults->count++;
		return;
	}
	buf_init(&path);
	for (int i = 0; i < levels; i++) {
		if (check->levels[i].is_list)
			buf_printf(&path, "[%zu]", check->levels[i].index);
		else
			add_name(&path, check->levels[i].name);
	}
	if (name)
		add_name(&path, *name);
	faults_add(check->faults, path.bytes, "%s", rule);
	buf_done(&path);
}

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit = (char)(digit | 0x20);
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* The four digits behind "\u"; -1: they are none. */
static long code_unit(const char *at, const char *end)
{
	long unit = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int value = hex_value(at[i]);

		if (value < 0)
			return -1;
		unit = unit * 16 + value;
	}
	return unit;
}

struct string_state {
	char *out; /* NULL: nobody wants the content */
	size_t length;
	bool has_zero, has_lone_surrogate;
};

static void put(struct string_state *string, unsigned long point)
{
	if (point == 0)
		string->has_zero = true;
	if (string->out)
		string->length += utf8_write(string->out + string->length, point);
}

/* An escape, from behind its backslash. A lone surrogate stands as U+FFFD in what we keep; it is a fault anyway. */
static bool check_escape(struct json_check *check, struct string_state *string)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *letter = check->at < check->end && *check->at ? strchr(letters, *check->at) : NULL;
	long unit, low;

	if (letter) {
		check->at++;
		put(string, (unsigned char)meanings[letter - letters]);
		return true;
	}
	if (check->at >= check->end || *check->at != 'u')
		return json_refuse(check, "an escape that JSON does not have");
	unit = code_unit(check->at + 1, check->end);
	if (unit < 0)
		return json_refuse(check, "expected four hexadecimal digits behind \\u");
	check->at += 5;
	if (unit >= HIGH_FIRST && unit < LOW_FIRST && check->end - check->at >= 6 && check->at[0] == '\\' &&
	    check->at[1] == 'u') {
		low = code_unit(check->at + 2, check->end);
		if (low >= LOW_FIRST && low <= LOW_LAST) {
			check->at += 6;
			put(string,
			    0x10000UL + ((unsigned long)(unit - HIGH_FIRST) << 10) + (unsigned long)(low - LOW_FIRST));
			return true;
		}
	}
	if (unit >= HIGH_FIRST && unit <= LOW_LAST) {
		string->has_lone_surrogate = true;
		unit = 0xFFFD;
	}
	put(string, (unsigned long)unit);
	return true;
}

/* The bytes up to the next quote or backslash, which stand for themselves. */
static bool check_plain(struct json_check *check, struct string_state *string)
{
	const char *from = check->at;

	while (check->at < check->end && *check->at != '"' && *check->at != '\\') {
		unsigned char byte = (unsigned char)*check->at;
		size_t length = byte < 0x80 ? 1 : utf8_length(check->at, (size_t)(check->end - check->at));

		if (byte < 0x20)
			return json_refuse(check, "a control character in a text has to be escaped");
		if (!length)
			return json_refuse(check, "this is not UTF-8");
		check->at += length;
	}
	if (string->out) {
		memcpy(string->out + string->length, from, (size_t)(check->at - from));
		string->length += (size_t)(check->at - from);
	}
	return true;
}

bool json_check_string(struct json_check *check, struct text *content_out)
{
	const char *from = ++check->at;
	struct string_state string = { 0 };

	if (!check_plain(check, &string))
		return false;
	if (content_out && check->at < check->end && *check->at == '\\') {
		/* Escapes only shrink; what the rest needs at most is what is left of the document, up to the quote. */
		const char *quote = check->at;

		while (quote < check->end && *quote != '"')
			quote += *quote == '\\' ? 2 : 1;
		string.length = (size_t)(check->at - from);
		string.out = arena_alloc(check->faults->arena, (size_t)(quote - from) + 1, 1);
		memcpy(string.out, from, string.length);
	}
	while (check->at < check->end && *check->at == '\\') {
		check->at++;
		if (!check_escape(check, &string) || !check_plain(check, &string))
			return false;
	}
	if (check->at >= check->end)
		return json_refuse(check, "a text has no end");
	if (content_out)
		*content_out = string.out ? (struct text){ string.out, string.length }
					  : (struct text){ from, (size_t)(check->at - from) };
	check->at++;
	if (string.has_zero)
		json_fault(check, content_out, "must not contain U+0000");
	if (string.has_lone_surrogate)
		json_fault(check, content_out, "must not contain half of a surrogate pair");
	return true;
}

static size_t skip_digits(struct json_check *check)
{
	const char *from = check->at;

	while (check->at < check->end && *check->at >= '0' && *check->at <= '9')
		check->at++;
	return (size_t)(check->at - from);
}

/* Whether the number, which follows the grammar, is one that we can hold. */
static void check_range(struct json_check *check, const char *from, bool is_integer)
{
	size_t length = (size_t)(check->at - from);
	char copy[JSON_NUMBER_CHARACTERS_MAX + 1];
	double value;

	if (length > JSON_NUMBER_CHARACTERS_MAX) {
		json_fault(check, NULL, "must be a number of at most 320 characters");
		return;
	}
	if (is_integer && length <= 18)
		return;
	memcpy(copy, from, length);
	copy[length] = '\0';
	errno = 0;
	if (is_integer) {
		if (strtoll(copy, NULL, 10) && errno == ERANGE)
			json_fault(check, NULL, "must be between -9223372036854775808 and 9223372036854775807");
		return;
	}
	value = strtod(copy, NULL);
	copy[strcspn(copy, "eE")] = '\0';
	if (isinf(value) || (value == 0 && strpbrk(copy, "123456789")))
		json_fault(check, NULL, "must be within the range of a double");
}

bool json_check_number(struct json_check *check)
{
	const char *from = check->at;
	bool is_integer = true;

	if (*check->at == '-')
		check->at++;
	if (check->at < check->end && *check->at == '0')
		check->at++;
	else if (!skip_digits(check))
		return json_refuse(check, "expected a value");
	if (check->at < check->end && *check->at == '.') {
		check->at++;
		is_integer = false;
		if (!skip_digits(check))
			return json_refuse(check, "expected a digit behind the decimal point");
	}
	if (check->at < check->end && (*check->at | 0x20) == 'e') {
		check->at++;
		is_integer = false;
		if (check->at < check->end && (*check->at == '+' || *check->at == '-'))
			check->at++;
		if (!skip_digits(check))
			return json_refuse(check, "expected a digit in the exponent");
	}
	check_range(check, from, is_integer);
	return true;
}
