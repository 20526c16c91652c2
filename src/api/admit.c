/* Between the router and a handler: the input read and checked by the endpoint's tables. */
#include "api/internal.h"

#include <string.h>
#include <strings.h>

const struct input *request_checked(const struct request *request)
{
	return request_input(request);
}

/* Whether the content is of that type, with any parameters. */
static bool is_type(const char *content_type, const char *type)
{
	size_t length = strlen(type);

	if (!content_type || strncasecmp(content_type, type, length) != 0)
		return false;
	content_type += length + strspn(content_type + length, " \t");
	return *content_type == '\0' || *content_type == ';';
}

/* Whether the body comes in a form that the endpoint takes; where there is no body, no type is needed. */
static bool takes_form(struct request *request, const struct endpoint *endpoint, struct input *input)
{
	const char *content_type = request_header(request, "Content-Type");

	input->is_ndjson = endpoint->bulk && is_type(content_type, "application/x-ndjson");
	if (input->is_ndjson || is_type(content_type, "application/json"))
		return true;
	if (!endpoint->body && !endpoint->bulk)
		return true;
	return !content_type && !request_body(request).length;
}

/* One table row for the header: from it the value is checked, and the OpenAPI document printed. */
const struct field idempotency_key_field = {
	"Idempotency-Key",
	FIELD_VISIBLE,
	0,
	1,
	255,
	.help = "Names this contact, for 24 hours: sent again with the same key, wherever and however often, it "
		"is stored once, and the first answer is given again. A UUID does well.",
};

static struct text read_key(struct request *request, struct faults *faults)
{
	const char *key = request_header(request, idempotency_key_field.name);
	struct place place = { request_arena(request), faults, idempotency_key_field.name, NULL };
	struct value value = { 0 };

	if (key)
		value_from_text(&place, &idempotency_key_field, text_of(key), &value); /* what is wrong it has noted */
	return value.text;
}

const char *api_turn_away(const struct request *request)
{
	const struct endpoint *endpoint = request_route(request)->about;

	return endpoint->turn_away ? endpoint->turn_away(request) : NULL;
}

void api_admit(struct request *request)
{
	const struct endpoint *endpoint = request_route(request)->about;
	struct arena *arena = request_arena(request);
	struct input *input = arena_alloc(arena, 1, sizeof(*input));
	struct faults *faults = faults_new(arena);
	const char *malformed = NULL, *too_much = api_turn_away(request);

	if (too_much) {
		reply_problem(request, &problem_unavailable, "%s", too_much);
		return;
	}
	if (!takes_form(request, endpoint, input)) {
		reply_problem(request, &problem_media_type, "The body must be sent as application/json%s.",
			      endpoint->bulk ? " or application/x-ndjson" : "");
		return;
	}
	if (endpoint->body && (request_body(request).length || !endpoint->is_body_optional))
		input->body = fields_read_body(request, endpoint->body, faults, &malformed);
	if (endpoint->body) /* the values are copies: what waits for the database waits without it */
		request_drop_body(request);
	if (malformed) {
		reply_problem(request, &problem_malformed, "The body is not JSON: %s.", malformed);
		return;
	}
	if (endpoint->check && input->body)
		endpoint->check(input->body, faults);
	if (endpoint->takes_idempotency_key)
		input->key = read_key(request, faults);
	input->query = fields_read_query(request, endpoint->query, endpoint->list, faults);
	if (endpoint->check_query)
		endpoint->check_query(input->query, faults);
	if (faults->count) {
		reply_faults(request, faults);
		return;
	}
	request_set_input(request, input);
	request_route(request)->handle(request);
}
