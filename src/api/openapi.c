/*
 * Prints the OpenAPI 3.1 document from the routes and their tables of fields: what it says of an input is what
 * the input is checked by. Paths here; schemas in openapi_schemas.c.
 */
#include "api/openapi.h"
#include "api/problems.h"

#include <strings.h>

static const struct {
	const char *name, *about;
} tags[] = {
	{ "Operators", "The people who take contacts, each with a limit of active ones." },
	{ "Sources", "Where contacts come from, and which operators serve them with what weight." },
	{ "Leads", "The people who make contact, known by an external id." },
	{ "Contacts", "Single inquiries. Each goes to one operator, or waits." },
	{ "Distribution", "How contacts are spread over the operators." },
	{ "Access", "Keys, and what their bearers may do." },
	{ "Service", "The service about itself." },
};

static void print_info(struct buf *out)
{
	buf_string(out,
		   "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Lead distribution API\",\"version\":\"" LEADD_VERSION
		   "\",\"summary\":\"Takes in contacts and hands each to one operator.\",\"description\":");
	buf_json(
		out,
		TEXT("A contact names its lead by an external id and its source. The service recognises the lead, "
		     "or makes it, and hands the contact to one operator of the source: chosen at random in "
		     "proportion to weights, among those who are active and below their limit of active "
		     "contacts. When nobody is free the contact is stored all the same and waits.\n\n"
		     "Every path works with and without its trailing slash. Errors are problem+json (RFC 9457), "
		     "with every fault of an input at once (the first hundred). Every answer carries X-Request-Id: the "
		     "client's own of at most 64 letters, digits, dots, hyphens and underscores, or a new one.\n\n"
		     "A body has at most 128 KiB, a `payload` 64 KiB, and JSON at most 16 levels. White space around "
		     "texts is taken off (`lead_external_id` must have none), and no text holds U+0000. Whole numbers "
		     "are written without a decimal point.\n\n"
		     "Beside the problems that each operation lists, HTTP itself may be answered with 405, 408, "
		     "414, 417, 431, 501 or 505, and a fault of the service with 500, as problem+json too; "
		     "`/problems/` explains all of them."));
	buf_string(out, ",\"license\":{\"name\":\"MIT\",\"identifier\":\"MIT\"}},\"servers\":[{\"url\":\"/\","
			"\"description\":\"This service\"}],\"security\":[],\"tags\":[");
	for (size_t i = 0; i < COUNT_OF(tags); i++) {
		buf_printf(out, "%s{\"name\":\"%s\",\"description\":", i ? "," : "", tags[i].name);
		buf_json(out, text_of(tags[i].about));
		buf_char(out, '}');
	}
	buf_char(out, ']');
}

/* -- parameters -------------------------------------------------------------------------------- */

/* "{source_id}" or "{slug:text}": the name alone, as OpenAPI writes paths. */
static void print_path(struct buf *out, const char *path)
{
	for (; *path; path++) {
		if (*path == ':')
			path += strcspn(path, "}");
		buf_char(out, *path);
	}
}

/*
 * The examples stand in the schemas: those of a parameter itself are what a form begins with, and nobody should change
 * number 1 by pressing a button.
 */
static void print_path_parameters(struct buf *out, const char *path, bool *is_first)
{
	for (path = strchr(path, '{'); path; path = strchr(path + 1, '{')) {
		size_t name = strcspn(path + 1, ":}");

		buf_printf(out, "%s{\"name\":\"%.*s\",\"in\":\"path\",\"required\":true,", *is_first ? "" : ",",
			   (int)name, path + 1);
		if (path[1 + name] == ':')
			buf_string(out, "\"description\":\"As the type of a problem names it.\","
					"\"schema\":{\"type\":\"string\",\"examples\":[\"validation\"]}}");
		else
			buf_string(out, "\"description\":\"Its id.\",\"schema\":{\"type\":\"integer\","
					"\"format\":\"int64\",\"minimum\":1,\"examples\":[1]}}");
		*is_first = false;
	}
}

static void print_parameter(struct buf *out, const struct field *field, const char *place, bool *is_first)
{
	buf_printf(out, "%s{\"name\":\"%s\",\"in\":\"%s\",\"required\":%s,\"description\":", *is_first ? "" : ",",
		   field->name, place, field->flags & FIELD_REQUIRED ? "true" : "false");
	buf_json(out, text_of(field->help));
	buf_string(out, ",\"schema\":");
	openapi_print_field(out, field, SCHEMA_DRAFT, true);
	buf_char(out, '}');
	*is_first = false;
}

