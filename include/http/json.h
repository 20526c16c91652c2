/* A strict check of a body before json-c sees it, then json-c's object. */
#ifndef LEADD_HTTP_JSON_H
#define LEADD_HTTP_JSON_H

#include "http/problem.h"

#include <stdbool.h>

struct json_object; /* json-c's */

enum { JSON_DEPTH_MAX = 16, JSON_NUMBER_CHARACTERS_MAX = 320 };

/*
 * Checks that text is one JSON value as RFC 8259 has it, and no more than our services can hold truthfully:
 * UTF-8 as RFC 3629 has it, no nesting deeper than JSON_DEPTH_MAX, whitespace only around it.
 *
 * Returns false when it is not JSON; *malformed_out then says what and where ("byte 17: expected ':' after a name").
 * Faults of content are noted and the check goes on: a member given twice, U+0000 in a text or a name, a lone surrogate
 * (\ud800), an integer beyond 64 bits signed, a number beyond a double's range or longer than
 * JSON_NUMBER_CHARACTERS_MAX. Property (tested): what it accepts without a fault json-c accepts too, to the last byte,
 * losing nothing.
 */
bool json_check(struct text text, struct faults *faults, const char **malformed_out);

/*
 * json_check(), then json-c. NULL with *malformed_out set when it is not JSON. With faults the object is good only
 * for finding more of them (NULL where json-c does not take it).
 * Owned by the caller: json_free().
 */
struct json_object *json_read(struct text text, struct faults *faults, const char **malformed_out);

/* json_object_put() for those who do not include json-c. */
void json_free(struct json_object **object);

#endif
