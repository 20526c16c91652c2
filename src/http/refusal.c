/*
 * Answers that evhttp does not send. What is not HTTP as we read it is refused: a problem in place of evhttp's HTML
 * page, then the end of the connection. And what there is no room for is turned away at little cost.
 *
 * Closing at once would make the kernel send a reset when more bytes of the client are under way, and a reset can
 * overtake the answer. So the descriptor is kept for two seconds, and what still arrives is read and thrown away.
 */
#include "base/log.h"
#include "http/internal.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/util.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	LINGER_READS_MAX = 64 /* a turn */,
	LINGER_BYTES_MAX = 16 << 20,
	DETAIL_CHARACTERS = 80,
	HEADERS_CHARACTERS = 120
};

struct lingerer {
	struct list node;
	struct server *server;
	struct event *readable; /* a client's, not ours: watches go before clients */
	int descriptor;
	int64_t until_ms;
	size_t bytes;
};

static void lingerer_free(struct lingerer *lingerer)
{
	struct server *server = lingerer->server;

	event_free(lingerer->readable);
	close(lingerer->descriptor);
	list_remove(&lingerer->node);
	mem_free(lingerer);
	server->connection_count--;
	server_connection_ended(server);
}

static void on_late_bytes(evutil_socket_t descriptor, short events, void *context)
{
	struct lingerer *lingerer = context;
	static char thrown_away[16384];

	(void)events;
	loop_note_call(lingerer->server->loop);
	for (int i = 0; i < LINGER_READS_MAX; i++) {
		ssize_t got = recv(descriptor, thrown_away, sizeof(thrown_away), MSG_DONTWAIT);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got > 0)
			lingerer->bytes += (size_t)got;
		if (got <= 0 || lingerer->bytes > LINGER_BYTES_MAX) {
			lingerer_free(lingerer);
			return;
		}
	}
}

void lingerer_take(struct server *server, int descriptor)
{
	struct lingerer *lingerer = mem_alloc(1, sizeof(*lingerer));

	lingerer->server = server;
	lingerer->descriptor = descriptor;
	lingerer->until_ms = loop_now_ms() + LINGER_MS;
	lingerer->readable =
		event_new(loop_event_base(server->loop), descriptor, EV_READ | EV_PERSIST, on_late_bytes, lingerer);
	event_add(lingerer->readable, NULL);
	list_append(&server->lingerers, &lingerer->node);
	server->connection_count++;
}

void lingerers_sweep(struct server *server, int64_t now_ms, bool everything)
{
	struct list *node, *next;

	for (node = server->lingerers.next; node != &server->lingerers; node = next) {
		struct lingerer *lingerer = LIST_ITEM(node, struct lingerer, node);

		next = node->next;
		if (everything || now_ms > lingerer->until_ms)
			lingerer_free(lingerer);
	}
}

void connection_refuse(struct connection *connection, const struct problem *problem, const char *detail)
{
	connection->refusal = problem;
	connection->refusal_detail = detail;
	if (connection->state == CONNECTION_READING && connection->requests_read == connection->requests_answered)
		loop_defer(connection->server->loop, &connection->soon);
}

/* The id that the client gave, if its header had come by then. */
static void choose_id(struct connection *connection, char id[REQUEST_ID_MAX + 1])
{
	if (connection->framing.id[0])
		memcpy(id, connection->framing.id, REQUEST_ID_MAX + 1);
	else
		snprintf(id, REQUEST_ID_MAX + 1, "%016" PRIx64, rng_next(&connection->server->rng));
}

/* The sentence for a person: what the reader said, or what can be said by now. */
static const char *detail_of(const struct connection *connection, char room[DETAIL_CHARACTERS])
{
	if (connection->refusal_detail)
		return connection->refusal_detail;
	if (connection->refusal != &problem_too_large || !connection->framing.body_max)
		return connection->refusal->title;
	snprintf(room, DETAIL_CHARACTERS, "this endpoint takes a body of at most %" PRIu64 " bytes",
		 connection->framing.body_max);
	return room;
}

/* Returns the body's length. headers: further lines of the head */
static size_t print_reply(struct buf *out, struct server *server, const struct problem *problem, const char *detail,
			  const char *id, const char *headers, bool has_body)
{
	struct buf body;
	size_t length;

	buf_init(&body);
	problem_print(&body, problem, detail, id, NULL, NULL);
	length = body.length;
	buf_printf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", problem->status, reply_phrase(problem->status),
		   server_date(server));
	buf_printf(out, "Content-Type: application/problem+json\r\nContent-Length: %zu\r\nX-Request-Id: %s\r\n", length,
		   id);
	buf_string(out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
	if (problem->retry_after_seconds > 0)
		buf_printf(out, "Retry-After: %d\r\n", problem->retry_after_seconds);
	buf_printf(out, "%s\r\n", headers);
	if (has_body)
		buf_add(out, body.bytes, body.length);
	buf_done(&body);
	return length;
}

static void print_refusal(struct connection *connection, const char *id, struct buf *out)
{
	char allow[ALLOW_CHARACTERS], detail[DETAIL_CHARACTERS], headers[HEADERS_CHARACTERS] = "Connection: close\r\n";

	if (connection->refusal_allowed)
		snprintf(headers, sizeof(headers), "Allow: %s\r\nConnection: close\r\n",
			 allow_value(connection->refusal_allowed, allow));
	print_reply(out, connection->server, connection->refusal, detail_of(connection, detail), id, headers,
		    connection->framing.method != HTTP_HEAD);
}

/* The client has taken all earlier answers, so there is room for this one, unless it is deaf: then it is not sent. */
static bool send_whole(const struct connection *connection, const struct buf *out)
{
	return send(bufferevent_getfd(connection->stream), out->bytes, out->length, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	       (ssize_t)out->length;
}

static void log_refusal(struct connection *connection, const char *id)
{
	if (!log_is_on(LOG_INFO) || !log_valve_opens(&connection->server->log_faults, loop_now_ms()))
		return;
	log_set_request(id);
	log_info("http.refused", "status=%d problem=%s detail=%s", connection->refusal->status,
		 connection->refusal->slug, log_quote(connection->refusal_detail));
	log_set_request(NULL);
}

void refusal_send(struct connection *connection)
{
	char id[REQUEST_ID_MAX + 1];
	struct buf out;

	traffic_note_refusal(connection->server->traffic);
	choose_id(connection, id);
	buf_init(&out);
	print_refusal(connection, id, &out);
	log_refusal(connection, id);
	connection->must_linger = send_whole(connection, &out);
	buf_done(&out);
	connection_free(connection);
}

void turn_away(struct connection *connection)
{
	struct request *request = connection->prepared;
	struct buf out;
	size_t length;

	buf_init(&out);
	length = print_reply(&out, connection->server, &problem_unavailable, connection->turned_away, request->id, "",
			     true);
	reply_note(request, problem_unavailable.status, length);
	/* evhttp is told of its end by the socket, as it is of any. */
	if (!send_whole(connection, &out))
		shutdown(bufferevent_getfd(connection->stream), SHUT_RDWR);
	buf_done(&out);
	request_drop(&connection->prepared);
	connection->turned_away = NULL;
}
