/* Single values: from JSON or from a query's text, each type with its rule. */
#include "api/internal.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>

static bool fault(const struct place *place, const char *message)
{
	faults_add(place->faults, place->path, "%s", message);
	return false;
}

static struct text json_text(struct json_object *json)
{
	return (struct text){ json_object_get_string(json), (size_t)json_object_get_string_len(json) };
}

/* -- rules that do not care where the value came from ------------------------------------------ */

static bool in_range(const struct place *place, const struct field *field, int64_t number)
{
	if (number >= field->min && number <= field->max)
		return true;
	faults_add(place->faults, place->path, "must be between %" PRId64 " and %" PRId64, field->min, field->max);
	return false;
}

static bool id_take(const struct place *place, int64_t id, struct value *out)
{
	out->integer = id;
	return id > 0 || fault(place, "must be an id: a positive integer");
}

static bool text_take(const struct place *place, const struct field *field, struct text text, struct value *out)
{
	struct text trimmed = utf8_trim(text);
	size_t characters;

	if (field->type == FIELD_EXACT && trimmed.length != text.length)
		return fault(place, "must not begin or end with white space");
	characters = utf8_count(trimmed);
	if (characters < (size_t)field->min || characters > (size_t)field->max) {
		faults_add(place->faults, place->path, "must have %" PRId64 " to %" PRId64 " characters", field->min,
			   field->max);
		return false;
	}
	out->text = (struct text){ arena_copy(place->arena, trimmed.at, trimmed.length), trimmed.length };
	return true;
}

static bool visible_take(const struct place *place, const struct field *field, struct text text, struct value *out)
{
	bool is_visible = text.length >= (size_t)field->min && text.length <= (size_t)field->max;

	for (size_t i = 0; i < text.length; i++)
		is_visible = is_visible && text.at[i] > ' ' && text.at[i] <= '~';
	if (!is_visible) {
		faults_add(place->faults, place->path,
			   "must have %" PRId64 " to %" PRId64 " characters, all visible ASCII", field->min,
			   field->max);
		return false;
	}
	out->text = (struct text){ arena_copy(place->arena, text.at, text.length), text.length };
	return true;
}

static bool choice_take(const struct place *place, const struct field *field, struct text text, struct value *out)
{
	struct buf names;

	for (const char *const *choice = field->choices; *choice; choice++)
		if (text_equals(text, text_of(*choice))) {
			out->text = text_of(*choice);
			return true;
		}
	buf_init(&names);
	for (const char *const *choice = field->choices; *choice; choice++)
		buf_printf(&names, "%s%s", choice == field->choices ? "" : ", ", *choice);
	faults_add(place->faults, place->path, "must be one of: %s", names.bytes);
	buf_done(&names);
	return false;
}

/* Kept in a form that PostgreSQL reads: upper case, and + where a query's decoding made it a blank. */
static bool time_take(const struct place *place, const struct field *field, struct text text, struct value *out)
{
	char *copy = arena_copy(place->arena, text.at, text.length);

	switch (time_read((struct text){ copy, text.length }, field->type == FIELD_HOUR)) {
	case TIME_MALFORMED:
		return fault(place, "must be a time such as 2026-01-31T12:00:00Z");
	case TIME_NOT_A_WHOLE_HOUR:
		return fault(place, "must be a whole hour such as 2026-01-31T12:00:00Z");
	case TIME_OK:
		break;
	}
	for (char *at = copy; *at; at++)
		*at = *at == ' ' ? '+' : *at == 't' ? 'T' : *at == 'z' ? 'Z' : *at;
	out->text = (struct text){ copy, text.length };
	out->integer = time_seconds(out->text);
	return true;
}

static bool weight_take(const struct place *place, const struct field *field, struct text number, struct value *out)
{
	switch (thousandths_read(number, &out->integer)) {
	case DECIMAL_TOO_FINE:
		return fault(place, "must have at most three decimals");
	case DECIMAL_OUT_OF_RANGE:
		out->integer = INT64_MAX;
		break;
	case DECIMAL_OK:
		break;
	}
	if (out->integer < field->min * 1000 || out->integer > field->max * 1000)
		return in_range(place, field, INT64_MAX);
	out->text =
		text_of(arena_printf(place->arena, "%" PRId64 ".%03" PRId64, out->integer / 1000, out->integer % 1000));
	return true;
}

/* -- from JSON --------------------------------------------------------------------------------- */

enum { EXPONENT_LEAST = -20 };

/* PostgreSQL writes numbers out: what is short here must not come back as hundreds of digits. */
static bool is_plain_number(struct json_object *json)
{
	double value = json_object_get_double(json);
	const char *text = json_object_to_json_string(json);
	const char *exponent = text + strcspn(text, "eE");

	return value > -0x1p63 && value < 0x1p63 && (!*exponent || strtol(exponent + 1, NULL, 10) >= EXPONENT_LEAST);
}

/* The depth is bounded by the JSON check. */
static bool has_plain_numbers(struct json_object *json)
{
	switch (json_object_get_type(json)) {
	case json_type_double:
		return is_plain_number(json);
	case json_type_array:
		for (size_t i = 0; i < json_object_array_length(json); i++)
			if (!has_plain_numbers(json_object_array_get_idx(json, i)))
				return false;
		return true;
	case json_type_object: {
		json_object_object_foreach(json, name, member)
		{
			(void)name;
			if (!has_plain_numbers(member))
				return false;
		}
		return true;
	}
	default:
		return true;
	}
}

