/* Fills in of a request what its readers look at; the body lies where evhttp would have put it. */
#include "unit/fake_request.h"

#include "http/internal.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/http.h>

struct request *fake_request_new(const char *query, struct text body)
{
	struct arena *arena = arena_new();
	struct request *request = arena_alloc(arena, 1, sizeof(*request));
	const char *target = arena_printf(arena, "/?%s", query);
	const char *why;
	bool is_read = target_read(arena, text_of(target), &request->target, &why) &&
		       target_read_query(arena, &request->target, &why);

	assert(is_read);
	request->arena = arena;
	request->evhttp = evhttp_request_new(NULL, NULL);
	evbuffer_add(evhttp_request_get_input_buffer(request->evhttp), body.at, body.length);
	return request;
}

void fake_request_free(struct request **request)
{
	struct arena *arena = (*request)->arena; /* holds the request itself */

	evhttp_request_free((*request)->evhttp);
	arena_free(&arena);
	*request = NULL;
}
