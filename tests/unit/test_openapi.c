/* The document that is printed from the tables: whole, without loose ends, and true of what the program takes. */
#include "api/openapi.h"
#include "http/json.h"
#include "unit/fake_request.h"
#include "unit/unit.h"

#include <json-c/json.h>

static struct arena *arena;
static struct buf printed;
static struct json_object *document;

static void setup(void)
{
	arena = arena_new();
	buf_init(&printed);
	openapi_print(&printed, api_routes, true);
	document = json_tokener_parse(printed.bytes);
	ck_assert_ptr_nonnull(document);
}

static void teardown(void)
{
	json_object_put(document);
	buf_done(&printed);
	arena_free(&arena);
}

static struct json_object *member(struct json_object *object, const char *name)
{
	struct json_object *found = NULL;

	json_object_object_get_ex(object, name, &found);
	return found;
}

static const char *text_member(struct json_object *object, const char *name)
{
	struct json_object *found = member(object, name);

	return json_object_is_type(found, json_type_string) ? json_object_get_string(found) : "";
}

/* What "#/components/schemas/Contact" leads to; NULL: nothing. */
static struct json_object *resolve(const char *reference)
{
	struct json_object *at = document;
	char *path, *rest = NULL;

	if (strncmp(reference, "#/", 2) != 0)
		return NULL;
	path = arena_copy(arena, reference + 2, strlen(reference) - 2);
	for (char *name = strtok_r(path, "/", &rest); name; name = strtok_r(NULL, "/", &rest))
		at = member(at, name);
	return at;
}

static void visit(struct json_object *json, const char *path, void (*on_object)(struct json_object *, const char *path))
{
	if (json_object_is_type(json, json_type_array))
		for (size_t i = 0; i < json_object_array_length(json); i++)
			visit(json_object_array_get_idx(json, i), arena_printf(arena, "%s/%zu", path, i), on_object);
	if (!json_object_is_type(json, json_type_object))
		return;
	on_object(json, path);
	json_object_object_foreach(json, name, value)
	{
		visit(value, arena_printf(arena, "%s/%s", path, name), on_object);
	}
}

/* A route's path as OpenAPI writes it: "{slug:text}" is "{slug}". */
static const char *written_path(const char *path)
{
	char *written = arena_alloc(arena, strlen(path) + 1, 1);
	size_t length = 0;

	for (; *path; path++) {
		if (*path == ':')
			path += strcspn(path, "}");
		written[length++] = *path;
	}
	return written;
}

static const char *written_method(enum http_method method)
{
	return method == HTTP_GET      ? "get"
	       : method == HTTP_POST   ? "post"
	       : method == HTTP_PUT    ? "put"
	       : method == HTTP_PATCH  ? "patch"
	       : method == HTTP_DELETE ? "delete"
				       : "none";
}

static struct json_object *operation_of(const struct route *route)
{
	return member(member(member(document, "paths"), written_path(route->path)), written_method(route->method));
}

/* Runs a check on each route that the document shows. */
static void for_each_shown(void (*check)(const struct route *route, const struct endpoint *endpoint,
					 struct json_object *operation))
{
	for (const struct route *route = api_routes; route->path; route++) {
		const struct endpoint *endpoint = route->about;

		if (!endpoint->is_hidden)
			check(route, endpoint, operation_of(route));
	}
}

/* -- the document ------------------------------------------------------------------------------ */

/* Also that no path, operation or schema is in it twice: the later one would hide the other. */
START_TEST(it_is_strict_json_without_a_member_given_twice)
{
	struct faults *faults = faults_new(arena);
	const char *malformed = NULL;

	ck_assert_msg(json_check((struct text){ printed.bytes, printed.length }, faults, &malformed), "%s", malformed);
	ck_assert_msg(faults->count == 0, "%s %s", faults->items[0].field, faults->items[0].message);
}
END_TEST

static void check_reference(struct json_object *object, const char *path)
{
	struct json_object *reference = member(object, "$ref");

	if (json_object_is_type(reference, json_type_string))
		ck_assert_msg(resolve(json_object_get_string(reference)) != NULL, "%s: %s", path,
			      json_object_get_string(reference));
}

