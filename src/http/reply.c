/* Sends and ends requests: the headers that every answer has, the body, the line in the log. */
#include "http/reply.h"

#include "base/log.h"
#include "http/internal.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

enum { DETAIL_CHARACTERS_MAX = 1000, METRICS_BYTES = 65536 };

static const size_t LENGTH_UNKNOWN = SIZE_MAX;

const char *reply_phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = {
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 301, "Moved Permanently" },
		{ 302, "Found" },
		{ 303, "See Other" },
		{ 304, "Not Modified" },
		{ 307, "Temporary Redirect" },
		{ 308, "Permanent Redirect" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" },
		{ 408, "Request Timeout" },
		{ 409, "Conflict" },
		{ 410, "Gone" },
		{ 412, "Precondition Failed" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" },
		{ 417, "Expectation Failed" },
		{ 422, "Unprocessable Content" },
		{ 428, "Precondition Required" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 503, "Service Unavailable" },
		{ 505, "HTTP Version Not Supported" },
	};

	for (size_t i = 0; i < COUNT_OF(phrases); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Status";
}

void reply_header(struct request *request, const char *name, const char *value)
{
	for (const char *at = value; *at; at++)
		assert(((unsigned char)*at >= 0x20 && *at != 0x7F) || *at == '\t');
	evhttp_add_header(evhttp_request_get_output_headers(request->evhttp), name, value);
}

/* Our bugs are all told. */
static bool has_room_in_log(struct server *server, int status)
{
	if (status < 400 || status == 500)
		return true;
	return log_valve_opens(status < 500 ? &server->log_faults : &server->log_busy, loop_now_ms());
}

/* A line for each success would cost more than the request itself at 10,000 a second: it is written on debug only. */
static void log_access(const struct request *request, int status, size_t length)
{
	enum log_level level = status < 400 ? LOG_DEBUG : status < 500 ? LOG_INFO : LOG_WARN;
	const struct route *route = request->match.route;
	char method[ALLOW_CHARACTERS], key[32] = "";

	if (!log_is_on(level) || !has_room_in_log(request->server, status))
		return;
	if (request->key)
		snprintf(key, sizeof(key), " key=%" PRId64, request->key);
	log_set_request(request->id);
	log_line(level, "http.request", "method=%s path=%s status=%d us=%" PRId64 " bytes=%zu%s",
		 allow_value(request->method, method), route ? route->path : log_quote(request->target.path), status,
		 loop_now_us() - request->started_us, length, key);
	log_set_request(NULL);
}

void reply_note(const struct request *request, int status, size_t length)
{
	log_access(request, status, length);
	traffic_note(request->server->traffic, request, status);
}

static bool has_body(int status)
{
	return status != 204 && status != 304;
}

static struct evbuffer *body_of(struct request *request)
{
	return evhttp_request_get_output_buffer(request->evhttp);
}

/* evhttp looks at the beginning of the first such header only. */
static bool asks_to_close(const struct request *request)
{
	const struct evkeyvalq *headers = evhttp_request_get_input_headers(request->evhttp);

	for (const struct evkeyval *header = TAILQ_FIRST(headers); header; header = TAILQ_NEXT(header, next)) {
		const char *rest = strcasecmp(header->key, "Connection") == 0 ? header->value : "";

		while (*rest) {
			struct text element = header_element(&rest);

			if (element.length == 5 && strncasecmp(element.at, "close", 5) == 0)
				return true;
		}
	}
	return false;
}

void reply_common_headers(struct request *request, const char *content_type)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request->evhttp);

	evhttp_add_header(headers, "Date", server_date(request->server));
	evhttp_add_header(headers, "X-Request-Id", request->id);
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	if (!evhttp_find_header(headers, "Cache-Control"))
		evhttp_add_header(headers, "Cache-Control", "no-store");
	if (content_type)
		evhttp_add_header(headers, "Content-Type", content_type);
}

/*
 * Ends the request; the body, of that length, is in the output buffer, unless the method or status has none. kept: how
 * much memory that takes
 */
static void finish(struct request *request, int status, const char *content_type, size_t length, size_t kept)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request->evhttp);
	struct connection *connection = connection_of(request->server, request->evhttp);
	struct evhttp_request *evhttp = request->evhttp;
	char digits[INT_CHARACTERS];

	reply_common_headers(request, content_type);
	if (has_body(status) && length != LENGTH_UNKNOWN)
		evhttp_add_header(headers, "Content-Length", int_print((int64_t)length, digits));
	if (request->server->is_lingering || asks_to_close(request))
		evhttp_add_header(headers, "Connection", "close");
	reply_note(request, status, length == LENGTH_UNKNOWN ? 0 : length);
	if (connection)
		connection_answer(connection, evhttp, kept);
	request_free(request);
	evhttp_send_reply(evhttp, status, reply_phrase(status), NULL);
	if (connection)
		connection_write_now(connection);
}

