/*
 * The bytes of a connection: however the network cuts them up, they are the same requests; and a head that passes is
 * read by evhttp, which comes behind, to its last byte and with the same meaning.
 */
#include "fuzz/fuzz.h"

#include "http/framing.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { BODY_MAX = 40, EVHTTP_ALL_READ = 1 };

/* evhttp's own readers of heads, which the library exports without declaring them; another build may not. */
int evhttp_parse_firstline_(struct evhttp_request *request, struct evbuffer *buffer) __attribute__((weak));
int evhttp_parse_headers_(struct evhttp_request *request, struct evbuffer *buffer) __attribute__((weak));

static const char *header_of(struct evhttp_request *request, const char *name)
{
	return evhttp_find_header(evhttp_request_get_input_headers(request), name);
}

static bool has_method(const struct evhttp_request *request, enum http_method method)
{
	static const struct {
		enum evhttp_cmd_type theirs;
		enum http_method ours;
	} methods[] = {
		{ EVHTTP_REQ_GET, HTTP_GET },         { EVHTTP_REQ_HEAD, HTTP_HEAD },
		{ EVHTTP_REQ_POST, HTTP_POST },       { EVHTTP_REQ_PUT, HTTP_PUT },
		{ EVHTTP_REQ_PATCH, HTTP_PATCH },     { EVHTTP_REQ_DELETE, HTTP_DELETE },
		{ EVHTTP_REQ_OPTIONS, HTTP_OPTIONS },
	};

	for (size_t i = 0; i < COUNT_OF(methods); i++)
		if (methods[i].ours == method)
			return request->type == methods[i].theirs;
	return false;
}

static void hold_same_meaning(const struct framing *framing, struct evhttp_request *request)
{
	const char *length = header_of(request, "Content-Length");
	const char *coding = header_of(request, "Transfer-Encoding");
	const char *expect = header_of(request, "Expect");
	char *end;

	HOLDS(has_method(request, framing->method));
	HOLDS(request->major == 1 && request->minor == !framing->is_http_1_0);
	HOLDS(strcmp(evhttp_request_get_uri(request), framing->target.bytes) == 0);
	HOLDS((coding && strcasecmp(coding, "chunked") == 0) == framing->is_chunked);
	HOLDS(!coding || framing->is_chunked);
	HOLDS((expect != NULL) == framing->expects_continue);
	HOLDS((length ? strtoull(length, &end, 10) : 0) == framing->content_length);
	HOLDS(!length || *end == '\0');
	HOLDS(framing->is_http_1_0 || header_of(request, "Host"));
}

static void hold_against_evhttp(const struct framing *framing, const char *head, size_t length)
{
	struct evhttp_request *request = evhttp_request_new(NULL, NULL);
	struct evbuffer *wire = evbuffer_new();

	request->kind = EVHTTP_REQUEST;
	evbuffer_add(wire, head, length);
	if (evhttp_parse_firstline_ && evhttp_parse_headers_) {
		HOLDS(evhttp_parse_firstline_(request, wire) == EVHTTP_ALL_READ);
		HOLDS(evhttp_parse_headers_(request, wire) == EVHTTP_ALL_READ);
		HOLDS(evbuffer_get_length(wire) == 0);
		hold_same_meaning(framing, request);
	}
	evbuffer_free(wire);
	evhttp_request_free(request);
}

/* What a reader of requests sees of a connection, as text. */
struct trace {
	struct framing framing;
	struct buf events;
	const char *wire;
	size_t at, begin; /* bytes fed; where the present request begins */
	bool has_ended;
};

static void note(struct trace *trace, enum framing_event event)
{
	const struct framing *framing = &trace->framing;

	/* A line that is too long is refused as early as that is known. */
	if (event != FRAMING_BROKEN)
		buf_printf(&trace->events, "%zu: ", trace->at);
	buf_printf(&trace->events, "%d", event);
	if (event == FRAMING_HEAD)
		buf_printf(&trace->events, " %d %s %d %llu %d %s", (int)framing->method, framing->target.bytes,
			   framing->is_chunked, (unsigned long long)framing->content_length, framing->expects_continue,
			   framing->id);
	if (event == FRAMING_BROKEN)
		buf_printf(&trace->events, " %s %s", framing->problem->slug, framing->detail ? framing->detail : "");
	buf_char(&trace->events, '\n');
}

static void on_event(struct trace *trace, enum framing_event event)
{
	struct framing *framing = &trace->framing;

	if (event == FRAMING_HEAD) {
		HOLDS(trace->at - trace->begin <= FRAMING_HEAD_MAX + 2);
		hold_against_evhttp(framing, trace->wire + trace->begin, trace->at - trace->begin);
		if (!framing_allow(framing, BODY_MAX)) {
			note(trace, event);
			event = FRAMING_BROKEN;
		}
	}
	note(trace, event);
	if (event == FRAMING_END)
		HOLDS(framing_is_idle(framing));
	if (event == FRAMING_END || event == FRAMING_BLANK)
		trace->begin = trace->at;
	trace->has_ended = event == FRAMING_BROKEN || event == FRAMING_FOREIGN;
	if (trace->has_ended && framing->line_bytes)
		HOLDS(framing->line_bytes <= trace->at - trace->begin); /* what is cut off is of this request */
}

static void feed(struct trace *trace, size_t length)
{
	size_t end = trace->at + length;

	while (!trace->has_ended && trace->at < end) {
		size_t used;
		enum framing_event event;

		if (framing_skippable(&trace->framing) > end - trace->at) {
			framing_skip(&trace->framing, end - trace->at);
			trace->at = end;
			continue;
		}
		event = framing_feed(&trace->framing, trace->wire + trace->at, end - trace->at, &used);
		HOLDS(used <= end - trace->at);
		trace->at += used;
		/* An end may be seen without a byte, right behind a head. */
		while (event != FRAMING_MORE) {
			on_event(trace, event);
			if (trace->has_ended)
				break;
			event = framing_feed(&trace->framing, trace->wire + trace->at, 0, &used);
		}
	}
}

/* Pieces of step bytes; 0: all in one. */
static void read_in_pieces(struct trace *trace, const char *wire, size_t length, size_t step)
{
	*trace = (struct trace){ .wire = wire };
	framing_init(&trace->framing);
	buf_init(&trace->events);
	for (size_t at = 0; at < length && !trace->has_ended; at += step ? step : length)
		feed(trace, step && step < length - at ? step : length - at);
}

static void trace_done(struct trace *trace)
{
	framing_done(&trace->framing);
	buf_done(&trace->events);
}

/* The first byte says how the rest is cut up. */
void fuzz_framing(const uint8_t *bytes, size_t length)
{
	size_t step = length ? bytes[0] % 32 + 1U : 1;
	char *wire = mem_copy(length ? bytes + 1 : bytes, length ? length - 1 : 0);
	struct trace whole, pieces;

	length -= length > 0;
	read_in_pieces(&whole, wire, length, 0);
	read_in_pieces(&pieces, wire, length, step);
	if (strcmp(whole.events.bytes, pieces.events.bytes) != 0)
		fprintf(stderr, "whole:\n%sin pieces of %zu:\n%s", whole.events.bytes, step, pieces.events.bytes);
	HOLDS(strcmp(whole.events.bytes, pieces.events.bytes) == 0);
	trace_done(&whole);
	trace_done(&pieces);
	mem_free(wire);
}
