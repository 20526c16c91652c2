/*
 * Between socket and evhttp: each byte passes the strict reader of framing.c first, and each connection has its
 * deadlines.
 *
 * evhttp answers its own errors in HTML, and some of what it accepts lets a second request hide in the first. So broken
 * bytes never reach it: they are cut off its input, and the refusal is ours (refusal.c). One sweep looks after all
 * deadlines; no request starts or stops a timer.
 */
#include "base/log.h"
#include "http/internal.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/listener.h>
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
		connection->requests_read++;
		return true;
	case FRAMING_HEAD:
		if (!framing_has_body(framing) || framing_allow(framing, body_limit(connection)))
			return true;
		break;
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

/* Runs before evhttp sees the bytes: libevent calls it from inside the read. */
static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *change, void *context)
{
	struct connection *connection = context;
	size_t added = change->n_added;

	if (!added || connection->is_cutting)
		return;
	loop_note_call(connection->server->loop);
	connection->is_cutting = true;
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
	evbuffer_remove_cb(bufferevent_get_input(connection->stream), on_input, connection);
	deferred_cancel(&connection->soon);
	if (connection->descriptor >= 0)
		server->by_descriptor[connection->descriptor] = NULL;
	list_remove(&connection->node);
	server->connection_count--;
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

/* First, evhttp's connection can be known: it is the argument of the stream's callbacks. Later, a refusal is due. */
static void on_soon(void *context)
{
	struct connection *connection = context;
	void *evhttp = NULL;

	if (connection->evhttp) {
		refusal_send(connection);
		return;
	}
	bufferevent_getcb(connection->stream, NULL, NULL, NULL, &evhttp);
	assert(evhttp);
	connection->evhttp = evhttp;
	connection->descriptor = bufferevent_getfd(connection->stream);
	remember_descriptor(connection->server, connection->descriptor, connection);
	evhttp_connection_set_closecb(connection->evhttp, on_connection_closed, connection);
	if (connection->server->is_draining)
		connection_free(connection);
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
	loop_defer(server->loop, &connection->soon);
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
	if (connection->refusal && connection->requests_read == connection->requests_answered)
		loop_defer(connection->server->loop, &connection->soon);
}

void connection_answer(struct connection *connection, struct evhttp_request *evhttp)
{
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

/* A client that takes nothing for as long as a request may take, or is slow beyond all reason, gets no more. */
static bool is_deaf(struct connection *connection, int64_t now_ms)
{
	size_t left = evbuffer_get_length(bufferevent_get_output(connection->stream));

	if (left != connection->output_left) {
		connection->output_left = left;
		connection->output_moved_ms = now_ms;
	}
	return now_ms - connection->output_moved_ms > connection->server->options.request_deadline_ms ||
	       now_ms - connection->since_ms > REPLY_MS;
}

static bool is_idle(const struct connection *connection)
{
	return connection->state == CONNECTION_READING && framing_is_idle(&connection->framing) &&
	       !connection->refusal && connection->requests_read == connection->requests_answered;
}

static void sweep_one(struct connection *connection, int64_t now_ms)
{
	const struct server_options *options = &connection->server->options;
	int64_t age_ms = now_ms - connection->since_ms;

	if (connection->state == CONNECTION_ANSWERING && is_deaf(connection, now_ms)) {
		log_info("http.deaf", "unsent=%zu", connection->output_left);
		connection_free(connection);
	} else if (is_idle(connection)) {
		if (age_ms > options->idle_timeout_ms)
			connection_free(connection);
	} else if (connection->state == CONNECTION_READING && age_ms > options->request_deadline_ms) {
		if (!connection->refusal)
			connection_refuse(connection, &problem_timeout, NULL);
		refusal_send(connection);
	}
}

void gate_sweep(struct server *server, int64_t now_ms)
{
	struct list *node, *next;

	for (node = server->connections.next; node != &server->connections; node = next) {
		next = node->next;
		sweep_one(LIST_ITEM(node, struct connection, node), now_ms);
	}
	lingerers_sweep(server, now_ms, false);
}

void gate_close(struct server *server, bool everything)
{
	struct list *node, *next;

	for (node = server->connections.next; node != &server->connections; node = next) {
		struct connection *connection = LIST_ITEM(node, struct connection, node);

		next = node->next;
		if (connection->state == CONNECTION_HELD && everything)
			shutdown(connection->descriptor, SHUT_RDWR);
		else if (everything || is_idle(connection))
			connection_free(connection);
	}
	if (everything)
		lingerers_sweep(server, 0, true);
}
