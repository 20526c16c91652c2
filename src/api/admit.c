/* Between the router and a handler: the input read and checked by the endpoint's tables. */
#include "api/internal.h"

#include <string.h>
#include <strings.h>

const struct input *request_checked(const struct request *request)
{
	return request_input(request);
}

/* application/json, with any parameters. */
static bool is_json(const char *content_type)
{
	static const char json[] = "application/json";
	size_t length = sizeof(json) - 1;

	if (!content_type || strncasecmp(content_type, json, length) != 0)
		return false;
	content_type += length + strspn(content_type + length, " \t");
	return *content_type == '\0' || *content_type == ';';
}

void api_admit(struct request *request)
{
	const struct endpoint *endpoint = request_route(request)->about;
	struct arena *arena = request_arena(request);
	struct input *input = arena_alloc(arena, 1, sizeof(*input));
	const char *content_type = request_header(request, "Content-Type");
	struct faults *faults = faults_new(arena);
	const char *malformed = NULL;

	if (endpoint->body && !is_json(content_type) && (content_type || request_body(request).length)) {
		reply_problem(request, &problem_media_type, "The body must be sent as application/json.");
		return;
	}
	if (endpoint->body)
		input->body = fields_read_body(request, endpoint->body, faults, &malformed);
	if (malformed) {
		reply_problem(request, &problem_malformed, "The body is not JSON: %s.", malformed);
		return;
	}
	if (endpoint->check && input->body)
		endpoint->check(input->body, faults);
	input->query = fields_read_query(request, endpoint->query, endpoint->list, faults);
	if (faults->count) {
		reply_faults(request, faults);
		return;
	}
	request_set_input(request, input);
	request_route(request)->handle(request);
}
