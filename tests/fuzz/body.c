/* Bodies, read along the tables of the real endpoints: what is taken obeys its row, what is not is told as a fault. */
#include "fuzz/fuzz.h"

#include "api/api.h"
#include "api/endpoint.h"
#include "http/utf8.h"
#include "unit/fake_request.h"

/* The first byte says which endpoint, the others are the body. */
static const struct endpoint *endpoint_of(uint8_t choice)
{
	size_t count = 0, wanted;

	for (const struct route *route = api_routes; route->path; route++)
		count += ((const struct endpoint *)route->about)->body != NULL;
	wanted = choice % count;
	for (const struct route *route = api_routes;; route++) {
		const struct endpoint *endpoint = route->about;

		if (endpoint->body && wanted-- == 0)
			return endpoint;
	}
}

static size_t characters_of(struct text text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.length; i++)
		count += ((unsigned char)text.at[i] & 0xc0) != 0x80;
	return count;
}

static bool is_choice(const struct field *field, struct text text)
{
	for (const char *const *choice = field->choices; *choice; choice++)
		if (text_equals(text, text_of(*choice)))
			return true;
	return false;
}

static void hold_text(const struct field *field, struct text text)
{
	HOLDS(text.at);
	HOLDS(text.at[text.length] == '\0' && strlen(text.at) == text.length);
	HOLDS(utf8_is_valid(text));
	if (field->type == FIELD_TEXT || field->type == FIELD_EXACT || field->type == FIELD_VISIBLE)
		HOLDS(characters_of(text) >= (size_t)field->min && characters_of(text) <= (size_t)field->max);
	for (size_t i = 0; field->type == FIELD_VISIBLE && i < text.length; i++)
		HOLDS(text.at[i] > 0x20 && text.at[i] < 0x7f);
	if (field->type == FIELD_JSON)
		HOLDS(text.length <= (size_t)field->max && text.at[0] == '{');
	if (field->type == FIELD_CHOICE)
		HOLDS(is_choice(field, text));
}

static void hold_value(const struct field *field, const struct value *value)
{
	switch (field->type) {
	case FIELD_ID:
	case FIELD_CURSOR:
		HOLDS(value->integer > 0);
		break;
	case FIELD_INTEGER:
		HOLDS(value->integer >= field->min && value->integer <= field->max);
		break;
	case FIELD_WEIGHT:
		HOLDS(value->integer >= field->min * 1000 && value->integer <= field->max * 1000);
		break;
	case FIELD_BOOLEAN:
		HOLDS(value->integer == 0 || value->integer == 1);
		break;
	case FIELD_OBJECT:
		HOLDS(value->members);
		fuzz_hold_values(field->schema->fields, value->members);
		break;
	case FIELD_LIST:
		HOLDS(value->count >= (size_t)field->min && value->count <= (size_t)field->max);
		for (size_t i = 0; i < value->count; i++)
			fuzz_hold_values(field->schema->fields, value->items[i]);
		break;
	case FIELD_ID_OR_NONE:
		HOLDS(value->integer >= 0);
		break;
	default:
		hold_text(field, value->text);
	}
}

void fuzz_hold_values(const struct field *fields, const struct value *values)
{
	for (; fields && fields->name; fields++, values++) {
		if (!values->is_null)
			hold_value(fields, values);
		else if (values->is_given)
			HOLDS(fields->flags & FIELD_NULLABLE);
	}
}

void fuzz_body(const uint8_t *bytes, size_t length)
{
	const struct endpoint *endpoint = endpoint_of(length ? bytes[0] : 0);
	struct text body = { mem_copy(length ? bytes + 1 : bytes, length ? length - 1 : 0), length ? length - 1 : 0 };
	struct request *request = fake_request_new("", body);
	struct faults *faults = faults_new(request_arena(request));
	const char *malformed = NULL;
	const struct value *values = fields_read_body(request, endpoint->body, faults, &malformed);

	if (malformed)
		HOLDS(!values);
	else if (!faults->count)
		HOLDS(values);
	if (!malformed && endpoint->check && values)
		endpoint->check(values, faults);
	if (values && !faults->count)
		fuzz_hold_values(endpoint->body->fields, values);
	fuzz_hold_faults(faults);
	fake_request_free(&request);
	mem_free((char *)body.at);
}