static void reply_copy(struct request *request, int status, const char *content_type, struct text body)
{
	bool is_sent = request->method != HTTP_HEAD;

	if (is_sent)
		evbuffer_add(body_of(request), body.at, body.length);
	finish(request, status, content_type, body.length, is_sent ? body.length : 0);
}

static void free_bytes(const void *bytes, size_t length, void *context)
{
	(void)bytes;
	(void)length;
	mem_free(context);
}

static void reply_take(struct request *request, int status, const char *content_type, struct buf *body)
{
	size_t length = body->length;
	char *bytes = buf_detach(body);
	bool is_sent = request->method != HTTP_HEAD && length &&
		       evbuffer_add_reference(body_of(request), bytes, length, free_bytes, bytes) == 0;

	if (!is_sent)
		mem_free(bytes);
	finish(request, status, content_type, length, is_sent ? length : 0);
}

void reply_empty(struct request *request, int status)
{
	finish(request, status, NULL, 0, 0);
}

void reply_head(struct request *request, int status, const char *content_type)
{
	finish(request, status, content_type, LENGTH_UNKNOWN, 0);
}

void reply_static(struct request *request, int status, const char *content_type, struct text bytes)
{
	if (request->method != HTTP_HEAD && bytes.length)
		evbuffer_add_reference(body_of(request), bytes.at, bytes.length, NULL, NULL);
	finish(request, status, content_type, bytes.length, 0);
}

static void send_problem(struct request *request, const struct problem *problem, const char *detail,
			 const struct faults *faults, const char *extra)
{
	char seconds[16];
	struct buf body;

	if (problem->retry_after_seconds > 0) {
		snprintf(seconds, sizeof(seconds), "%d", problem->retry_after_seconds);
		reply_header(request, "Retry-After", seconds);
	}
	buf_init(&body);
	problem_print(&body, problem, detail ? detail : problem->title, request->id, faults, extra);
	reply_take(request, problem->status, "application/problem+json", &body);
	buf_done(&body);
}

/*
 * Whether there is memory for what may have to wait until its client fetches it; else that has been answered. What was
 * changed is always told: only an answer that merely reads can be had again. always: so many bytes are sent anyway
 */
static bool has_room(struct request *request, size_t length, size_t always)
{
	const struct server *server = request->server;
	const struct route *route = request->match.route;
	bool only_reads = request->method == HTTP_GET || (route && route->only_reads);

	if (!only_reads || length <= always || server->output_bytes + length <= server->options.buffer_max)
		return true;
	send_problem(request, &problem_unavailable, "Too many large answers are being fetched at this moment.", NULL,
		     NULL);
	return false;
}

void reply_json(struct request *request, int status, struct text json)
{
	if (has_room(request, json.length, SMALL_BYTES))
		reply_copy(request, status, "application/json", json);
}

void reply_json_take(struct request *request, int status, struct buf *json)
{
	if (has_room(request, json->length, SMALL_BYTES))
		reply_take(request, status, "application/json", json);
	else
		buf_done(json);
}

/* Metrics are texts, and are wanted most when memory is short. */
void reply_text(struct request *request, int status, const char *content_type, struct text body)
{
	if (has_room(request, body.length, METRICS_BYTES))
		reply_copy(request, status, content_type, body);
}

void reply_problem(struct request *request, const struct problem *problem, const char *format, ...)
{
	char detail[DETAIL_CHARACTERS_MAX];
	va_list args;

	if (format) {
		va_start(args, format);
		vsnprintf(detail, sizeof(detail), format, args);
		va_end(args);
	}
	send_problem(request, problem, format ? detail : NULL, NULL, NULL);
}

void reply_problem_with(struct request *request, const struct problem *problem, const char *detail, const char *extra)
{
	send_problem(request, problem, detail, NULL, extra);
}

void reply_faults(struct request *request, const struct faults *faults)
{
	char detail[64];

	snprintf(detail, sizeof(detail), "%zu %s; errors has %s", faults->count,
		 faults->count == 1 ? "value breaks a rule" : "values break rules",
		 faults->count > FAULTS_MAX ? "the first of them" : "the list");
	send_problem(request, &problem_validation, detail, faults, NULL);
}
