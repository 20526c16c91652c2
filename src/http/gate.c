/*
 * Between socket and evhttp: each byte passes the strict reader of framing.c first.
 *
 * evhttp answers its own errors in HTML, and some of what it accepts lets a second request hide in the first. So broken
 * bytes never reach it: they are cut off its input, and the refusal is ours (refusal.c). Deadlines are in sweep.c.
 */
#include "http/internal.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <inttypes.h>

enum { PIECE_BYTES = 4096 /* what evhttp's stream reads at once */, INPUT_PAUSE_BYTES = 65536 };

/* Takes count bytes out of the input, from a position that is counted from its end. */
static void cut_input(struct evbuffer *input, size_t behind, size_t count)
{
	size_t kept = evbuffer_get_length(input) - behind;
	struct evbuffer *front = evbuffer_new();

	assert(front && behind >= count);
	evbuffer_remove_buffer(input, front, kept);
	evbuffer_drain(input, count);
	evbuffer_prepend_buffer(input, front);
	evbuffer_free(front);
	assert(evbuffer_get_length(input) == kept + behind - count); /* evhttp must never see what was cut */
}

/*
 * How large a body may be is the route's matter, and it is asked before the body comes, so that nobody sends in vain.
 * What that took is kept for the handler. A path that does not decode is answered later, like one that is unknown.
 */
static size_t body_limit(struct connection *connection)
{
	struct framing *framing = &connection->framing;
	struct text target = { framing->target.bytes, framing->target.length };
	const char *why;

	request_drop(&connection->prepared);
	connection->prepared = request_prepare(connection->server->options.routes, framing->method, target, &why);
	if (!connection->prepared)
		return BODY_STRAY_MAX;
	connection->prepared->number = connection->requests_read;
	return connection->prepared->match.route ? connection->prepared->match.route->body_max : BODY_STRAY_MAX;
}

/* Requests that a client sends ahead are read ahead: what is prepared may be of a later one. */
struct request *connection_take_prepared(struct connection *connection)
{
	struct request *prepared = connection->prepared;

	if (!prepared || prepared->number != connection->requests_answered)
		return NULL;
	connection->prepared = NULL;
	return prepared;
}

/* A method that evhttp does not know, or treats in a way of its own (CONNECT, TRACE): the same answers. */
static void refuse_foreign(struct connection *connection)
{
	struct arena *arena = arena_new();
	struct target target;
	const char *why;

	if (target_read(arena, (struct text){ connection->framing.target.bytes, connection->framing.target.length },
			&target, &why) &&
	    target_read_query(arena, &target, &why)) {
		connection->refusal_allowed = router_find(connection->server->options.routes, 0, target.path).allowed;
		if (connection->refusal_allowed)
			connection_refuse(connection, &problem_method,
					  "the Allow header lists the methods of this path");
		else
			connection_refuse(connection, &problem_not_found, "no endpoint has this path");
	} else {
		connection_refuse(connection, &problem_malformed, why);
	}
	arena_free(&arena);
}

/*
 * Whether the request whose head is complete can be answered here: all of it is in what has just arrived, so evhttp
 * knows nothing of it, nothing is before it, and it wants nothing special. behind: bytes behind its head
 */
static bool is_simple(const struct connection *connection, size_t behind)
{
	const struct framing *framing = &connection->framing;

	return connection->state == CONNECTION_READING && connection->requests_read == connection->requests_answered &&
	       framing->head_bytes <= connection->added - behind && framing->content_length <= behind &&
	       !framing->is_chunked && !framing->is_http_1_0 && !framing->expects_continue && !framing->has_options &&
	       !framing->skipped_blank_line && !connection->server->is_lingering;
}

static void ask_turn_away(struct connection *connection, size_t behind)
{
	struct framing *framing = &connection->framing;
	struct server *server = connection->server;
	struct request *request = connection->prepared;

	if (!server->options.turn_away || !request || !request->match.route || !is_simple(connection, behind))
		return;
	request->server = server;
	connection->turned_away = server->options.turn_away(request);
	connection->turned_away_bytes = framing->head_bytes + (size_t)framing->content_length;
	request->started_us = loop_now_us();
	request->id = framing->id[0] ? arena_copy(request->arena, framing->id, strlen(framing->id))
				     : arena_printf(request->arena, "%016" PRIx64, rng_next(&server->rng));
}