static void print_parameters(struct buf *out, const struct route *route, const struct endpoint *endpoint)
{
	bool is_first = true;

	buf_string(out, ",\"parameters\":[");
	print_path_parameters(out, route->path, &is_first);
	for (const struct field *field = endpoint->query; field && field->name; field++)
		print_parameter(out, field, "query", &is_first);
	if (endpoint->takes_idempotency_key)
		print_parameter(out, &idempotency_key_field, "header", &is_first);
	if (endpoint->takes_if_match)
		buf_printf(out,
			   "%s{\"name\":\"If-Match\",\"in\":\"header\",\"required\":false,\"description\":\"Change it "
			   "only if this is still its ETag.\",\"schema\":{\"type\":\"string\","
			   "\"examples\":[\"\\\"1\\\"\"]}}",
			   is_first ? "" : ",");
	if (endpoint->takes_last_event_id)
		buf_printf(out,
			   "%s{\"name\":\"Last-Event-ID\",\"in\":\"header\",\"required\":false,\"description\":"
			   "\"The id of the last message that came, from whatever process.\",\"schema\":"
			   "{\"type\":\"string\"}}",
			   is_first ? "" : ",");
	buf_char(out, ']');
}

/* -- answers ----------------------------------------------------------------------------------- */

void openapi_print_headers(struct buf *out, unsigned headers)
{
	buf_string(out, ",\"headers\":{\"X-Request-Id\":{\"$ref\":\"#/components/headers/RequestId\"}");
	if (headers & ANSWER_HAS_LOCATION)
		buf_string(out, ",\"Location\":{\"$ref\":\"#/components/headers/Location\"}");
	if (headers & ANSWER_HAS_ETAG)
		buf_string(out, ",\"ETag\":{\"$ref\":\"#/components/headers/ETag\"}");
	if (headers & ANSWER_MAY_BE_REPLAYED)
		buf_string(out, ",\"Idempotency-Replayed\":{\"$ref\":\"#/components/headers/IdempotencyReplayed\"}");
	if (headers & ANSWER_HAS_RETRY_AFTER)
		buf_string(out, ",\"Retry-After\":{\"$ref\":\"#/components/headers/RetryAfter\"}");
	if (headers & ANSWER_HAS_CHALLENGE)
		buf_string(out, ",\"WWW-Authenticate\":{\"$ref\":\"#/components/headers/Challenge\"}");
	buf_char(out, '}');
}

static void print_content(struct buf *out, const struct answer *answer)
{
	if (answer->shape == ANSWER_EMPTY)
		return;
	if (answer->shape == ANSWER_OTHER) {
		bool is_text = strncmp(answer->content_type, "text/", 5) == 0;

		buf_printf(out, ",\"content\":{\"%s\":{%s}}", answer->content_type,
			   is_text ? "\"schema\":{\"type\":\"string\"}" : "");
		return;
	}
	buf_string(out, ",\"content\":{\"application/json\":{\"schema\":");
	if (answer->shape == ANSWER_OBJECT)
		openapi_print_ref(out, answer->schema);
	else {
		buf_string(out, "{\"type\":\"object\",\"required\":[\"items\"");
		buf_string(out, answer->shape == ANSWER_PAGE ? ",\"next_cursor\"]" : "]");
		buf_string(out, ",\"properties\":{\"items\":{\"type\":\"array\",\"items\":");
		openapi_print_ref(out, answer->schema);
		buf_char(out, '}');
		if (answer->shape == ANSWER_PAGE)
			buf_string(out,
				   ",\"next_cursor\":{\"type\":[\"string\",\"null\"],\"description\":"
				   "\"Send it as cursor for the next page; null: this is the last. A page that is not "
				   "the last may be shorter than limit, when its items are large.\"}");
		buf_string(out, "}}");
	}
	buf_char(out, '}');
	if (answer->content_type)
		buf_printf(out, ",\"%s\":{}", answer->content_type);
	buf_char(out, '}');
}

static void print_answers(struct buf *out, const struct endpoint *endpoint)
{
	for (const struct answer *answer = endpoint->answers;
	     answer < endpoint->answers + ANSWERS_MAX && answer->status; answer++) {
		buf_printf(out, "%s\"%d\":{\"description\":", answer == endpoint->answers ? "" : ",", answer->status);
		buf_json(out, text_of(answer->about));
		openapi_print_headers(out, answer->headers);
		print_content(out, answer);
		buf_char(out, '}');
	}
}

/* -- bodies ------------------------------------------------------------------------------------ */

static void print_body(struct buf *out, const struct endpoint *endpoint)
{
	buf_printf(out, ",\"requestBody\":{\"required\":%s,\"content\":{\"application/json\":{\"schema\":",
		   endpoint->is_body_optional ? "false" : "true");
	openapi_print_ref(out, endpoint->body);
	buf_string(out, ",\"example\":");
	if (endpoint->body_example)
		buf_string(out, endpoint->body_example);
	else
		openapi_print_example(out, endpoint->body);
	buf_string(out, "}}}");
}