START_TEST(every_reference_leads_somewhere)
{
	visit(document, "", check_reference);
}
END_TEST

static void check_is_there(const struct route *route, const struct endpoint *endpoint, struct json_object *operation)
{
	ck_assert_msg(operation != NULL, "%s %s", written_method(route->method), route->path);
	ck_assert_str_eq(text_member(operation, "operationId"), endpoint->id);
}

START_TEST(every_route_that_is_not_hidden_is_in_it)
{
	for_each_shown(check_is_there);
}
END_TEST

START_TEST(nothing_else_is_in_it)
{
	int shown = 0, printed_operations = 0;

	for (const struct route *route = api_routes; route->path; route++)
		shown += !((const struct endpoint *)route->about)->is_hidden;
	json_object_object_foreach(member(document, "paths"), path, operations)
	{
		(void)path;
		printed_operations += json_object_object_length(operations);
	}
	ck_assert_int_eq(printed_operations, shown);
}
END_TEST

START_TEST(operation_ids_are_unique)
{
	for (const struct route *route = api_routes; route->path; route++)
		for (const struct route *other = route + 1; other->path; other++) {
			const struct endpoint *a = route->about, *b = other->about;

			if (a != b)
				ck_assert_str_ne(a->id, b->id);
		}
}
END_TEST

static void check_tag(const struct route *route, const struct endpoint *endpoint, struct json_object *operation)
{
	struct json_object *tags = member(document, "tags");
	bool is_known = false;

	(void)operation;
	for (size_t i = 0; i < json_object_array_length(tags); i++)
		is_known |= strcmp(text_member(json_object_array_get_idx(tags, i), "name"), endpoint->tag) == 0;
	ck_assert_msg(is_known, "%s: %s", route->path, endpoint->tag);
}

START_TEST(every_tag_is_described)
{
	for_each_shown(check_tag);
}
END_TEST

static bool has_parameter(struct json_object *operation, const char *place, const char *name)
{
	struct json_object *parameters = member(operation, "parameters");

	for (size_t i = 0; i < json_object_array_length(parameters); i++) {
		struct json_object *parameter = json_object_array_get_idx(parameters, i);

		if (strcmp(text_member(parameter, "in"), place) == 0 &&
		    strcmp(text_member(parameter, "name"), name) == 0)
			return *text_member(parameter, "description") && member(parameter, "schema");
	}
	return false;
}

static void check_parameters(const struct route *route, const struct endpoint *endpoint, struct json_object *operation)
{
	for (const char *at = strchr(route->path, '{'); at; at = strchr(at + 1, '{')) {
		const char *name = arena_copy(arena, at + 1, strcspn(at + 1, ":}"));

		ck_assert_msg(has_parameter(operation, "path", name), "%s: %s", route->path, name);
	}
	for (const struct field *field = endpoint->query; field && field->name; field++)
		ck_assert_msg(has_parameter(operation, "query", field->name), "%s: %s", route->path, field->name);
}

START_TEST(every_part_of_a_path_and_of_a_query_is_described)
{
	for_each_shown(check_parameters);
}
END_TEST

/* A problem that follows from the path and is listed by the endpoint as well would be told twice. */
static void check_responses(const struct route *route, const struct endpoint *endpoint, struct json_object *operation)
{
	struct json_object *responses = member(operation, "responses");

	(void)endpoint;
	ck_assert_msg(json_object_object_length(responses) >= 2, "%s", route->path);
	json_object_object_foreach(responses, status, response)
	{
		const char *slug = strstr(text_member(response, "description"), "`/problems/");

		ck_assert_msg(*text_member(response, "description"), "%s %s", route->path, status);
		for (; slug; slug = strstr(slug + 1, "`/problems/")) {
			const char *once = arena_copy(arena, slug, strcspn(slug + 1, "`") + 2);

			ck_assert_msg(!strstr(slug + 1, once), "%s %s: %s", route->path, status, once);
		}
	}
}

START_TEST(every_answer_is_described_once)
{
	for_each_shown(check_responses);
}
END_TEST

