/* Problems as JSON, the generic kinds of HTTP, and the list of faults of an input. */
#include "http/problem.h"

#include <stdarg.h>
#include <stdio.h>

const struct problem problem_malformed = {
	.slug = "malformed",
	.status = 400,
	.title = "The request is malformed",
	.about = "The bytes that arrived are not a request that this service reads: broken HTTP framing, a path or "
		 "query that does not decode, or a body that is not JSON. The detail says what and where. Sending the "
		 "same bytes again gives the same answer.",
};
const struct problem problem_not_found = {
	.slug = "not-found",
	.status = 404,
	.title = "There is nothing here",
	.about = "No endpoint has this path, or what the path names does not exist (any more). Ids are never reused.",
};
const struct problem problem_method = {
	.slug = "method-not-allowed",
	.status = 405,
	.title = "The path has no such method",
	.about = "The path exists, but not with this method. The Allow header lists the methods that it has.",
};
const struct problem problem_timeout = {
	.slug = "timeout",
	.status = 408,
	.title = "The request did not arrive in time",
	.about = "A request has to be complete within some seconds from its first byte. Nothing was done; the "
		 "connection is closed. Send it again on a new connection.",
};
const struct problem problem_too_large = {
	.slug = "too-large",
	.status = 413,
	.title = "The body is too large",
	.about = "Each endpoint has a limit for the size of its body; the detail names it. Nothing was done. Send less "
		 "at a time.",
};
const struct problem problem_target_too_long = {
	.slug = "target-too-long",
	.status = 414,
	.title = "The path and query are too long",
	.about = "The path with its query is longer than this service reads. Nothing was done.",
};
const struct problem problem_media_type = {
	.slug = "media-type",
	.status = 415,
	.title = "The body has the wrong media type",
	.about = "Bodies are JSON and have to be sent with the header Content-Type: application/json; lists of many "
		 "contacts also as application/x-ndjson, one JSON object on each line.",
};
const struct problem problem_expectation = {
	.slug = "expectation",
	.status = 417,
	.title = "The expectation cannot be met",
	.about = "The only expectation that this service knows is Expect: 100-continue.",
};
const struct problem problem_validation = {
	.slug = "validation",
	.status = 422,
	.title = "The input breaks a rule",
	.about = "The body or query was understood, but values are missing or out of their rules. The member errors "
		 "lists all of them at once, each with the field's path and the rule. Nothing was done.",
};
const struct problem problem_headers_too_large = {
	.slug = "headers-too-large",
	.status = 431,
	.title = "The headers are too large",
	.about = "The headers of the request are longer, or more, than this service reads. Nothing was done.",
};
const struct problem problem_internal = {
	.slug = "internal",
	.status = 500,
	.title = "An error of the service",
	.about = "The service met a state that should not exist. Please report the instance, which is the id of the "
		 "request in the log.",
};
const struct problem problem_not_implemented = {
	.slug = "not-implemented",
	.status = 501,
	.title = "Not implemented",
	.about = "The request uses a feature of HTTP that this service does not have, such as a transfer coding other "
		 "than chunked.",
};
const struct problem problem_unavailable = {
	.slug = "unavailable",
	.status = 503,
	.title = "The service cannot do this now",
	.about = "The database is away, the service is full, or a lock was held too long. Nothing was done. Send the "
		 "request again after the seconds that Retry-After gives.",
	.retry_after_seconds = 1,
};
const struct problem problem_version = {
	.slug = "http-version",
	.status = 505,
	.title = "The HTTP version is not supported",
	.about = "The service speaks HTTP/1.1 and HTTP/1.0.",
};

const struct problem *const problem_generic[] = {
	&problem_malformed,         &problem_not_found,   &problem_method,
	&problem_timeout,           &problem_too_large,   &problem_target_too_long,
	&problem_media_type,        &problem_expectation, &problem_validation,
	&problem_headers_too_large, &problem_internal,    &problem_not_implemented,
	&problem_unavailable,       &problem_version,     NULL,
};

struct faults *faults_new(struct arena *arena)
{
	struct faults *faults = arena_alloc(arena, 1, sizeof(*faults));

	faults->arena = arena;
	return faults;
}

void faults_add(struct faults *faults, const char *field, const char *format, ...)
{
	va_list args, again;
	char *message;
	int length;

	if (!faults->items)
		faults->items = arena_alloc(faults->arena, FAULTS_MAX, sizeof(*faults->items));
	if (faults->count++ >= FAULTS_MAX)
		return;
	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	message = arena_alloc(faults->arena, (size_t)length + 1, 1);
	vsnprintf(message, (size_t)length + 1, format, again);
	va_end(again);
	faults->items[faults->count - 1] = (struct fault){
		.field = arena_copy(faults->arena, field, strlen(field)),
		.message = message,
	};
}

static void print_faults(struct buf *out, const struct faults *faults)
{
	size_t kept = faults->count < FAULTS_MAX ? faults->count : FAULTS_MAX;

	buf_string(out, ", \"errors\": [");
	for (size_t i = 0; i < kept; i++) {
		buf_string(out, i ? ", {\"field\": " : "{\"field\": ");
		buf_json(out, text_of(faults->items[i].field));
		buf_string(out, ", \"message\": ");
		buf_json(out, text_of(faults->items[i].message));
		buf_char(out, '}');
	}
	buf_char(out, ']');
}

void problem_print(struct buf *out, const struct problem *problem, const char *detail, const char *instance,
		   const struct faults *faults, const char *extra)
{
	buf_string(out, "{\"type\": \"/problems/");
	buf_string(out, problem->slug);
	buf_string(out, "\", \"title\": ");
	buf_json(out, text_of(problem->title));
	buf_string(out, ", \"status\": ");
	buf_int(out, problem->status);
	if (detail) {
		buf_string(out, ", \"detail\": ");
		buf_json(out, text_of(detail));
	}
	if (instance) {
		buf_string(out, ", \"instance\": ");
		buf_json(out, text_of(instance));
	}
	if (faults && faults->count)
		print_faults(out, faults);
	if (extra)
		buf_string(out, extra);
	buf_char(out, '}');
}
