/*
 * Where a request begins and ends on the wire, and whether its head is one that we and every proxy before us read
 * alike.
 *
 * evhttp is lenient where leniency lets a second request hide in the first. This reader is strict, sees each byte
 * before evhttp does, and knows nothing of sockets. What it accepts evhttp reads in the same way.
 */
#ifndef LEADD_HTTP_FRAMING_H
#define LEADD_HTTP_FRAMING_H

#include "base/buf.h"
#include "http/problem.h"
#include "http/request.h"

enum {
	FRAMING_HEAD_MAX = 16384,  /* bytes of request line and headers together */
	FRAMING_TARGET_MAX = 8000, /* as RFC 9112 section 3 recommends */
	FRAMING_HEADERS_MAX = 100,
	REQUEST_ID_MAX = 64
};

enum framing_event {
	FRAMING_MORE,    /* all bytes are used */
	FRAMING_BLANK,   /* the last 2 bytes were an empty line before a request: evhttp must not see it */
	FRAMING_FOREIGN, /* a request line with a method that is none of ours; to be refused */
	FRAMING_HEAD,    /* the head is complete; framing_allow() comes next */
	FRAMING_END,     /* the request is complete */
	FRAMING_BROKEN   /* problem and detail say why; nothing more may be fed */
};

enum framing_state {
	FRAMING_AT_START,
	FRAMING_IN_HEADERS,
	FRAMING_AT_BODY, /* the head is complete, nothing was read behind it */
	FRAMING_IN_BODY,
	FRAMING_AT_CHUNK_SIZE,
	FRAMING_IN_CHUNK,
	FRAMING_AT_CHUNK_END,
	FRAMING_AT_TRAILER
};

struct framing {
	enum framing_state state;
	struct buf line;   /* the beginning of a line that arrived in pieces */
	size_t line_bytes; /* of the present line, so many were fed: how far to go back to cut it off */

	/* Of the present request: */
	struct buf target;       /* as sent */
	enum http_method method; /* 0: none of ours */
	bool is_http_1_0;
	bool skipped_blank_line;
	bool is_chunked;
	bool expects_continue;
	bool has_options;            /* Connection says more than keep-alive */
	char id[REQUEST_ID_MAX + 1]; /* X-Request-Id when it is a sane one, else empty */
	size_t head_bytes;
	unsigned header_count;
	unsigned seen;           /* bits of the headers that may come once */
	uint64_t content_length; /* 0 when none was sent */
	uint64_t left;           /* of the body, or of the chunk */
	uint64_t body_bytes, body_max;

	const struct problem *problem;
	const char *detail;
};

void framing_init(struct framing *framing);
void framing_done(struct framing *framing);

/* Reads on until something happened; *used_out says how many bytes that took. */
enum framing_event framing_feed(struct framing *framing, const char *bytes, size_t length, size_t *used_out);

/* Lets the body of the request come, up to body_max bytes; false, with a problem: it is too long already. */
MUST_CHECK bool framing_allow(struct framing *framing, size_t body_max);

/* Nothing of the next request has arrived. */
bool framing_is_idle(const struct framing *framing);

/* [A-Za-z0-9._-]{1,64}: an id from outside that is safe in a log and a header. */
bool framing_is_sane_id(struct text id);

/* A body is announced (it may turn out empty when it comes in chunks). */
bool framing_has_body(const struct framing *framing);

/* Bytes that framing_feed() need not see: they may be skipped by framing_skip(). */
uint64_t framing_skippable(const struct framing *framing);
void framing_skip(struct framing *framing, size_t length);

#endif