static void check_properties(struct json_object *object, const char *path)
{
	struct json_object *properties = member(object, "properties");

	if (!properties || strstr(path, "/examples") || strncmp(path, "/components/schemas/", 20) != 0)
		return;
	json_object_object_foreach(properties, name, property)
	{
		ck_assert_msg(*text_member(property, "description"), "%s: %s", path, name);
	}
}

START_TEST(every_property_of_a_schema_is_described)
{
	visit(document, "", check_properties);
}
END_TEST

/* -- the tables -------------------------------------------------------------------------------- */

static void check_help(const char *owner, const struct field *fields)
{
	for (const struct field *field = fields; field && field->name; field++) {
		ck_assert_msg(field->help && *field->help, "%s: %s", owner, field->name);
		if (field->schema)
			check_help(field->schema->name, field->schema->fields);
	}
}

static void check_input_help(const struct route *route, const struct endpoint *endpoint, struct json_object *operation)
{
	(void)operation;
	check_help(route->path, endpoint->query);
	if (endpoint->body)
		check_help(endpoint->body->name, endpoint->body->fields);
}

START_TEST(every_field_of_an_input_has_help)
{
	for_each_shown(check_input_help);
}
END_TEST

static void check_required(const struct route *route, const struct endpoint *endpoint, struct json_object *operation)
{
	struct json_object *schema, *required;
	size_t wanted = 0;

	(void)operation;
	if (!endpoint->body)
		return;
	schema = resolve(arena_printf(arena, "#/components/schemas/%s", endpoint->body->name));
	required = member(schema, "required");
	for (const struct field *field = endpoint->body->fields; field->name; field++) {
		bool is_draft = endpoint->body->use == SCHEMA_DRAFT;

		wanted += is_draft && field->flags & FIELD_REQUIRED;
		ck_assert_msg((member(member(member(schema, "properties"), field->name), "default") != NULL) ==
				      (is_draft && field->fallback),
			      "%s: default of %s", route->path, field->name);
	}
	ck_assert_uint_eq(required ? json_object_array_length(required) : 0, wanted);
	ck_assert(!json_object_get_boolean(member(schema, "additionalProperties")));
}

START_TEST(bodies_say_what_they_require_and_what_stands_in)
{
	for_each_shown(check_required);
}
END_TEST

static void check_example(const struct route *route, const struct endpoint *endpoint, struct json_object *operation)
{
	const struct schema *body = endpoint->bulk ? endpoint->bulk->schema : endpoint->body;
	struct request *request;
	struct faults *faults;
	const char *malformed = NULL;
	struct buf example;

	(void)operation;
	if (!body)
		return;
	buf_init(&example);
	openapi_print_example(&example, body);
	request = fake_request_new("", (struct text){ example.bytes, example.length });
	faults = faults_new(request_arena(request));
	fields_read_body(request, body, faults, &malformed);
	ck_assert_msg(!malformed, "%s: %s", route->path, malformed);
	ck_assert_msg(faults->count == 0, "%s: %s %s", route->path, faults->items[0].field, faults->items[0].message);
	fake_request_free(&request);
	buf_done(&example);
}

START_TEST(the_example_of_each_body_passes_its_own_check)
{
	for_each_shown(check_example);
}
END_TEST

UNIT_SUITE(openapi)
{
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, it_is_strict_json_without_a_member_given_twice);
	tcase_add_test(tests, every_reference_leads_somewhere);
	tcase_add_test(tests, every_route_that_is_not_hidden_is_in_it);
	tcase_add_test(tests, nothing_else_is_in_it);
	tcase_add_test(tests, operation_ids_are_unique);
	tcase_add_test(tests, every_tag_is_described);
	tcase_add_test(tests, every_part_of_a_path_and_of_a_query_is_described);
	tcase_add_test(tests, every_answer_is_described_once);
	tcase_add_test(tests, every_property_of_a_schema_is_described);
	tcase_add_test(tests, every_field_of_an_input_has_help);
	tcase_add_test(tests, bodies_say_what_they_require_and_what_stands_in);
	tcase_add_test(tests, the_example_of_each_body_passes_its_own_check);
}
