/* The target of a request: path and query, decoded and checked. */
#ifndef LEADD_HTTP_TARGET_H
#define LEADD_HTTP_TARGET_H

#include "http/request.h"

struct target {
	const char *path;  /* decoded, NUL-terminated, without the query */
	struct text query; /* as sent, borrowed */
	struct query_parameter *parameters;
	size_t parameter_count;
};

/*
 * Decodes the path of "/path?query" into the arena. Returns false when it does not decode: broken escapes, %00, invalid
 * UTF-8, control characters, an encoded slash, "//" and the segments "." and ".."; *why_out then says which.
 */
MUST_CHECK bool target_read(struct arena *arena, struct text sent, struct target *target_out, const char **why_out);

/*
 * Decodes its query into parameters, which take many times the memory of what was sent: not before the request is
 * served. Returns false when it does not decode, or has more than TARGET_PARAMETERS_MAX; *why_out then says which.
 */
enum { TARGET_PARAMETERS_MAX = 100 };
MUST_CHECK bool target_read_query(struct arena *arena, struct target *target, const char **why_out);

#endif
