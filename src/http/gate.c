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
#include <event2/http.h>
#include <event2/listener.h>
#include <inttypes.h>
#include <sys/socket.h>

enum { PIECE_BYTES = 4096 /* what evhttp's stream reads at once */, INPUT_PAUSE_BYTES = 65536 };

struct connection *connection_of(const struct server *server, struct evhttp_request *evhttp)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(evhttp);
	int descriptor = connection ? bufferevent_getfd(evhttp_connection_get_bufferevent(connection)) : -1;

	if (descriptor < 0 || (size_t)descriptor >= server->descriptor_limit)
		return NULL;
	return server->by_descriptor[descriptor];
}

static void remember_descriptor(struct server *server, int descriptor, struct connection *connection)
{
	size_t wanted = (size_t)descriptor + 1, limit = server->descriptor_limit ? server->descriptor_limit : 64;

	if (wanted > server->descriptor_limit) {
		while (limit < wanted)
			limit *= 2;
		server->by_descriptor = mem_resize(server->by_descriptor, limit, sizeof(*server->by_descriptor));
		for (size_t i = server->descriptor_limit; i < limit; i++)
			server->by_descriptor[i] = NULL;
		server->descriptor_limit = limit;
	}
	server->by_descriptor[descriptor] = connection;
}

/* How much of the present requests, or answer, is in memory now. */
static void keep_input(struct connection *connection, size_t bytes)
{
	connection->server->input_bytes += bytes - connection->input_bytes;
	connection->input_bytes = bytes;
}

