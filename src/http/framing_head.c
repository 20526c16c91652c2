/* Request lines and headers: strict where they decide over framing, routing and identity, indifferent elsewhere. */
#include "http/framing_head.h"

#include <strings.h>

enum { METHOD_CHARACTERS_MAX = 32, LENGTH_DIGITS_MAX = 18 /* always fit 63 bits */ };

/* Given twice, two readers could each believe another one; so but for two of them they may come only once. */
enum known_header {
	HEADER_HOST,
	HEADER_EXPECT,
	HEADER_X_API_KEY,
	HEADER_CONNECTION,
	HEADER_CONTENT_TYPE,
	HEADER_X_REQUEST_ID,
	HEADER_AUTHORIZATION,
	HEADER_CONTENT_LENGTH,
	HEADER_IDEMPOTENCY_KEY,
	HEADER_TRANSFER_ENCODING,
	HEADERS_KNOWN
};

static const struct text known_headers[HEADERS_KNOWN] = {
	[HEADER_HOST] = { "host", 4 },
	[HEADER_EXPECT] = { "expect", 6 },
	[HEADER_X_API_KEY] = { "x-api-key", 9 },
	[HEADER_CONNECTION] = { "connection", 10 },
	[HEADER_CONTENT_TYPE] = { "content-type", 12 },
	[HEADER_X_REQUEST_ID] = { "x-request-id", 12 },
	[HEADER_AUTHORIZATION] = { "authorization", 13 },
	[HEADER_CONTENT_LENGTH] = { "content-length", 14 },
	[HEADER_IDEMPOTENCY_KEY] = { "idempotency-key", 15 },
	[HEADER_TRANSFER_ENCODING] = { "transfer-encoding", 17 },
};

