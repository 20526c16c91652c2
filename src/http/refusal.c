/*
 * Refuses what is not HTTP as we read it: a problem in place of evhttp's HTML page, then the end of the connection.
 *
 * Closing at once would make the kernel send a reset when more bytes of the client are under way, and a reset can
 * overtake the answer. So the descriptor is kept for two seconds, and what still arrives is read and thrown away.
 */
#include "base/log.h"
#include "http/internal.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/util.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINGER_READS_MAX = 64 /* a turn */, LINGER_BYTES_MAX = 16 << 20, DETAIL_CHARACTERS = 80 };

struct lingerer {
	struct list node;
	struct server *server;
	struct watch *watch;
	int descriptor;
	int64_t until_ms;
	size_t bytes;
};

static void lingerer_free(struct lingerer *lingerer)
{
	struct server *server = lingerer->server;

	watch_free(&lingerer->watch);
	close(lingerer->descriptor);
	list_remove(&lingerer->node);
	mem_free(lingerer);
	server->connection_count--;
	server_connection_ended(server);
}

static void on_late_bytes(void *context, int events)
{
	struct lingerer *lingerer = context;
	static char thrown_away[16384];

	(void)events;
	for (int i = 0; i < LINGER_READS_MAX; i++) {
		ssize_t got = recv(lingerer->descriptor, thrown_away, sizeof(thrown_away), MSG_DONTWAIT);

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
	lingerer->watch = watch_new(server->loop, descriptor, LOOP_READ, on_late_bytes, lingerer);
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

static void print_reply(struct connection *connection, const char *id, struct buf *out)
{
	char allow[ALLOW_CHARACTERS], detail[DETAIL_CHARACTERS];
	const struct problem *problem = connection->refusal;
	struct buf body;

	buf_init(&body);
	problem_print(&body, problem, detail_of(connection, detail), id, NULL, NULL);
	buf_printf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", problem->status, reply_phrase(problem->status),
		   server_date(connection->server));
	buf_printf(out, "Content-Type: application/problem+json\r\nContent-Length: %zu\r\n", body.length);
	buf_printf(out, "X-Request-Id: %s\r\n", id);
	buf_string(out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
	if (connection->refusal_allowed)
		buf_printf(out, "Allow: %s\r\n", allow_value(connection->refusal_allowed, allow));
	buf_string(out, "Connection: close\r\n\r\n");
	if (connection->framing.method != HTTP_HEAD)
		buf_add(out, body.bytes, body.length);
	buf_done(&body);
}

void refusal_send(struct connection *connection)
{
	char id[REQUEST_ID_MAX + 1];
	struct buf out;

	traffic_note_refusal(connection->server->traffic);
	choose_id(connection, id);
	buf_init(&out);
	print_reply(connection, id, &out);
	log_set_request(id);
	log_info("http.refused", "status=%d problem=%s detail=%s", connection->refusal->status,
		 connection->refusal->slug, log_quote(connection->refusal_detail));
	log_set_request(NULL);
	/* The client has taken all earlier replies, so there is room for this one, unless it is deaf. */
	connection->must_linger = send(bufferevent_getfd(connection->stream), out.bytes, out.length,
				       MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)out.length;
	buf_done(&out);
	connection_free(connection);
}
