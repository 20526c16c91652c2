/*
 * The only place that answers and ends a request: sends, logs, counts, frees.
 *
 * Every reply_* function below (but reply_header) ends the request: do not touch it after. HEAD gets the headers of
 * GET without a body; 204 and 304 never carry one. Answering a client that has left is harmless.
 */
#ifndef LEADD_HTTP_REPLY_H
#define LEADD_HTTP_REPLY_H

#include "base/buf.h"
#include "http/problem.h"
#include "http/request.h"

/* Adds a header to the coming reply. The value is copied; one with control characters is a bug. */
void reply_header(struct request *request, const char *name, const char *value);

/* Ends it with JSON; the bytes are copied (reply_json) or taken (reply_json_take empties the buffer). */
void reply_json(struct request *request, int status, struct text json);
void reply_json_take(struct request *request, int status, struct buf *json);

/* Ends it without a body: 204, 304, or a redirect whose Location was added before. */
void reply_empty(struct request *request, int status);

/* Ends it with bytes that live for ever (embedded files); content_type as in HTTP. */
void reply_static(struct request *request, int status, const char *content_type, struct text bytes);

/* Ends it with any text, copied. */
void reply_text(struct request *request, int status, const char *content_type, struct text body);

/* Ends it with a problem; the format gives the detail, a sentence for a person; NULL: the title says it all. */
void reply_problem(struct request *request, const struct problem *problem, const char *format, ...) PRINTF_LIKE(3, 4);

/* As reply_problem(), with further members as JSON text (", \"holder\": 7"). */
void reply_problem_with(struct request *request, const struct problem *problem, const char *detail, const char *extra);

/* Ends it with 422 and all the faults. */
void reply_faults(struct request *request, const struct faults *faults);

#endif