static void keep_output(struct connection *connection, size_t bytes)
{
	connection->server->output_bytes += bytes - connection->output_bytes;
	connection->output_bytes = bytes;
}

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
			&target, &why)) {
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

bool connection_is_idle(const struct connection *connection)
{
	return connection->state == CONNECTION_READING && framing_is_idle(&connection->framing) &&
	       !connection->refusal && connection->requests_read == connection->requests_answered;
}

/* What has been read of requests may be in evhttp's hands, but it is in memory until they are answered. */
static void count_input(struct connection *connection, size_t added)
{
	const struct server *server = connection->server;

	if (connection_is_idle(connection))
		keep_input(connection, evbuffer_get_length(bufferevent_get_input(connection->stream)));
	else if (!connection->refusal)
		keep_input(connection, connection->input_bytes + added);
	if (server->input_bytes > server->options.buffer_max && connection->input_bytes > SMALL_BYTES &&
	    !framing_is_idle(&connection->framing) && !connection->refusal) {
		connection_refuse(connection, &problem_unavailable,
				  "too much is being sent to the service at this moment");
		keep_input(connection, 0); /* as good as free: nobody else has to go for it */
	}
}

/* Runs before evhttp sees the bytes: libevent calls it from inside the read. */
static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *change, void *context)
{
	struct connection *connection = context;
	size_t added = change->n_added;

	if (!added || connection->is_cutting)
		return;
	loop_note_call(connection->server->loop);
	connection->is_cutting = true;
	connection->added = added;
	if (connection->refusal) {
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

static void on_connection_closed(struct evhttp_connection *evhttp, void *context)
{
	struct connection *connection = context;
	struct server *server = connection->server;

	(void)evhttp;
	loop_note_call(server->loop); /* thousands may leave at once */
	evbuffer_remove_cb(bufferevent_get_input(connection->stream), on_input, connection);
	deferred_cancel(&connection->soon);
	if (connection->descriptor >= 0)
		server->by_descriptor[connection->descriptor] = NULL;
	list_remove(&connection->node);
	server->connection_count--;
	keep_input(connection, 0);
	keep_output(connection, 0);
	if (connection->must_linger) {
		/* The stream would close it; evhttp itself only sends the end of file, which is what we want. */
		bufferevent_setfd(connection->stream, -1);
		lingerer_take(server, connection->descriptor);
	}
	request_drop(&connection->prepared);
	framing_done(&connection->framing);
	mem_free(connection);
	server_connection_ended(server);
}

/* evhttp's connection is the argument of the stream's callbacks. */
static void meet(struct connection *connection)
{
	void *evhttp = NULL;

	bufferevent_getcb(connection->stream, NULL, NULL, NULL, &evhttp);
	assert(evhttp);
	connection->evhttp = evhttp;
	connection->descriptor = bufferevent_getfd(connection->stream);
	remember_descriptor(connection->server, connection->descriptor, connection);
	evhttp_connection_set_closecb(connection->evhttp, on_connection_closed, connection);
	if (connection->server->is_draining)
		connection_free(connection);
}

/*
 * libevent runs this before anything on the new descriptors, which it has not looked at yet. No deferred call would do:
 * those may be left over for a later turn.
 */
void gate_meet_newcomers(evutil_socket_t descriptor, short events, void *context)
{
	struct server *server = context;
	struct list *node, *before;

	(void)descriptor;
	(void)events;
	for (node = server->connections.prev; node != &server->connections; node = before) {
		struct connection *connection = LIST_ITEM(node, struct connection, node);

		before = node->prev;
		if (connection->evhttp)
			return;
		meet(connection);
	}
}

static void on_soon(void *context)
{
	refusal_send(context);
}

struct bufferevent *gate_accept(struct event_base *base, void *context)
{
	struct server *server = context;
	struct connection *connection = mem_alloc(1, sizeof(*connection));

	loop_note_call(server->loop);
	connection->server = server;
	/* Closing with the stream, not by evhttp, lets a refused connection keep its descriptor for a while. */
	connection->stream = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	assert(connection->stream);
	connection->descriptor = -1;
	connection->since_ms = loop_now_ms();
	framing_init(&connection->framing);
	evbuffer_add_cb(bufferevent_get_input(connection->stream), on_input, connection);
	list_append(&server->connections, &connection->node);
	deferred_init(&connection->soon, on_soon, connection);
	event_active(server->newcomers, EV_TIMEOUT, 0);
	server->is_out_of_descriptors = false;
	server->connection_count++;
	server_accepted(server);
	return connection->stream;
}

void connection_free(struct connection *connection)
{
	assert(connection->state != CONNECTION_HELD);
	if (connection->evhttp)
		evhttp_connection_free(connection->evhttp);
}

/* The second line of defence: a request that our reader did not see is one that was hidden in another. */
bool connection_hold(struct connection *connection)
{
	connection->state = CONNECTION_HELD;
	connection->since_ms = loop_now_ms();
	return connection->requests_read > connection->requests_answered;
}

/* The reply has left our buffers; evhttp goes on with the next request, or closes. */
static void on_answered(struct evhttp_request *evhttp, void *context)
{
	struct connection *connection = context;

	(void)evhttp;
	connection->requests_answered++;
	connection->state = CONNECTION_READING;
	connection->since_ms = loop_now_ms();
	keep_input(connection, evbuffer_get_length(bufferevent_get_input(connection->stream)));
	keep_output(connection, 0);
	if (connection->refusal && connection->requests_read == connection->requests_answered)
		loop_defer(connection->server->loop, &connection->soon);
}

void connection_answer(struct connection *connection, struct evhttp_request *evhttp, size_t kept)
{
	keep_output(connection, kept);
	connection->state = CONNECTION_ANSWERING;
	connection->since_ms = connection->output_moved_ms = loop_now_ms();
	connection->output_left = 0;
	evhttp_request_set_on_complete_cb(evhttp, on_answered, connection);
}

/*
 * By itself libevent would ask epoll for room to write first, and take the request off once that is told: two system
 * calls and a turn for each answer. There nearly always is room; where there is not, libevent goes on as it would have.
 */
void connection_write_now(struct connection *connection)
{
	struct evbuffer *output = bufferevent_get_output(connection->stream);

	evbuffer_unfreeze(output, 1);
	evbuffer_write(output, connection->descriptor);
	evbuffer_freeze(output, 1);
	if (evbuffer_get_length(output))
		return;
	bufferevent_disable(connection->stream, EV_WRITE);
	bufferevent_trigger(connection->stream, EV_WRITE, BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
}
