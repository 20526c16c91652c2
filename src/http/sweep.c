/* The deadlines of connections: one sweep looks after all of them; no request starts or stops a timer. */
#include "base/log.h"
#include "http/internal.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <sys/socket.h>

/*
 * A client that takes nothing for as long as a request may take, or is slow beyond all reason, gets no more. While
 * answers that wait to be fetched take half of the memory that they may, there is less patience.
 */
static bool is_deaf(struct connection *connection, int64_t now_ms)
{
	size_t left = evbuffer_get_length(bufferevent_get_output(connection->stream));
	const struct server *server = connection->server;
	int64_t patience_ms = server->options.request_deadline_ms;

	if (server->output_bytes > server->options.buffer_max / 2 && connection->output_bytes > SMALL_BYTES &&
	    DEAF_MS < patience_ms)
		patience_ms = DEAF_MS;
	if (left != connection->output_left) {
		connection->output_left = left;
		connection->output_moved_ms = now_ms;
	}
	return now_ms - connection->output_moved_ms > patience_ms || now_ms - connection->since_ms > REPLY_MS;
}

static void sweep_one(struct connection *connection, int64_t now_ms)
{
	const struct server_options *options = &connection->server->options;
	int64_t age_ms = now_ms - connection->since_ms;

	if (connection->state == CONNECTION_STREAMING) {
		stream_sweep(connection->events, now_ms);
	} else if (connection->state == CONNECTION_ANSWERING && is_deaf(connection, now_ms)) {
		if (log_valve_opens(&connection->server->log_faults, now_ms))
			log_info("http.deaf", "unsent=%zu", connection->output_left);
		connection_free(connection);
	} else if (connection_is_idle(connection)) {
		if (age_ms > options->idle_timeout_ms)
			connection_free(connection);
	} else if (connection->state == CONNECTION_READING && age_ms > options->request_deadline_ms) {
		if (!connection->refusal)
			connection_refuse(connection, &problem_timeout, NULL);
		refusal_send(connection);
	}
}

/* Nobody read while the process had a pause: that time is nobody's fault. */
static void forgive(struct server *server, int64_t pause_ms)
{
	for (struct list *node = server->connections.next; node != &server->connections; node = node->next) {
		struct connection *connection = LIST_ITEM(node, struct connection, node);

		connection->since_ms += pause_ms;
		connection->output_moved_ms += pause_ms;
	}
}

void connections_sweep(struct server *server, int64_t now_ms)
{
	int64_t pause_ms = now_ms - server->swept_ms - SWEEP_MS;
	struct list *node, *next;

	server->swept_ms = now_ms;
	if (pause_ms > PAUSE_MS)
		forgive(server, pause_ms);
	for (node = server->connections.next; node != &server->connections; node = next) {
		next = node->next;
		sweep_one(LIST_ITEM(node, struct connection, node), now_ms);
	}
	lingerers_sweep(server, now_ms, false);
}

void connections_close(struct server *server, bool everything)
{
	struct list *node, *next;

	for (node = server->connections.next; node != &server->connections; node = next) {
		struct connection *connection = LIST_ITEM(node, struct connection, node);
		bool is_in_use = connection->state == CONNECTION_HELD || connection->state == CONNECTION_STREAMING;

		next = node->next;
		if (connection->was_stream || (is_in_use && everything))
			shutdown(connection->descriptor, SHUT_RDWR);
		else if (everything || connection_is_idle(connection))
			connection_free(connection);
	}
	if (everything)
		lingerers_sweep(server, 0, true);
}
