/* The life of a connection: accepted, known by its descriptor, held by a handler, answered, closed. */
#include "http/internal.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

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

void connection_keep_input(struct connection *connection, size_t bytes)
{
	connection->server->input_bytes += bytes - connection->input_bytes;
	connection->input_bytes = bytes;
}

void connection_keep_output(struct connection *connection, size_t bytes)
{
	connection->server->output_bytes += bytes - connection->output_bytes;
	connection->output_bytes = bytes;
}

bool connection_is_idle(const struct connection *connection)
{
	return connection->state == CONNECTION_READING && framing_is_idle(&connection->framing) &&
	       !connection->refusal && connection->requests_read == connection->requests_answered;
}

static void on_connection_closed(struct evhttp_connection *evhttp, void *context)
{
	struct connection *connection = context;
	struct server *server = connection->server;

	(void)evhttp;
	loop_note_call(server->loop); /* thousands may leave at once */
	evbuffer_remove_cb(bufferevent_get_input(connection->stream), gate_on_input, connection);
	deferred_cancel(&connection->soon);
	if (connection->descriptor >= 0)
		server->by_descriptor[connection->descriptor] = NULL;
	list_remove(&connection->node);
	if (connection->events)
		stream_lost(connection->events);
	server->connection_count--;
	connection_keep_input(connection, 0);
	connection_keep_output(connection, 0);
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
void connections_meet(evutil_socket_t descriptor, short events, void *context)
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

struct bufferevent *connection_accept(struct event_base *base, void *context)
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
	evbuffer_add_cb(bufferevent_get_input(connection->stream), gate_on_input, connection);
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
	assert(connection->state != CONNECTION_HELD && connection->state != CONNECTION_STREAMING);
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
	connection_keep_input(connection, evbuffer_get_length(bufferevent_get_input(connection->stream)));
	connection_keep_output(connection, 0);
	if (connection->refusal && connection->requests_read == connection->requests_answered)
		loop_defer(connection->server->loop, &connection->soon);
}

void connection_answer(struct connection *connection, struct evhttp_request *evhttp, size_t kept)
{
	connection_keep_output(connection, kept);
	connection->state = CONNECTION_ANSWERING;
	connection->since_ms = connection->output_moved_ms = loop_now_ms();
	connection->output_left = 0;
	evhttp_request_set_on_complete_cb(evhttp, on_answered, connection);
}

void connection_begin_stream(struct connection *connection, struct stream *stream)
{
	connection_keep_input(connection, 0);
	connection->state = CONNECTION_STREAMING;
	connection->events = stream;
	connection->was_stream = true;
	connection->output_moved_ms = loop_now_ms();
	connection->output_left = 0;
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
