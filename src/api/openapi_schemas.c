/* JSON Schemas from tables of fields. */
#include "api/openapi.h"

#include <inttypes.h>

enum { SCHEMAS_MAX = 64 };

static void print_type(struct buf *out, const char *type, bool is_nullable)
{
	if (is_nullable)
		buf_printf(out, "\"type\":[\"%s\",\"null\"]", type);
	else
		buf_printf(out, "\"type\":\"%s\"", type);
}

static void print_range(struct buf *out, const char *least, const char *most, const struct field *field)
{
	buf_printf(out, ",\"%s\":%" PRId64, least, field->min);
	if (field->max != INT64_MAX)
		buf_printf(out, ",\"%s\":%" PRId64, most, field->max);
}

static void print_choices(struct buf *out, const struct field *field)
{
	buf_string(out, ",\"enum\":[");
	for (const char *const *choice = field->choices; *choice; choice++)
		buf_printf(out, "%s\"%s\"", choice == field->choices ? "" : ",", *choice);
	buf_string(out, field->flags & FIELD_NULLABLE ? ",null]" : "]");
}

static void print_time(struct buf *out, bool is_nullable, enum schema_use use)
{
	print_type(out, "string", is_nullable);
	buf_string(out, ",\"format\":\"date-time\"");
	if (use == SCHEMA_ANSWER)
		buf_string(out, ",\"pattern\":\"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z$\"");
}

static void print_rule(struct buf *out, const struct field *field, enum schema_use use)
{
	bool is_nullable = field->flags & FIELD_NULLABLE;

	switch (field->type) {
	case FIELD_ID:
		print_type(out, "integer", is_nullable);
		buf_string(out, ",\"format\":\"int64\",\"minimum\":1");
		return;
	case FIELD_ID_OR_NONE:
		buf_string(out, "\"oneOf\":[{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":1},"
				"{\"const\":\"none\"}]");
		return;
	case FIELD_INTEGER:
		print_type(out, "integer", is_nullable);
		buf_string(out, ",\"format\":\"int64\"");
		print_range(out, "minimum", "maximum", field);
		return;
	case FIELD_WEIGHT:
		print_type(out, "number", is_nullable);
		print_range(out, "minimum", "maximum", field);
		return;
	case FIELD_SHARE:
		print_type(out, "number", is_nullable);
		buf_string(out, ",\"minimum\":0,\"maximum\":1");
		return;
	case FIELD_NUMBER:
		print_type(out, "number", is_nullable);
		print_range(out, "minimum", "maximum", field);
		return;
	case FIELD_BOOLEAN:
		print_type(out, "boolean", is_nullable);
		return;
	case FIELD_TEXT:
	case FIELD_EXACT:
		print_type(out, "string", is_nullable);
		print_range(out, "minLength", "maxLength", field);
		return;
	case FIELD_VISIBLE:
		print_type(out, "string", is_nullable);
		print_range(out, "minLength", "maxLength", field);
		buf_string(out, ",\"pattern\":\"^[!-~]*$\"");
		return;
	case FIELD_CHOICE:
		print_type(out, "string", is_nullable);
		print_choices(out, field);
		return;
	case FIELD_TIME:
	case FIELD_HOUR:
		print_time(out, is_nullable, use);
		return;
	case FIELD_CURSOR:
		print_type(out, "string", is_nullable);
		return;
	case FIELD_JSON:
		print_type(out, "object", is_nullable);
		buf_string(out, ",\"additionalProperties\":true");
		return;
	case FIELD_OBJECT:
		if (is_nullable)
			buf_printf(out, "\"anyOf\":[{\"$ref\":\"#/components/schemas/%s\"},{\"type\":\"null\"}]",
				   field->schema->name);
		else
			buf_printf(out, "\"$ref\":\"#/components/schemas/%s\"", field->schema->name);
		return;
	case FIELD_LIST:
		print_type(out, "array", is_nullable);
		print_range(out, "minItems", "maxItems", field);
		buf_string(out, ",\"items\":");
		openapi_print_ref(out, field->schema);
		return;
	}
}

void openapi_print_field(struct buf *out, const struct field *field, enum schema_use use, bool is_query)
{
	buf_char(out, '{');
	print_rule(out, field, use);
	if (field->fallback && use == SCHEMA_DRAFT)
		buf_printf(out, ",\"default\":%s", field->fallback);
	if (!is_query) {
		buf_string(out, ",\"description\":");
		buf_json(out, text_of(field->help));
	}
	if (field->example)
		buf_printf(out, ",\"examples\":[%s]", field->example);
	buf_char(out, '}');
}

void openapi_print_ref(struct buf *out, const struct schema *schema)
{
	buf_printf(out, "{\"$ref\":\"#/components/schemas/%s\"}", schema->name);
}

