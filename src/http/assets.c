/* Embedded files: found by name in a table, never by a path built of input. */
#include "http/internal.h"
#include "http/assets.h"

#include "base/log.h"
#include "http/reply.h"

#include <stdlib.h>
#include <strings.h>
#include <zlib.h>

enum { GZIP_WINDOW = 16 + MAX_WBITS, GZIP_SIZE_BYTES = 4 /* the last ones: length when unpacked, little end first */ };

const struct asset *asset_find(struct text path)
{
	for (const struct asset *asset = assets; asset->path; asset++)
		if (text_equals(text_of(asset->path), path))
			return asset;
	return NULL;
}

/* The quality of a coding by an element of Accept-Encoding ("gzip;q=0.5"); before, where that is about another one. */
static double quality(struct text element, const char *coding, double before)
{
	size_t length = strlen(coding);
	struct text rest;

	if (element.length < length || strncasecmp(element.at, coding, length) != 0)
		return before;
	rest = (struct text){ element.at + length, element.length - length };
	while (rest.length && strchr("; \t", rest.at[0]))
		rest = (struct text){ rest.at + 1, rest.length - 1 };
	if (rest.length == element.length - length)
		return rest.length == 0 ? 1 : before;
	if (rest.length < 3 || strncasecmp(rest.at, "q=", 2) != 0)
		return 1;
	return strtod(rest.at + 2, NULL); /* a header's value ends with a NUL */
}

/* What is said of gzip counts more than what is said of all. */
static bool accepts_gzip(const char *header)
{
	double of_gzip = -1, of_all = -1;

	while (header && *header) {
		struct text element = header_element(&header);

		of_gzip = quality(element, "gzip", of_gzip);
		of_all = quality(element, "*", of_all);
	}
	return (of_gzip < 0 ? of_all : of_gzip) > 0;
}

/* If-None-Match compares weakly: W/"x" and "x" are the same. */
static bool names_etag(const char *header, const char *etag)
{
	while (header && *header) {
		struct text element = header_element(&header);

		if (element.length > 2 && memcmp(element.at, "W/", 2) == 0)
			element = (struct text){ element.at + 2, element.length - 2 };
		if (text_equals(element, TEXT("*")) || text_equals(element, text_of(etag)))
			return true;
	}
	return false;
}

static size_t unpacked_length(const struct asset *asset)
{
	const unsigned char *size = asset->bytes + asset->length - GZIP_SIZE_BYTES;

	return (size_t)size[0] | (size_t)size[1] << 8 | (size_t)size[2] << 16 | (size_t)size[3] << 24;
}

/* Into memory of the request; our own files, so a failure is a bug of the build. */
static struct text unpack(struct request *request, const struct asset *asset)
{
	size_t length = asset->length > GZIP_SIZE_BYTES ? unpacked_length(asset) : 0;
	unsigned char *bytes = arena_alloc(request_arena(request), length + 1, 1);
	z_stream stream = {
		.next_in = (Bytef *)(uintptr_t)asset->bytes,
		.avail_in = (uInt)asset->length,
		.next_out = bytes,
		.avail_out = (uInt)length + 1,
	};
	bool is_whole = inflateInit2(&stream, GZIP_WINDOW) == Z_OK && inflate(&stream, Z_FINISH) == Z_STREAM_END &&
			stream.total_out == length;

	inflateEnd(&stream);
	return is_whole ? (struct text){ (const char *)bytes, length } : (struct text){ NULL, 0 };
}

void reply_asset(struct request *request, const struct asset *asset)
{
	struct text stored = { (const char *)asset->bytes, asset->length }, plain;
	bool is_packed = asset->encoding != NULL, sends_packed;

	sends_packed = is_packed && accepts_gzip(request_header(request, "Accept-Encoding"));
	if (is_packed)
		reply_header(request, "Vary", "Accept-Encoding");
	reply_header(request, "Cache-Control", "no-cache");
	/* The tag is that of the stored bytes; the unpacked ones mean the same, hence weak. */
	if (is_packed && !sends_packed)
		reply_header(request, "ETag", arena_printf(request_arena(request), "W/%s", asset->etag));
	else
		reply_header(request, "ETag", asset->etag);
	if (names_etag(request_header(request, "If-None-Match"), asset->etag)) {
		reply_empty(request, 304);
		return;
	}
	if (sends_packed)
		reply_header(request, "Content-Encoding", asset->encoding);
	if (!is_packed || sends_packed) {
		reply_static(request, 200, asset->content_type, stored);
		return;
	}
	plain = unpack(request, asset);
	if (plain.at) {
		reply_text(request, 200, asset->content_type, plain);
		return;
	}
	log_error("http.asset_broken", "path=%s", asset->path);
	reply_problem(request, &problem_internal, NULL);
}
