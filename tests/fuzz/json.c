/*
 * What the JSON check accepts without a fault json-c accepts as well, to the last byte, and holds without loss: the
 * text is read a second time here, as simply as its grammar allows, and held against json-c's tree.
 */
#include "fuzz/fuzz.h"

#include "http/json.h"
#include "http/utf8.h"

#include <json-c/json.h>
#include <stdlib.h>

/* The text is known to be JSON, and a NUL stands behind it. */
static void hold_value(const char **at, struct json_object *json);

static void skip_blanks(const char **at)
{
	*at += strspn(*at, " \t\r\n");
}

static unsigned long read_escape(const char **at)
{
	static const char escapes[] = "\"\\/bfnrt", plain[] = "\"\\/\b\f\n\r\t";
	char digits[5] = { 0 };
	const char *escape;

	if (**at != 'u') {
		escape = strchr(escapes, *(*at)++);
		HOLDS(escape && *escape);
		return (unsigned char)plain[escape - escapes];
	}
	memcpy(digits, *at + 1, 4);
	*at += 5;
	return strtoul(digits, NULL, 16);
}

/* From the opening quote to behind the closing one. */
static void read_string(const char **at, struct buf *out)
{
	buf_init(out);
	for (++*at; **at != '"';) {
		unsigned long point;
		char utf8[4];

		HOLDS((unsigned char)**at >= 0x20);
		if (**at != '\\') {
			buf_char(out, *(*at)++);
			continue;
		}
		++*at;
		point = read_escape(at);
		if (point >= 0xd800 && point < 0xdc00) {
			++*at; /* the backslash of the second half */
			point = 0x10000 + ((point - 0xd800) << 10) + (read_escape(at) - 0xdc00);
		}
		buf_add(out, utf8, utf8_write(utf8, point));
	}
	++*at;
}

static void hold_string(const char **at, struct json_object *json)
{
	struct buf text;

	read_string(at, &text);
	HOLDS(json_object_is_type(json, json_type_string));
	HOLDS((size_t)json_object_get_string_len(json) == text.length);
	HOLDS(memcmp(json_object_get_string(json), text.bytes, text.length) == 0);
	HOLDS(strlen(text.bytes) == text.length);
	HOLDS(utf8_is_valid((struct text){ text.bytes, text.length }));
	buf_done(&text);
}

static void hold_number(const char **at, struct json_object *json)
{
	struct text number = { *at, strspn(*at, "+-.0123456789eE") };
	char *end;

	*at += number.length;
	if (json_object_is_type(json, json_type_int)) {
		HOLDS(strcspn(number.at, ".eE") >= number.length);
		HOLDS(json_object_get_int64(json) == strtoll(number.at, &end, 10));
	} else {
		HOLDS(json_object_is_type(json, json_type_double));
		HOLDS(json_object_get_double(json) == strtod(number.at, &end));
		/* Payloads and weights are taken from json-c's text. */
		HOLDS(text_equals(text_of(json_object_to_json_string(json)), number));
	}
	HOLDS(end == *at);
}

static void hold_list(const char **at, struct json_object *json)
{
	size_t count = 0;

	HOLDS(json_object_is_type(json, json_type_array));
	for (++*at, skip_blanks(at); **at != ']'; skip_blanks(at)) {
		*at += **at == ',';
		hold_value(at, json_object_array_get_idx(json, count++));
	}
	++*at;
	HOLDS(json_object_array_length(json) == count);
}

static void hold_object(const char **at, struct json_object *json)
{
	int count = 0;

	HOLDS(json_object_is_type(json, json_type_object));
	for (++*at, skip_blanks(at); **at != '}'; skip_blanks(at)) {
		struct json_object *member;
		struct buf name;

		*at += **at == ',';
		skip_blanks(at);
		read_string(at, &name);
		HOLDS(json_object_object_get_ex(json, name.bytes, &member));
		buf_done(&name);
		skip_blanks(at);
		++*at; /* the colon */
		hold_value(at, member);
		count++;
	}
	++*at;
	HOLDS(json_object_object_length(json) == count);
}

static void hold_value(const char **at, struct json_object *json)
{
	skip_blanks(at);
	switch (**at) {
	case '{':
		hold_object(at, json);
		break;
	case '[':
		hold_list(at, json);
		break;
	case '"':
		hold_string(at, json);
		break;
	case 't':
	case 'f':
		HOLDS(json_object_is_type(json, json_type_boolean));
		HOLDS(json_object_get_boolean(json) == (**at == 't'));
		*at += **at == 't' ? 4 : 5;
		break;
	case 'n':
		HOLDS(!json);
		*at += 4;
		break;
	default:
		hold_number(at, json);
	}
}

/* The whole document, by json-c alone: no blank is added behind it, as json_read() does. */
static void hold_document(struct text text)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 2);
	struct json_object *json;
	const char *at = text.at;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	json = json_tokener_parse_ex(tokener, text.at, (int)text.length + 1); /* the NUL ends bare numbers */
	HOLDS(json_tokener_get_error(tokener) == json_tokener_success);
	HOLDS(json_tokener_get_parse_end(tokener) == text.length);
	hold_value(&at, json);
	skip_blanks(&at);
	HOLDS(at == text.at + text.length);
	json_object_put(json);
	json_tokener_free(tokener);
}

void fuzz_json(const uint8_t *bytes, size_t length)
{
	struct arena *arena = arena_new();
	struct faults *faults = faults_new(arena), *again = faults_new(arena);
	struct text text = { mem_copy(bytes, length), length };
	const char *malformed = NULL, *malformed_again = NULL;
	bool is_json = json_check(text, faults, &malformed);
	struct json_object *json = json_read(text, again, &malformed_again);

	HOLDS(is_json == !malformed);
	HOLDS(is_json == !malformed_again);
	if (malformed)
		HOLDS(!json);
	else if (!faults->count)
		hold_document(text);
	if (!malformed && !faults->count)
		HOLDS((json != NULL) == (again->count == 0)); /* null alone is a fault of its own */
	fuzz_hold_faults(faults);
	json_free(&json);
	mem_free((char *)text.at);
	arena_free(&arena);
}
