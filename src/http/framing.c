/* Cuts the bytes of a connection into requests; see framing.h for why evhttp does not get to do this alone. */
#include "http/framing_head.h"

enum { CHUNK_SIZE_DIGITS_MAX = 8 };

void framing_init(struct framing *framing)
{
	*framing = (struct framing){ .state = FRAMING_AT_START };
	buf_init(&framing->line);
	buf_init(&framing->target);
}

void framing_done(struct framing *framing)
{
	buf_done(&framing->line);
	buf_done(&framing->target);
}

bool framing_is_idle(const struct framing *framing)
{
	return framing->state == FRAMING_AT_START && framing->line_bytes == 0;
}

bool framing_has_body(const struct framing *framing)
{
	return framing->is_chunked || framing->content_length > 0;
}

/* What a connection keeps while it waits for an answer, or for its next request, counts a thousand times. */
static void forget_request(struct framing *framing)
{
	framing_done(framing);
	framing_init(framing);
}

static enum framing_event request_ends(struct framing *framing)
{
	forget_request(framing);
	return FRAMING_END;
}

static enum framing_event body_too_large(struct framing *framing)
{
	return framing->body_max ? framing_break(framing, &problem_too_large, NULL)
				 : framing_break(framing, &problem_malformed, "this endpoint takes no body");
}

bool framing_allow(struct framing *framing, size_t body_max)
{
	framing->body_max = body_max;
	if (framing->content_length > body_max) {
		framing->line_bytes = 2; /* the empty line behind the headers */
		body_too_large(framing);
		return false;
	}
	return true;
}

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit = (char)(digit | 0x20);
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* evhttp would take "0x5", "+5" and " 5" as well, and a proxy might take "5;extension" differently: digits only. */
static enum framing_event read_chunk_size(struct framing *framing, struct text line)
{
	uint64_t size = 0;

	if (!line.length || line.length > CHUNK_SIZE_DIGITS_MAX)
		return framing_break(framing, &problem_malformed, "a chunk's size is not 1 to 8 hexadecimal digits");
	for (size_t i = 0; i < line.length; i++) {
		int value = hex_value(line.at[i]);

		if (value < 0)
			return framing_break(framing, &problem_malformed, "a chunk's size is not a hexadecimal number");
		size = size * 16 + (uint64_t)value;
	}
	framing->body_bytes += size;
	if (framing->body_bytes > framing->body_max)
		return body_too_large(framing);
	framing->left = size;
	framing->state = size ? FRAMING_IN_CHUNK : FRAMING_AT_TRAILER;
	return FRAMING_MORE;
}

static enum framing_event read_start(struct framing *framing, struct text line)
{
	enum framing_event event;

	if (!line.length) {
		/* Some old clients send one behind a body; RFC 9112 section 2.2 asks to ignore it. */
		if (framing->skipped_blank_line)
			return framing_break(framing, &problem_malformed, "empty lines instead of a request");
		framing->skipped_blank_line = true;
		return FRAMING_BLANK;
	}
	event = framing_request_line(framing, line);
	if (event == FRAMING_MORE)
		framing->state = FRAMING_IN_HEADERS;
	return event;
}

static enum framing_event read_in_headers(struct framing *framing, struct text line)
{
	enum framing_event event;

	if (line.length)
		return framing_header(framing, line);
	event = framing_head_end(framing);
	if (event == FRAMING_HEAD)
		framing->state = FRAMING_AT_BODY;
	return event;
}

static enum framing_event read_line(struct framing *framing, struct text line)
{
	switch (framing->state) {
	case FRAMING_AT_START:
		return read_start(framing, line);
	case FRAMING_IN_HEADERS:
		return read_in_headers(framing, line);
	case FRAMING_AT_CHUNK_SIZE:
		return read_chunk_size(framing, line);
	case FRAMING_AT_CHUNK_END:
		if (line.length)
			return framing_break(framing, &problem_malformed, "a chunk is not followed by CRLF");
		framing->state = FRAMING_AT_CHUNK_SIZE;
		return FRAMING_MORE;
	default: /* FRAMING_AT_TRAILER */
		if (line.length)
			return framing_break(framing, &problem_malformed, "trailers behind a body are not read here");
		return request_ends(framing);
	}
}

