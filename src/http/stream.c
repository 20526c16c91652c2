/*
 * Event streams over evhttp's chunked answers. The request ends where the stream begins: it counts as answered, and its
 * arena goes. What is left is evhttp's request, which is ours until evhttp_send_reply_end().
 *
 * A client that leaves takes the connection with it: evhttp sets the request's to NULL and calls
 * on_connection_closed(); the request is then freed here. While the stream stands nobody else may free the connection,
 * and with it the request.
 */
#include "http/stream.h"

#include "base/log.h"
#include "base/metrics.h"
#include "http/internal.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <sys/socket.h>

struct stream {
	struct server *server;
	struct connection *connection;
	struct evhttp_request *evhttp;
	struct stream_options options;
	size_t unfetched_max;
	int64_t sent_ms;
};

static struct evbuffer *output_of(const struct stream *stream)
{
	return bufferevent_get_output(stream->connection->stream);
}

bool stream_has_room(const struct request *request, int coming)
{
	const struct server *server = request->server;

	return server->stream_count + coming < server->options.streams_max;
}

static void add_headers(struct request *request)
{
	reply_header(request, "Cache-Control", "no-cache");
	reply_header(request, "X-Accel-Buffering", "no"); /* nginx would gather it */
}

bool stream_reply_head(struct request *request)
{
	if (request->method != HTTP_HEAD)
		return false;
	add_headers(request);
	reply_head(request, 200, "text/event-stream");
	return true;
}

struct stream *stream_open(struct request *request, const struct stream_options *options)
{
	struct server *server = request->server;
	struct connection *connection = connection_of(server, request->evhttp);
	struct evhttp_request *evhttp = request->evhttp;
	struct stream *stream = connection ? mem_alloc(1, sizeof(*stream)) : NULL;

	add_headers(request);
	reply_header(request, "Connection", "close");
	reply_common_headers(request, "text/event-stream");
	reply_note(request, 200, 0);
	request_free(request);
	evhttp_send_reply_start(evhttp, 200, reply_phrase(200));
	if (!connection) {
		evhttp_send_reply_end(evhttp);
		return NULL;
	}
	*stream = (struct stream){ .server = server,
				   .connection = connection,
				   .evhttp = evhttp,
				   .options = *options,
				   .unfetched_max = STREAM_UNFETCHED_MAX,
				   .sent_ms = loop_now_ms() };
	connection_begin_stream(connection, stream);
	server->stream_count++;
	return stream;
}

/* -- sending ----------------------------------------------------------------------------------- */

static void write_bytes(struct stream *stream, struct text bytes)
{
	struct evbuffer *chunk = evbuffer_new();

	if (!chunk)
		mem_exhausted();
	evbuffer_add(chunk, bytes.at, bytes.length);
	evhttp_send_reply_chunk(stream->evhttp, chunk);
	evbuffer_free(chunk);
	connection_write_now(stream->connection);
	connection_keep_output(stream->connection, evbuffer_get_length(output_of(stream)));
	stream->sent_ms = loop_now_ms();
}

/* Whether more than that may wait for the client; little always may, whatever the others take. */
static bool is_behind(const struct stream *stream, size_t length)
{
	const struct server *server = stream->server;
	size_t unfetched = evbuffer_get_length(output_of(stream)) + length;

	return unfetched > stream->unfetched_max ||
	       (unfetched > SMALL_BYTES && server->output_bytes + length > server->options.buffer_max);
}

bool stream_send(struct stream *stream, struct text bytes)
{
	if (!is_behind(stream, bytes.length)) {
		write_bytes(stream, bytes);
		return true;
	}
	stream->server->streams_lagged++;
	if (log_valve_opens(&stream->server->log_faults, loop_now_ms()))
		log_info("http.lagged", "unfetched=%zu", evbuffer_get_length(output_of(stream)));
	write_bytes(stream, stream->options.lagged);
	stream_end(stream);
	return false;
}

bool stream_send_first(struct stream *stream, struct text bytes)
{
	size_t unfetched_max = stream->unfetched_max;

	stream->unfetched_max += bytes.length;
	if (is_behind(stream, bytes.length)) {
		stream->unfetched_max = unfetched_max;
		return false;
	}
	write_bytes(stream, bytes);
	return true;
}

/* -- ending ------------------------------------------------------------------------------------ */

static void stream_free(struct stream *stream)
{
	stream->server->stream_count--;
	mem_free(stream);
}

void stream_end(struct stream *stream)
{
	struct connection *connection = stream->connection;
	struct server *server = stream->server;
	int descriptor = connection->descriptor;

	connection->events = NULL;
	connection_answer(connection, stream->evhttp, evbuffer_get_length(output_of(stream)));
	evhttp_send_reply_end(stream->evhttp);
	stream_free(stream);
	if (server->by_descriptor[descriptor] != connection)
		return; /* without chunks, and with nothing left to send, evhttp has closed it already */
	connection_write_now(connection);
	if (server->is_lingering && evbuffer_get_length(bufferevent_get_output(connection->stream)))
		shutdown(connection->descriptor, SHUT_RDWR);
}

void stream_lost(struct stream *stream)
{
	struct stream_options options = stream->options;

	if (!evhttp_request_get_connection(stream->evhttp)) /* else the connection's end frees it */
		evhttp_send_reply_end(stream->evhttp);
	stream_free(stream);
	options.on_end(options.context);
}

/* A client that takes nothing for so long is not slow but gone, whatever its machine acknowledges. */
void stream_sweep(struct stream *stream, int64_t now_ms)
{
	struct connection *connection = stream->connection;
	size_t left = evbuffer_get_length(output_of(stream));

	connection_keep_output(connection, left);
	if (left != connection->output_left || !left) {
		connection->output_left = left;
		connection->output_moved_ms = now_ms;
	}
	if (now_ms - connection->output_moved_ms > 2 * (int64_t)STREAM_PING_MS)
		shutdown(connection->descriptor, SHUT_RDWR);
	else if (now_ms - stream->sent_ms >= STREAM_PING_MS)
		write_bytes(stream, TEXT(": ping\n\n"));
}

void streams_print_metrics(const struct server *server, struct buf *out)
{
	metrics_gauge(out, "leadd_streams_open", "Event streams that clients have open.",
		      (uint64_t)server->stream_count);
	metrics_gauge(out, "leadd_streams_max", "As set; one more is answered with 503.",
		      (uint64_t)server->options.streams_max);
	metrics_counter(out, "leadd_streams_lagged_total",
			"Streams that were ended because the client did not fetch what was sent.",
			server->streams_lagged);
}
