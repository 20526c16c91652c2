/* Between the router and a handler: the input read and checked by the endpoint's tables. */
#include "api/internal.h"
#include "api/problems.h"

#include <string.h>
#include <strings.h>

void api_init(struct api *api)
{
	buf_init(&api->openapi);
	simulations_init(api);
	events_init(api);
}

void api_done(struct api *api)
{
	buf_done(&api->openapi);
	events_done(api);
}

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
	const char *encoding = request_header(request, "Content-Encoding");

	if (encoding && strcasecmp(encoding, "identity") != 0)
		return false;
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
		"is stored once, and the first answer is given again. A UUID does well. The contact has to be "
		"the same; members of its payload have to come in the same order, too.",
};

static struct text read_key(struct request *request, struct faults *faults)
{
	const char *key = request_header(request, idempotency_key_field.name);
	struct place place = { .arena = request_arena(request), .faults = faults, .path = idempotency_key_field.name };
	struct value value = { 0 };

	if (key)
		value_from_text(&place, &idempotency_key_field, text_of(key), &value); /* what is wrong it has noted */
	return value.text;
}

/*
 * A condition that nobody looks at must not be taken for one that holds (RFC 9110, section 13.1.1), nor one without its
 * quotes for a version that has passed.
 */
static void check_condition(struct request *request, bool is_taken, struct faults *faults)
{
	const char *condition = request_header(request, "If-Match");

	if (!condition || strcmp(condition, "*") == 0)
		return;
	if (!is_taken)
		faults_add(faults, "If-Match", "is not taken here: only contacts have versions");
	else if (!strchr(condition, '"'))
		faults_add(faults, "If-Match", "must be an ETag, in its quotes");
}

/*
 * A POST without a body is sent for a page of any site, without asking first, and with what the browser knows of a
 * proxy's log-in. Programs do not send the header.
 */
static bool is_of_other_site(const struct request *request)
{
	const char *site = request_header(request, "Sec-Fetch-Site");

	return site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}

const char *api_turn_away(const struct request *request)
{
	const struct endpoint *endpoint = request_route(request)->about;

	return endpoint->turn_away ? endpoint->turn_away(request) : NULL;
}

/* By the tables, and then to the handler. */
static void read_input(struct request *request, const struct caller *caller)
{
	const struct endpoint *endpoint = request_route(request)->about;
	struct arena *arena = request_arena(request);
	struct input *input = arena_alloc(arena, 1, sizeof(*input));
	struct faults *faults = faults_new(arena);
	const char *malformed = NULL;
	bool is_empty = request_body(request).length == 0;

	input->caller = caller;
	if (!takes_form(request, endpoint, input)) {
		reply_problem(request, &problem_media_type,
			      "The body must be sent as application/json%s, not compressed.",
			      endpoint->bulk ? " or application/x-ndjson" : "");
		return;
	}
	if (endpoint->body && !(is_empty && endpoint->is_body_optional))
		input->body = fields_read_body(request, endpoint->body, faults, &malformed);
	if (endpoint->body) /* the values are copies: what waits for the database waits without it */
		request_drop_body(request);
	if (malformed) {
		reply_problem(request, &problem_malformed,
			      is_empty ? "There is no body; a JSON object is wanted." : "The body is not JSON: %s.",
			      malformed);
		return;
	}
	if (endpoint->check && input->body)
		endpoint->check(input->body, faults);
	if (endpoint->takes_idempotency_key)
		input->key = read_key(request, faults);
	if (request_route(request)->method != HTTP_GET)
		check_condition(request, endpoint->takes_if_match, faults);
	if (strncmp(request_route(request)->path, "/api/", 5) == 0) /* others hang things on probes and pages */
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

void api_admit(struct request *request)
{
	const char *too_much = api_turn_away(request);

	if (too_much)
		reply_problem(request, &problem_unavailable, "%s", too_much);
	else if (request_route(request)->method != HTTP_GET && is_of_other_site(request))
		reply_problem(request, &problem_cross_site, NULL);
	else
		guard_admit(request, read_input);
}
