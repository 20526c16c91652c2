/* What an operation may be refused with, status by status, as OpenAPI. */
#include "api/openapi.h"
#include "api/problems.h"

#include <string.h>

/* Those that follow from what an endpoint takes and does, and its own. */
static size_t problems_of(const struct route *route, const struct endpoint *endpoint, bool is_locked,
			  const struct problem **list)
{
	/* Of many rows each is told its own. */
	bool changes = route->method != HTTP_GET && !route->only_reads && !endpoint->bulk;
	size_t count = 0;

	list[count++] = &problem_malformed;
	if (is_locked) {
		list[count++] = &problem_unauthorized;
		list[count++] = &problem_forbidden;
	}
	if (route->method != HTTP_GET)
		list[count++] = &problem_cross_site;
	if (strchr(route->path, '{'))
		list[count++] = &problem_not_found;
	if (endpoint->body || endpoint->bulk) {
		list[count++] = &problem_too_large;
		list[count++] = &problem_media_type;
	}
	list[count++] = &problem_validation;
	if (endpoint->body && changes)
		list[count++] = &problem_unstorable;
	if (!endpoint->is_open || is_locked)
		list[count++] = &problem_unavailable;
	if (changes)
		list[count++] = &problem_outcome_unknown;
	for (size_t i = 0; i < PROBLEMS_MAX && endpoint->problems[i]; i++)
		list[count++] = endpoint->problems[i];
	return count;
}

static void print_problem_example(struct buf *out, const struct problem *problem)
{
	buf_printf(out, "\"%s\":{\"value\":{\"type\":\"/problems/%s\",\"title\":", problem->slug, problem->slug);
	buf_json(out, text_of(problem->title));
	buf_printf(out, ",\"status\":%d,\"detail\":", problem->status);
	buf_json(out, text_of(problem->title));
	buf_string(out, ",\"instance\":\"5f0c9a1e2b3d4c6f\"");
	if (problem == &problem_validation)
		buf_string(out, ",\"errors\":[{\"field\":\"name\",\"message\":\"is required\"}]");
	buf_string(out, "}}");
}

/* One answer for all problems of a status, with an example of each. */
static void print_problem_answer(struct buf *out, int status, const struct problem *const *problems, size_t count)
{
	buf_printf(out, ",\"%d\":{\"description\":\"", status);
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%s (`/problems/%s`)", i ? "; " : "", problems[i]->title, problems[i]->slug);
	buf_char(out, '"');
	openapi_print_headers(out, (problems[0]->retry_after_seconds > 0 ? ANSWER_HAS_RETRY_AFTER : 0) |
					   (status == 401 ? ANSWER_HAS_CHALLENGE : 0));
	buf_string(out, ",\"content\":{\"application/problem+json\":{\"schema\":"
			"{\"$ref\":\"#/components/schemas/Problem\"},\"examples\":{");
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_char(out, ',');
		print_problem_example(out, problems[i]);
	}
	buf_string(out, "}}}}");
}

void openapi_print_problems(struct buf *out, const struct route *route, const struct endpoint *endpoint, bool is_locked)
{
	const struct problem *all[10 + PROBLEMS_MAX], *same[10 + PROBLEMS_MAX];
	size_t count = problems_of(route, endpoint, is_locked, all);

	for (int status = 400; status < 600; status++) {
		size_t same_count = 0;

		for (size_t i = 0; i < count; i++)
			if (all[i]->status == status)
				same[same_count++] = all[i];
		if (same_count)
			print_problem_answer(out, status, same, same_count);
	}
}
