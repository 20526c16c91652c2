/* One request as handlers see it: checked framing, decoded path and query, the whole body, an arena, an id. */
#ifndef LEADD_HTTP_REQUEST_H
#define LEADD_HTTP_REQUEST_H

#include "base/mem.h"
#include "base/text.h"

#include <stdint.h>

enum http_method {
	HTTP_GET = 1,
	HTTP_HEAD = 2,
	HTTP_POST = 4,
	HTTP_PUT = 8,
	HTTP_PATCH = 16,
	HTTP_DELETE = 32,
	HTTP_OPTIONS = 64
};

struct request;
struct route;

/* Memory that lives as long as the request. */
struct arena *request_arena(const struct request *request);

/* The client's own X-Request-Id when it is sane ([A-Za-z0-9._-]{1,64}), else a generated one. */
const char *request_id(const struct request *request);

const struct route *request_route(const struct request *request);
const char *request_path(const struct request *request); /* decoded, without the query */

/* The pointer that server_new() was given: the api's world. */
void *request_world(const struct request *request);

/* A slot for the code between router and handler (the checked input); lives with the request. */
void request_set_input(struct request *request, void *input);
void *request_input(const struct request *request);

/* Who sent it, for the access log: the number of a key, > 0. */
void request_set_key(struct request *request, int64_t number);

/* The index-th {number} of the route's path, always > 0 (other segments do not match the route). */
int64_t request_path_number(const struct request *request, int index);

/* The index-th {text} of the route's path: one segment, decoded, valid UTF-8, not empty. */
struct text request_path_text(const struct request *request, int index);

/*
 * The query's parameters in the order sent, names and values decoded (+ is a blank), valid UTF-8, without U+0000.
 * A query that breaks that is answered with 400 before any handler runs.
 */
struct query_parameter {
	struct text name, value;
};
size_t request_query(const struct request *request, const struct query_parameter **parameters_out);

/* A header's value without blanks at its ends, or NULL; names compare without case. */
const char *request_header(const struct request *request, const char *name);

/* The whole body in one piece, NUL behind it; length 0 when there was none. */
struct text request_body(struct request *request);

/* Gives its memory back; from then on the body is empty. */
void request_drop_body(struct request *request);

#endif