/* JSON Schema has no word for lines of JSON: the second form is a text that says so. */
static void print_bulk(struct buf *out, const struct field *bulk)
{
	struct buf example;

	buf_init(&example);
	openapi_print_example(&example, bulk->schema);
	buf_string(out, ",\"requestBody\":{\"required\":true,\"content\":{\"application/json\":{\"schema\":");
	openapi_print_field(out, bulk, SCHEMA_DRAFT, false);
	buf_printf(out, ",\"example\":[%s]},\"application/x-ndjson\":{\"schema\":{\"type\":\"string\",", example.bytes);
	buf_printf(out,
		   "\"description\":\"The same as lines, each a %s as JSON. Blank lines are passed over.\"},"
		   "\"example\":",
		   bulk->schema->name);
	buf_char(&example, '\n');
	buf_json(out, (struct text){ example.bytes, example.length });
	buf_string(out, "}}}");
	buf_done(&example);
}

/* -- operations -------------------------------------------------------------------------------- */

static const char *method_name(enum http_method method)
{
	switch (method) {
	case HTTP_GET:
		return "get";
	case HTTP_POST:
		return "post";
	case HTTP_PUT:
		return "put";
	case HTTP_PATCH:
		return "patch";
	case HTTP_DELETE:
		return "delete";
	default:
		return "options";
	}
}

/* Whose keys open it. */
static void print_roles(struct buf *out, unsigned roles)
{
	buf_string(out, "\n\nFor keys with one of these roles:");
	for (size_t i = 0; role_names[i]; i++)
		if (roles & role_at(i))
			buf_printf(out, " %s%c", role_names[i], roles >> (i + 1) ? ',' : '.');
}

static void print_description(struct buf *out, const struct route *route, const struct endpoint *endpoint,
			      bool is_locked)
{
	struct buf text;

	buf_init(&text);
	buf_string(&text, endpoint->about ? endpoint->about : endpoint->summary);
	if (is_locked)
		print_roles(&text, route->roles);
	buf_string(out, ",\"description\":");
	buf_json(out, (struct text){ text.bytes, text.length });
	buf_done(&text);
}

static void print_operation(struct buf *out, const struct route *route, const struct endpoint *endpoint, bool is_locked)
{
	buf_printf(out, "\"%s\":{\"operationId\":\"%s\",\"tags\":[\"%s\"],\"summary\":", method_name(route->method),
		   endpoint->id, endpoint->tag);
	buf_json(out, text_of(endpoint->summary));
	print_description(out, route, endpoint, is_locked);
	if (is_locked)
		buf_string(out, ",\"security\":[{\"bearer\":[]},{\"apiKey\":[]}]");
	print_parameters(out, route, endpoint);
	if (endpoint->body)
		print_body(out, endpoint);
	if (endpoint->bulk)
		print_bulk(out, endpoint->bulk);
	buf_string(out, ",\"responses\":{");
	print_answers(out, endpoint);
	openapi_print_problems(out, route, endpoint, is_locked);
	buf_string(out, "}}");
}

/* Rows with the same path stand together in the table. */
static void print_paths(struct buf *out, const struct route *routes, bool needs_keys)
{
	const char *open = NULL; /* the path whose object is open */

	buf_string(out, ",\"paths\":{");
	for (const struct route *route = routes; route->path; route++) {
		const struct endpoint *endpoint = route->about;

		if (endpoint->is_hidden)
			continue;
		if (open && strcmp(open, route->path) == 0)
			buf_char(out, ',');
		else {
			buf_string(out, open ? "},\"" : "\"");
			print_path(out, route->path);
			buf_string(out, "\":{");
			open = route->path;
		}
		print_operation(out, route, endpoint, needs_keys && route->roles);
	}
	buf_string(out, "}}");
}

void openapi_print(struct buf *out, const struct route *routes, bool needs_keys)
{
	print_info(out);
	print_paths(out, routes, needs_keys);
	buf_string(
		out,
		",\"components\":{\"headers\":{"
		"\"RequestId\":{\"description\":\"The client's own X-Request-Id, or one made here; stands in the "
		"log.\",\"schema\":{\"type\":\"string\"}},"
		"\"Location\":{\"description\":\"Path of what was made.\",\"schema\":{\"type\":\"string\"}},"
		"\"RetryAfter\":{\"description\":\"Seconds after which it may be tried again.\",\"schema\":{\"type\":"
		"\"integer\"}},"
		"\"IdempotencyReplayed\":{\"description\":\"true: the key came before, and this is the first answer "
		"again.\",\"schema\":{\"type\":\"string\",\"enum\":[\"true\"]}},"
		"\"ETag\":{\"description\":\"The version in quotes.\",\"schema\":{\"type\":\"string\"}}");
	if (needs_keys)
		buf_string(out, ",\"Challenge\":{\"description\":\"Bearer; error=\\\"invalid_token\\\" where a key was "
				"sent.\",\"schema\":{\"type\":\"string\"}}");
	buf_string(out, "},\"schemas\":{");
	openapi_print_schemas(out, routes);
	buf_string(out, "}");
	if (needs_keys)
		buf_string(out, ",\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\","
				"\"description\":\"A key that begins with leadd_.\"},\"apiKey\":{\"type\":"
				"\"apiKey\",\"in\":\"header\",\"name\":\"X-API-Key\",\"description\":\"The same.\"}}");
	buf_string(out, "}}");
}
