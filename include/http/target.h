/* The target of a request: path and query, decoded and checked. */
#ifndef LEADD_HTTP_TARGET_H
#define LEADD_HTTP_TARGET_H

#include "http/request.h"

struct target {
	const char *path; /* decoded, NUL-terminated, without the query */
	struct query_parameter *parameters;
	size_t parameter_count;
};

/*
 * Decodes "/path?query" into the arena. Returns false when it does not decode: broken escapes, %00, invalid UTF-8;
 * in the path also control characters, an encoded slash, "//" and the segments "." and ".."; *why_out then says which.
 */
MUST_CHECK bool target_read(struct arena *arena, struct text sent, struct target *target_out, const char **why_out);

#endif