static void print_example_of(struct buf *out, const struct field *field)
{
	if (field->example) {
		buf_string(out, field->example);
		return;
	}
	if (field->type == FIELD_LIST)
		buf_char(out, '[');
	openapi_print_example(out, field->schema);
	if (field->type == FIELD_LIST)
		buf_char(out, ']');
}

void openapi_print_example(struct buf *out, const struct schema *schema)
{
	bool is_first = true;

	buf_char(out, '{');
	for (const struct field *field = schema->fields; field->name; field++) {
		if (!field->example && !field->schema)
			continue;
		buf_printf(out, "%s\"%s\":", is_first ? "" : ",", field->name);
		print_example_of(out, field);
		is_first = false;
	}
	buf_char(out, '}');
}

static bool is_required(const struct schema *schema, const struct field *field)
{
	if (schema->use == SCHEMA_ANSWER)
		return !(field->flags & FIELD_OPTIONAL);
	return schema->use == SCHEMA_DRAFT && field->flags & FIELD_REQUIRED;
}

static void print_schema(struct buf *out, const struct schema *schema)
{
	bool is_first = true;

	buf_printf(out, "\"%s\":{\"type\":\"object\",\"description\":", schema->name);
	buf_json(out, text_of(schema->about));
	for (const struct field *field = schema->fields; field->name; field++) {
		if (!is_required(schema, field))
			continue;
		buf_printf(out, "%s\"%s\"", is_first ? ",\"required\":[" : ",", field->name);
		is_first = false;
	}
	if (!is_first)
		buf_char(out, ']');
	if (schema->use != SCHEMA_ANSWER)
		buf_string(out, ",\"additionalProperties\":false");
	buf_string(out, ",\"properties\":{");
	for (const struct field *field = schema->fields; field->name; field++) {
		buf_printf(out, "%s\"%s\":", field == schema->fields ? "" : ",", field->name);
		openapi_print_field(out, field, schema->use, false);
	}
	buf_string(out, "}}");
}

/* -- the problem, which every endpoint may answer ---------------------------------------------- */

static const struct field fault_fields[] = {
	{ "field", FIELD_TEXT, 0, 0, INT64_MAX,
	  .help = "Path of the member, such as weights[1].weight; empty for the body itself.",
	  .example = "\"weights[1].weight\"" },
	{ "message", FIELD_TEXT, 0, 1, INT64_MAX, .help = "The rule that it breaks.",
	  .example = "\"must be between 0 and 1000000\"" },
	{ 0 },
};

static const struct schema fault_schema = { "Fault", "A value that breaks a rule.", SCHEMA_ANSWER, fault_fields };

static const struct field problem_fields[] = {
	{ "type", FIELD_TEXT, 0, 1, INT64_MAX, .help = "Path of an explanation that this service gives.",
	  .example = "\"/problems/validation\"" },
	{ "title", FIELD_TEXT, 0, 1, INT64_MAX, .help = "The same for every problem of this type.",
	  .example = "\"The input breaks a rule\"" },
	{ "status", FIELD_INTEGER, 0, 400, 599, .help = "The HTTP status.", .example = "422" },
	{ "detail", FIELD_TEXT, FIELD_OPTIONAL, 1, INT64_MAX, .help = "This occurrence, for a person.",
	  .example = "\"1 value breaks a rule; errors has the list\"" },
	{ "instance", FIELD_TEXT, 0, 1, INT64_MAX, .help = "The request id.", .example = "\"5f0c9a1e2b3d4c6f\"" },
	{ "errors", FIELD_LIST, FIELD_OPTIONAL, 1, FAULTS_MAX, .schema = &fault_schema,
	  .help = "With 422: every fault of the input." },
	{ 0 },
};

const struct schema problem_schema = { "Problem", "What is wrong (RFC 9457).", SCHEMA_ANSWER, problem_fields };

/* -- those that the routes use ----------------------------------------------------------------- */

struct found {
	const struct schema *schemas[SCHEMAS_MAX];
	size_t count;
};

static void find_schemas(struct found *found, const struct schema *schema)
{
	if (!schema)
		return;
	for (size_t i = 0; i < found->count; i++)
		if (found->schemas[i] == schema)
			return;
	found->schemas[found->count++] = schema;
	for (const struct field *field = schema->fields; field->name; field++)
		find_schemas(found, field->schema);
}

void openapi_print_schemas(struct buf *out, const struct route *routes)
{
	struct found found = { .count = 0 };

	find_schemas(&found, &problem_schema); /* every error's; the answers name it without a table */
	for (const struct route *route = routes; route->path; route++) {
		const struct endpoint *endpoint = route->about;

		find_schemas(&found, endpoint->body);
		find_schemas(&found, endpoint->bulk ? endpoint->bulk->schema : NULL);
		for (size_t i = 0; i < ANSWERS_MAX; i++)
			find_schemas(&found, endpoint->answers[i].schema);
	}
	for (size_t i = 0; i < found.count; i++) {
		if (i)
			buf_char(out, ',');
		print_schema(out, found.schemas[i]);
	}
}