static void on_end(struct connection *connection, size_t behind)
{
	connection->requests_read++;
	if (!connection->turned_away)
		return;
	cut_input(bufferevent_get_input(connection->stream), behind + connection->turned_away_bytes,
		  connection->turned_away_bytes);
	connection->requests_answered++;
	turn_away(connection);
}

/* Acts on what the reader found; behind: bytes of the input behind those it has read. False: nothing more is read. */
static bool on_framing(struct connection *connection, enum framing_event event, size_t behind)
{
	struct evbuffer *input = bufferevent_get_input(connection->stream);
	struct framing *framing = &connection->framing;

	switch (event) {
	case FRAMING_BLANK:
		cut_input(input, behind + 2, 2);
		return true;
	case FRAMING_END:
		on_end(connection, behind);
		return true;
	case FRAMING_HEAD:
		if (!framing_has_body(framing))
			return true;
		if (!framing_allow(framing, body_limit(connection)))
			break;
		ask_turn_away(connection, behind);
		return true;
	case FRAMING_FOREIGN:
	case FRAMING_BROKEN:
		break;
	default:
		return true;
	}
	cut_input(input, behind + framing->line_bytes, behind + framing->line_bytes);
	if (event == FRAMING_FOREIGN)
		refuse_foreign(connection);
	else
		connection_refuse(connection, framing->problem, framing->detail);
	return false;
}

/* Shows the reader the last bytes of the input, piece by piece; behind: how many. */
static void read_new_bytes(struct connection *connection, size_t behind)
{
	struct evbuffer *input = bufferevent_get_input(connection->stream);
	enum framing_event event;
	char piece[PIECE_BYTES];

	while (behind) {
		size_t length = behind < sizeof(piece) ? behind : sizeof(piece), at = 0, used;
		struct evbuffer_ptr from;

		evbuffer_ptr_set(input, &from, evbuffer_get_length(input) - behind, EVBUFFER_PTR_SET);
		evbuffer_copyout_from(input, &from, piece, length);
		do {
			event = framing_feed(&connection->framing, piece + at, length - at, &used);
			at += used;
			if (!on_framing(connection, event, behind - at))
				return;
		} while (event != FRAMING_MORE);
		behind -= at;
	}
}

/* What has been read of requests may be in evhttp's hands, but it is in memory until they are answered. */
static void count_input(struct connection *connection, size_t added)
{
	const struct server *server = connection->server;

	if (connection_is_idle(connection))
		connection_keep_input(connection, evbuffer_get_length(bufferevent_get_input(connection->stream)));
	else if (!connection->refusal && connection->state != CONNECTION_STREAMING)
		connection_keep_input(connection, connection->input_bytes + added);
	if (server->input_bytes > server->options.buffer_max && connection->input_bytes > SMALL_BYTES &&
	    !framing_is_idle(&connection->framing) && !connection->refusal) {
		connection_refuse(connection, &problem_unavailable,
				  "too much is being sent to the service at this moment");
		connection_keep_input(connection, 0); /* as good as free: nobody else has to go for it */
	}
}

void gate_on_input(struct evbuffer *input, const struct evbuffer_cb_info *change, void *context)
{
	struct connection *connection = context;
	size_t added = change->n_added;

	if (!added || connection->is_cutting)
		return;
	loop_note_call(connection->server->loop);
	connection->is_cutting = true;
	connection->added = added;
	if (connection->refusal || connection->state == CONNECTION_STREAMING) { /* which is its last answer */
		cut_input(input, added, added);
	} else if (framing_skippable(&connection->framing) > added) {
		framing_skip(&connection->framing, added);
	} else {
		if (connection->state == CONNECTION_READING && framing_is_idle(&connection->framing) &&
		    connection->requests_read == connection->requests_answered)
			connection->since_ms = loop_now_ms();
		read_new_bytes(connection, added);
	}
	count_input(connection, added);
	/* While a reply is fetched evhttp reads on, without bound; it enables reading again for the next request. */
	if (connection->state != CONNECTION_READING && evbuffer_get_length(input) >= INPUT_PAUSE_BYTES)
		bufferevent_disable(connection->stream, EV_READ);
	connection->is_cutting = false;
}