static bool is_alphanumeric(unsigned char byte)
{
	return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

/* tchar of RFC 9110 section 5.6.2 */
static bool is_token_byte(unsigned char byte)
{
	return is_alphanumeric(byte) || (byte && strchr("!#$%&'*+-.^_`|~", byte));
}

/* RFC 3986, and the few characters that browsers do not escape in queries. No '#': fragments stay at home. */
static bool is_target_byte(unsigned char byte)
{
	return byte > 0x20 && byte < 0x7F && byte != '"' && byte != '#' && byte != '<' && byte != '>' && byte != '\\';
}

static bool is_host_byte(unsigned char byte)
{
	return is_alphanumeric(byte) || (byte && strchr("-._~!$&'()*+;=%:[]", byte));
}

static bool is_value_byte(unsigned char byte)
{
	return (byte >= 0x20 && byte != 0x7F) || byte == '\t';
}

static bool is_id_byte(unsigned char byte)
{
	return is_alphanumeric(byte) || byte == '.' || byte == '_' || byte == '-';
}

static bool is_digit(unsigned char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool consists_of(struct text text, bool (*is_allowed)(unsigned char byte))
{
	for (size_t i = 0; i < text.length; i++)
		if (!is_allowed((unsigned char)text.at[i]))
			return false;
	return true;
}

bool framing_is_sane_id(struct text id)
{
	return id.length && id.length <= REQUEST_ID_MAX && consists_of(id, is_id_byte);
}

static bool equals_without_case(struct text a, struct text b)
{
	return a.length == b.length && strncasecmp(a.at, b.at, a.length) == 0;
}

/* Splits text at the first separator; false when there is none. */
static bool split(struct text text, char separator, struct text *head_out, struct text *tail_out)
{
	const char *at = memchr(text.at, separator, text.length);

	if (!at)
		return false;
	*head_out = (struct text){ text.at, (size_t)(at - text.at) };
	*tail_out = (struct text){ at + 1, text.length - head_out->length - 1 };
	return true;
}

enum framing_event framing_break(struct framing *framing, const struct problem *problem, const char *detail)
{
	framing->problem = problem;
	framing->detail = detail;
	return FRAMING_BROKEN;
}

static enum framing_event malformed(struct framing *framing, const char *detail)
{
	return framing_break(framing, &problem_malformed, detail);
}

static enum http_method method_of(struct text word)
{
	static const struct {
		struct text word;
		enum http_method method;
	} methods[] = {
		{ { "GET", 3 }, HTTP_GET },         { { "POST", 4 }, HTTP_POST }, { { "PATCH", 5 }, HTTP_PATCH },
		{ { "PUT", 3 }, HTTP_PUT },         { { "HEAD", 4 }, HTTP_HEAD }, { { "DELETE", 6 }, HTTP_DELETE },
		{ { "OPTIONS", 7 }, HTTP_OPTIONS },
	};

	for (size_t i = 0; i < COUNT_OF(methods); i++)
		if (text_equals(word, methods[i].word))
			return methods[i].method;
	return 0;
}

/* "HTTP/1.1", "HTTP/1.0"; other versions of that form are a problem of their own. */
static enum framing_event read_version(struct framing *framing, struct text version)
{
	if (version.length != 8 || memcmp(version.at, "HTTP/", 5) != 0 || !is_digit((unsigned char)version.at[5]) ||
	    version.at[6] != '.' || !is_digit((unsigned char)version.at[7]))
		return malformed(framing, "the request line does not end with an HTTP version");
	if (version.at[5] != '1' || version.at[7] > '1')
		return framing_break(framing, &problem_version, "HTTP/1.1 and HTTP/1.0 are spoken here");
	framing->is_http_1_0 = version.at[7] == '0';
	return FRAMING_MORE;
}

/* Absolute targets and those beginning with // name a host, which would let a path slip past a rule in a proxy. */
static enum framing_event read_target(struct framing *framing, struct text target)
{
	if (target.length > FRAMING_TARGET_MAX)
		return framing_break(framing, &problem_target_too_long, "path and query have 8000 bytes at most");
	if (!consists_of(target, is_target_byte))
		return malformed(framing, "the target holds characters that a URI cannot hold");
	if (!text_equals(target, TEXT("*")) || framing->method != HTTP_OPTIONS)
		if (!target.length || target.at[0] != '/' || (target.length > 1 && target.at[1] == '/'))
			return malformed(framing, "the target has to be a path that begins with one slash");
	buf_clear(&framing->target);
	buf_text(&framing->target, target);
	return FRAMING_MORE;
}

enum framing_event framing_request_line(struct framing *framing, struct text line)
{
	struct text method, target, version;
	enum framing_event event;

	if (!split(line, ' ', &method, &target) || !split(target, ' ', &target, &version))
		return malformed(framing, "the request line is not METHOD target HTTP/1.1");
	if (!method.length || method.length > METHOD_CHARACTERS_MAX || !consists_of(method, is_token_byte))
		return malformed(framing, "the method is not a word");
	framing->method = method_of(method);
	event = read_version(framing, version);
	if (event == FRAMING_MORE)
		event = read_target(framing, target);
	if (event == FRAMING_MORE && !framing->method)
		event = FRAMING_FOREIGN;
	return event;
}

static enum framing_event read_content_length(struct framing *framing, struct text value)
{
	if (!value.length || !consists_of(value, is_digit))
		return malformed(framing, "Content-Length is not a number");
	if (value.length > LENGTH_DIGITS_MAX)
		return framing_break(framing, &problem_too_large, NULL);
	for (size_t i = 0; i < value.length; i++)
		framing->content_length = framing->content_length * 10 + (uint64_t)(value.at[i] - '0');
	return FRAMING_MORE;
}

static enum framing_event read_known_header(struct framing *framing, enum known_header header, struct text value)
{
	if (framing->seen & 1U << header && header != HEADER_X_REQUEST_ID && header != HEADER_CONNECTION)
		return malformed(framing, "a header that may come once came twice");
	framing->seen |= 1U << header;
	switch (header) {
	case HEADER_HOST:
		return consists_of(value, is_host_byte) ? FRAMING_MORE : malformed(framing, "Host is not a host");
	case HEADER_CONTENT_LENGTH:
		return read_content_length(framing, value);
	case HEADER_TRANSFER_ENCODING:
		framing->is_chunked = equals_without_case(value, TEXT("chunked"));
		return framing->is_chunked ? FRAMING_MORE
					   : framing_break(framing, &problem_not_implemented,
							   "the only transfer coding served is chunked, alone");
	case HEADER_EXPECT:
		framing->expects_continue = equals_without_case(value, TEXT("100-continue"));
		return framing->expects_continue ? FRAMING_MORE : framing_break(framing, &problem_expectation, NULL);
	case HEADER_CONNECTION:
		framing->has_options |= !equals_without_case(value, TEXT("keep-alive"));
		return FRAMING_MORE;
	case HEADER_X_REQUEST_ID:
		if (framing_is_sane_id(value) && !framing->id[0]) {
			memcpy(framing->id, value.at, value.length);
			framing->id[value.length] = '\0';
		}
		return FRAMING_MORE;
	default:
		return FRAMING_MORE;
	}
}

/*
 * Only blanks are taken off a value, no tabs: evhttp leaves a tab in front, so "Transfer-Encoding:\tchunked" would be
 * chunked to one and not to the other. With the tab left in it is refused above.
 */
enum framing_event framing_header(struct framing *framing, struct text line)
{
	struct text name, value;

	if (++framing->header_count > FRAMING_HEADERS_MAX)
		return framing_break(framing, &problem_headers_too_large, "a request has 100 headers at most");
	if (line.at[0] == ' ' || line.at[0] == '\t')
		return malformed(framing, "a header is continued on a second line");
	if (!split(line, ':', &name, &value) || !name.length || !consists_of(name, is_token_byte))
		return malformed(framing, "a header is not of the form \"name: value\"");
	if (!consists_of(value, is_value_byte))
		return malformed(framing, "a header holds control characters");
	for (; value.length && value.at[0] == ' '; value.at++)
		value.length--;
	while (value.length && value.at[value.length - 1] == ' ')
		value.length--;
	for (unsigned i = 0; i < HEADERS_KNOWN; i++)
		if (equals_without_case(name, known_headers[i]))
			return read_known_header(framing, i, value);
	return FRAMING_MORE;
}

enum framing_event framing_head_end(struct framing *framing)
{
	if (!framing->is_http_1_0 && !(framing->seen & 1U << HEADER_HOST))
		return malformed(framing, "HTTP/1.1 requires a Host header");
	if (framing->is_chunked && framing->seen & 1U << HEADER_CONTENT_LENGTH)
		return malformed(framing, "Transfer-Encoding and Content-Length exclude each other");
	if (framing->is_chunked && framing->is_http_1_0)
		return malformed(framing, "HTTP/1.0 has no Transfer-Encoding");
	if (framing->method == HTTP_HEAD && framing_has_body(framing))
		return malformed(framing, "HEAD has no body");
	return FRAMING_HEAD;
}
