/* A static table of method and path pattern -> handler. */
#ifndef LEADD_HTTP_ROUTER_H
#define LEADD_HTTP_ROUTER_H

#include "http/request.h"

enum { ROUTE_NUMBERS_MAX = 4, ROUTE_TEXTS_MAX = 2 };

/*
 * One endpoint. The path is written with its canonical trailing slash or without; both are served. A segment is
 * literal, "{name}" (a positive 64-bit decimal number without sign or leading zero), or "{name:text}" (any one
 * segment). Literal segments win over patterns. Rows with the same path differ in method. A row for GET serves HEAD as
 * well.
 */
struct route {
	enum http_method method;
	const char *path;
	unsigned roles; /* for the admit hook alone: who is served */
	void (*handle)(struct request *request);
	size_t body_max;   /* bytes; 0: this endpoint takes no body (one that is sent is 400) */
	const void *about; /* for the admit hook alone: the api's description of the endpoint */
	bool only_reads;   /* changes nothing, though its method might; GET always does */
};

struct route_match {
	const struct route *route; /* NULL: see allowed */
	unsigned allowed; /* methods (HTTP_*) that the path knows, HEAD and OPTIONS included; 0: unknown path */
	int number_count, text_count;
	int64_t numbers[ROUTE_NUMBERS_MAX];
	struct text texts[ROUTE_TEXTS_MAX];
};

/* routes ends with a row whose path is NULL; path is decoded. Texts are borrowed from path. */
struct route_match router_find(const struct route *routes, enum http_method method, const char *path);

#endif