static bool payload_take(const struct place *place, const struct field *field, struct json_object *json,
			 struct value *out)
{
	size_t length;
	const char *text = json_object_to_json_string_length(
		json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);

	if (length > (size_t)field->max) {
		faults_add(place->faults, place->path, "must be at most %" PRId64 " bytes of JSON", field->max);
		return false;
	}
	if (!place->is_mended && !has_plain_numbers(json))
		return fault(place,
			     "must not hold numbers beyond 64 bits or with an exponent below -20; send them as text");
	out->text = (struct text){ arena_copy(place->arena, text, length), length };
	return true;
}

/* The word for a JSON type in a fault, and json-c's type; what a field of that type must be. */
static const struct {
	json_type type;
	const char *must_be;
} json_forms[] = {
	[FIELD_ID] = { json_type_int, "must be an integer" },
	[FIELD_ID_OR_NONE] = { json_type_int, "must be an integer" },
	[FIELD_INTEGER] = { json_type_int, "must be an integer" },
	[FIELD_WEIGHT] = { json_type_double, "must be a number" },
	[FIELD_SHARE] = { json_type_double, "must be a number" },
	[FIELD_NUMBER] = { json_type_double, "must be a number" },
	[FIELD_BOOLEAN] = { json_type_boolean, "must be true or false" },
	[FIELD_TEXT] = { json_type_string, "must be text" },
	[FIELD_EXACT] = { json_type_string, "must be text" },
	[FIELD_VISIBLE] = { json_type_string, "must be text" },
	[FIELD_CHOICE] = { json_type_string, "must be text" },
	[FIELD_TIME] = { json_type_string, "must be text" },
	[FIELD_HOUR] = { json_type_string, "must be text" },
	[FIELD_CURSOR] = { json_type_string, "must be text" },
	[FIELD_JSON] = { json_type_object, "must be an object" },
	[FIELD_OBJECT] = { json_type_object, "must be an object" },
	[FIELD_LIST] = { json_type_array, "must be a list" },
};

static bool has_form(const struct field *field, struct json_object *json)
{
	if (field->type == FIELD_WEIGHT && json_object_is_type(json, json_type_int))
		return true;
	return json_object_is_type(json, json_forms[field->type].type);
}

bool value_from_json(const struct place *place, const struct field *field, struct json_object *json,
		     struct value *value_out)
{
	if (!json) {
		value_out->is_null = true;
		return field->flags & FIELD_NULLABLE || fault(place, "must not be null");
	}
	if (!has_form(field, json))
		return fault(place, json_forms[field->type].must_be);
	switch (field->type) {
	case FIELD_ID:
		return id_take(place, json_object_get_int64(json), value_out);
	case FIELD_INTEGER:
		value_out->integer = json_object_get_int64(json);
		return in_range(place, field, value_out->integer);
	case FIELD_WEIGHT:
		return weight_take(place, field, text_of(json_object_to_json_string(json)), value_out);
	case FIELD_BOOLEAN:
		value_out->integer = json_object_get_boolean(json);
		return true;
	case FIELD_TEXT:
	case FIELD_EXACT:
		return text_take(place, field, json_text(json), value_out);
	case FIELD_VISIBLE:
		return visible_take(place, field, json_text(json), value_out);
	case FIELD_CHOICE:
		return choice_take(place, field, json_text(json), value_out);
	case FIELD_TIME:
	case FIELD_HOUR:
		return time_take(place, field, json_text(json), value_out);
	case FIELD_JSON:
		return payload_take(place, field, json, value_out);
	default: /* objects and lists are walked in fields.c; the rest stands in queries and answers only */
		return fault(place, "is not taken here");
	}
}

/* -- from a query ------------------------------------------------------------------------------ */

bool value_from_text(const struct place *place, const struct field *field, struct text text, struct value *value_out)
{
	switch (field->type) {
	case FIELD_ID_OR_NONE:
		if (text_equals(text, TEXT("none")))
			return true;
		if (!integer_read(text, &value_out->integer) || value_out->integer <= 0)
			return fault(place, "must be an id or the word none");
		return true;
	case FIELD_ID:
		if (!integer_read(text, &value_out->integer))
			value_out->integer = 0;
		return id_take(place, value_out->integer, value_out);
	case FIELD_INTEGER:
		if (!integer_read(text, &value_out->integer))
			return fault(place, "must be an integer");
		return in_range(place, field, value_out->integer);
	case FIELD_BOOLEAN:
		value_out->integer = text_equals(text, TEXT("true"));
		return value_out->integer || text_equals(text, TEXT("false")) || fault(place, "must be true or false");
	case FIELD_TEXT:
	case FIELD_EXACT:
		return text_take(place, field, text, value_out);
	case FIELD_VISIBLE:
		return visible_take(place, field, text, value_out);
	case FIELD_CHOICE:
		return choice_take(place, field, text, value_out);
	case FIELD_TIME:
	case FIELD_HOUR:
		return time_take(place, field, text, value_out);
	case FIELD_CURSOR:
		value_out->text = text;
		value_out->integer = cursor_read(place->list, text);
		return value_out->integer > 0 || fault(place, "is not a cursor of this list");
	default: /* the rest stands in bodies and answers only */
		return fault(place, "is not taken here");
	}
}
