/* A request as handlers get it, but without a server behind it: for what reads queries and bodies. */
#ifndef LEADD_TESTS_UNIT_FAKE_REQUEST_H
#define LEADD_TESTS_UNIT_FAKE_REQUEST_H

#include "http/request.h"

/* query: as in a URL, without its question mark; body: the bytes. Owned by the caller: fake_request_free(). */
struct request *fake_request_new(const char *query, struct text body);
void fake_request_free(struct request **request);

#endif
