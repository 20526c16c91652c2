/* The generic HTTP server: evhttp behind the gate, live requests, drain. */
#ifndef LEADD_HTTP_SERVER_H
#define LEADD_HTTP_SERVER_H

#include "base/buf.h"
#include "base/loop.h"
#include "http/router.h"

struct server;

struct server_options {
	const char *host; /* numeric address or name to bind */
	int port;         /* 0: any */
	const struct route *routes;
	/* Called for every matched route: checks, then calls request_route()->handle; NULL: that is called at once. */
	void (*admit)(struct request *request);
	/*
	 * Asked when the head of a request with a body has come, and perhaps again later: why it is turned away with
	 * 503; NULL: it is served. Only the request's route, target and world may be looked at. NULL: all are served.
	 */
	const char *(*turn_away)(const struct request *request);
	void *world;                 /* request_world() */
	int connections_max;         /* beyond it new connections wait in the backlog */
	int streams_max;             /* event streams, which are connections as well */
	size_t buffer_max;           /* bytes of requests in memory, and as many of answers that are being fetched */
	int64_t request_deadline_ms; /* from the first byte of a request to its last */
	int64_t idle_timeout_ms;     /* a kept-alive connection without a request */
	uint64_t seed;               /* for request ids */
};

/* Binds and listens. NULL when that fails; *why_out then says why ("127.0.0.1:8000: Address already in use"). */
struct server *server_new(struct loop *loop, const struct server_options *options, const char **why_out);

int server_port(const struct server *server);
int server_live_requests(const struct server *server);

/* What was asked and answered, and how fast. */
void server_print_metrics(const struct server *server, struct buf *out);

/*
 * First half of stopping: goes on serving, but each reply closes its connection ("Connection: close").
 * The balancer notices not-ready meanwhile.
 */
void server_linger(struct server *server);

/*
 * Second half: closes the listener and idle connections, and calls on_drained(context) when no request is live and no
 * connection is left, or after wait_ms at the latest (what is left is then cut). Comes once, never before this call
 * returned.
 */
void server_drain(struct server *server, int64_t wait_ms, void (*on_drained)(void *context), void *context);

/* Only after on_drained, or when nothing was ever served. */
void server_free(struct server **server);

#endif