/* Bytes that the present line may have with its CRLF; longer ones are refused before their end has come. */
static size_t line_room(const struct framing *framing)
{
	switch (framing->state) {
	case FRAMING_AT_START:
	case FRAMING_IN_HEADERS:
		return FRAMING_HEAD_MAX - framing->head_bytes;
	case FRAMING_AT_CHUNK_SIZE:
		return CHUNK_SIZE_DIGITS_MAX + 2;
	default:
		return 2;
	}
}

static enum framing_event line_too_long(struct framing *framing)
{
	if (framing->state == FRAMING_AT_START)
		return framing_break(framing, &problem_target_too_long, "path and query have 8000 bytes at most");
	if (framing->state == FRAMING_IN_HEADERS)
		return framing_break(framing, &problem_headers_too_large, "a request's head has 16384 bytes at most");
	return framing_break(framing, &problem_malformed, "the chunks of the body are broken");
}

static enum framing_event feed_line(struct framing *framing, const char *bytes, size_t length, size_t *used_out)
{
	const char *newline = memchr(bytes, '\n', length);
	bool is_head = framing->state == FRAMING_AT_START || framing->state == FRAMING_IN_HEADERS;
	struct text line = { bytes, newline ? (size_t)(newline - bytes) + 1 : length };
	enum framing_event event;

	*used_out = line.length;
	framing->line_bytes += line.length;
	if (framing->line_bytes > line_room(framing))
		return line_too_long(framing);
	if (!newline || framing->line.length) {
		buf_text(&framing->line, line);
		line = (struct text){ framing->line.bytes, framing->line.length };
	}
	if (!newline)
		return FRAMING_MORE;
	if (line.length < 2 || line.at[line.length - 2] != '\r')
		return framing_break(framing, &problem_malformed, "lines of HTTP end with CR and LF, not LF alone");
	if (is_head)
		framing->head_bytes += line.length;
	line.length -= 2;
	event = read_line(framing, line);
	buf_clear(&framing->line);
	if (event != FRAMING_BROKEN && event != FRAMING_FOREIGN)
		framing->line_bytes = 0;
	return event;
}

uint64_t framing_skippable(const struct framing *framing)
{
	return framing->state == FRAMING_IN_BODY || framing->state == FRAMING_IN_CHUNK ? framing->left : 0;
}

void framing_skip(struct framing *framing, size_t length)
{
	framing->left -= length;
	if (framing->left == 0 && framing->state == FRAMING_IN_CHUNK)
		framing->state = FRAMING_AT_CHUNK_END;
}

/* What comes behind the head. */
static enum framing_event begin_body(struct framing *framing)
{
	if (!framing_has_body(framing))
		return request_ends(framing);
	framing->state = framing->is_chunked ? FRAMING_AT_CHUNK_SIZE : FRAMING_IN_BODY;
	framing->left = framing->content_length;
	return FRAMING_MORE;
}

enum framing_event framing_feed(struct framing *framing, const char *bytes, size_t length, size_t *used_out)
{
	enum framing_event event = FRAMING_MORE;

	*used_out = 0;
	while (event == FRAMING_MORE) {
		size_t rest = length - *used_out, used = 0;

		if (framing->state == FRAMING_AT_BODY) {
			event = begin_body(framing);
		} else if (framing->state == FRAMING_IN_BODY && framing->left == 0) {
			event = request_ends(framing);
		} else if (rest == 0) {
			break;
		} else if (framing_skippable(framing)) {
			used = framing->left < rest ? (size_t)framing->left : rest;
			framing_skip(framing, used);
		} else {
			event = feed_line(framing, bytes + *used_out, rest, &used);
		}
		*used_out += used;
	}
	return event;
}
