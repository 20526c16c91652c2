/* The lines of a request's head, one by one; the part of framing.c that knows header names. */
#ifndef LEADD_HTTP_FRAMING_HEAD_H
#define LEADD_HTTP_FRAMING_HEAD_H

#include "http/framing.h"

/* Notes why the request cannot be read on and returns FRAMING_BROKEN. */
enum framing_event framing_break(struct framing *framing, const struct problem *problem, const char *detail);

/* Each takes a line without its CRLF. FRAMING_MORE: it is fine. */
enum framing_event framing_request_line(struct framing *framing, struct text line);
enum framing_event framing_header(struct framing *framing, struct text line);
enum framing_event framing_head_end(struct framing *framing);

#endif
