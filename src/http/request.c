/* The request as handlers see it, over evhttp's. It lives from the gate's last check until reply.c ends it. */
#include "http/request.h"

#include "base/log.h"
#include "http/internal.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/http_struct.h>

static enum http_method method_of(const struct evhttp_request *evhttp)
{
	switch (evhttp_request_get_command(evhttp)) {
	case EVHTTP_REQ_GET:
		return HTTP_GET;
	case EVHTTP_REQ_HEAD:
		return HTTP_HEAD;
	case EVHTTP_REQ_POST:
		return HTTP_POST;
	case EVHTTP_REQ_PUT:
		return HTTP_PUT;
	case EVHTTP_REQ_PATCH:
		return HTTP_PATCH;
	case EVHTTP_REQ_DELETE:
		return HTTP_DELETE;
	case EVHTTP_REQ_OPTIONS:
		return HTTP_OPTIONS;
	default:
		return 0;
	}
}

static struct request *request_in_arena(void)
{
	struct arena *arena = arena_new();
	struct request *request = arena_alloc(arena, 1, sizeof(*request));

	request->arena = arena;
	return request;
}

struct request *request_prepare(const struct route *routes, enum http_method method, struct text target,
				const char **why_out)
{
	struct request *request = request_in_arena();

	request->method = method;
	request->sent_target = arena_copy(request->arena, target.at, target.length);
	target.at = request->sent_target;
	if (target_read(request->arena, target, &request->target, why_out))
		request->match = router_find(routes, method, request->target.path);
	else
		request_drop(&request);
	return request;
}

void request_drop(struct request **prepared)
{
	struct arena *arena = *prepared ? (*prepared)->arena : NULL;

	arena_free(&arena);
	*prepared = NULL;
}

/* The gate and evhttp read alike; should they ever differ, it is evhttp's reading that is answered. */
static bool is_same(const struct request *prepared, const struct evhttp_request *evhttp)
{
	return prepared->method == method_of(evhttp) &&
	       strcmp(prepared->sent_target, evhttp_request_get_uri(evhttp)) == 0;
}

static const char *new_id(struct arena *arena, uint64_t number)
{
	char digits[16];

	for (size_t i = sizeof(digits); i-- > 0; number >>= 4)
		digits[i] = "0123456789abcdef"[number & 15];
	return arena_copy(arena, digits, sizeof(digits));
}

struct request *request_new(struct server *server, struct evhttp_request *evhttp, struct request *prepared)
{
	struct request *request;
	struct arena *arena;
	const char *id;

	if (prepared && !is_same(prepared, evhttp))
		request_drop(&prepared);
	request = prepared ? prepared : request_in_arena();
	arena = request->arena;
	request->server = server;
	request->evhttp = evhttp;
	request->method = method_of(evhttp);
	request->started_us = loop_now_us();
	id = request_header(request, "X-Request-Id");
	request->id = id && framing_is_sane_id(text_of(id)) ? arena_copy(arena, id, strlen(id))
							    : new_id(arena, rng_next(&server->rng));
	list_append(&server->requests, &request->node);
	server->live_requests++;
	return request;
}

void request_free(struct request *request)
{
	struct server *server = request->server;
	struct arena *arena = request->arena; /* holds the request itself */

	list_remove(&request->node);
	server->live_requests--;
	log_set_request(NULL); /* its id goes with it */
	arena_free(&arena);
	server_request_ended(server);
}

const char *allow_value(unsigned methods, char out[ALLOW_CHARACTERS])
{
	static const struct {
		enum http_method method;
		const char *word;
	} words[] = {
		{ HTTP_GET, "GET" },     { HTTP_HEAD, "HEAD" },     { HTTP_POST, "POST" },       { HTTP_PUT, "PUT" },
		{ HTTP_PATCH, "PATCH" }, { HTTP_DELETE, "DELETE" }, { HTTP_OPTIONS, "OPTIONS" },
	};
	char *at = out;

	*at = '\0';
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (!(methods & words[i].method))
			continue;
		if (at > out)
			at = stpcpy(at, ", ");
		at = stpcpy(at, words[i].word);
	}
	return out;
}

struct arena *request_arena(const struct request *request)
{
	return request->arena;
}

const char *request_id(const struct request *request)
{
	return request->id;
}

const struct route *request_route(const struct request *request)
{
	return request->match.route;
}

const char *request_path(const struct request *request)
{
	return request->target.path;
}

void *request_world(const struct request *request)
{
	return request->server->options.world;
}

void request_set_key(struct request *request, int64_t number)
{
	request->key = number;
}

void request_set_input(struct request *request, void *input)
{
	request->input = input;
}

void *request_input(const struct request *request)
{
	return request->input;
}

int64_t request_path_number(const struct request *request, int index)
{
	assert(index >= 0 && index < request->match.number_count);
	return request->match.numbers[index];
}

struct text request_path_text(const struct request *request, int index)
{
	assert(index >= 0 && index < request->match.text_count);
	return request->match.texts[index];
}

size_t request_query(const struct request *request, const struct query_parameter **parameters_out)
{
	*parameters_out = request->target.parameters;
	return request->target.parameter_count;
}

struct text header_element(const char **rest)
{
	const char *from = *rest + strspn(*rest, " \t,");
	size_t length = strcspn(from, ",");

	*rest = from + length;
	while (length && (from[length - 1] == ' ' || from[length - 1] == '\t'))
		length--;
	return (struct text){ from, length };
}

/* evhttp has taken the blanks off, but for tabs in front. */
const char *request_header(const struct request *request, const char *name)
{
	const char *value = evhttp_find_header(evhttp_request_get_input_headers(request->evhttp), name);

	return value ? value + strspn(value, " \t") : NULL;
}

struct text request_body(struct request *request)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(request->evhttp);

	/* The NUL is added once and stays in the buffer; it does not count. */
	if (!request->has_body_end) {
		request->body_length = evbuffer_get_length(body);
		evbuffer_add(body, "", 1);
		request->has_body_end = true;
	}
	return (struct text){ (const char *)evbuffer_pullup(body, -1), request->body_length };
}

void request_drop_body(struct request *request)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(request->evhttp);

	evbuffer_drain(body, evbuffer_get_length(body));
	request->body_length = 0;
}
