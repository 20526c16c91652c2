/* What the files of http/ share: the server, its connections and the requests that handlers hold. */
#ifndef LEADD_HTTP_INTERNAL_H
#define LEADD_HTTP_INTERNAL_H

#include "base/log.h"
#include "base/rng.h"
#include "http/framing.h"
#include "http/reply.h"
#include "http/server.h"
#include "http/target.h"

#include <event2/util.h>
#include <time.h>

struct bufferevent;
struct evbuffer;
struct evbuffer_cb_info;
struct event;
struct evconnlistener;
struct event_base;
struct evhttp;
struct evhttp_connection;
struct evhttp_request;

enum {
	BODY_STRAY_MAX = 131072, /* of a request that no route wants: read, so that its 404 keeps the connection */
	SWEEP_MS = 250,          /* how exactly deadlines are kept */
	PAUSE_MS = 500,          /* a sweep that comes later than that tells of a pause of the process */
	ACCEPT_PAUSE_MS = 100,   /* after accept() failed for want of descriptors */
	ACCEPTED_AT_ONCE = 64,   /* connections in one turn: the listener by itself would take all that wait */
	DATE_CHARACTERS = 30,    /* "Sun, 06 Nov 1994 08:49:37 GMT" and its NUL */
	LINGER_MS = 2000,        /* how long a refused client may go on sending before it is cut */
	REPLY_MS = 120000,       /* within which a reply has to be fetched */
	DEAF_MS = 1000,          /* so long may nothing of a reply be fetched while memory for replies is short */
	SMALL_BYTES = 4096       /* what holds no more than this is not worth refusing */
};

struct server {
	struct list node; /* of all servers of the process */
	struct loop *loop;
	struct server_options options;
	struct evhttp *evhttp;
	struct evconnlistener *listener; /* owned by evhttp; NULL once it is closed */
	struct event *newcomers;         /* active: connections were accepted that are to be met */
	struct overtaking overtaking;    /* its descriptor's */
	int port;
	struct rng rng;
	size_t body_max; /* the largest of any route */
	bool is_lingering, is_draining, is_out_of_descriptors;

	struct list connections; /* struct connection, newcomers last */
	struct list lingerers;   /* struct lingerer */
	struct list requests;    /* struct request: those that handlers hold */
	int connection_count;    /* of both lists */
	int accepted;            /* in this turn */
	int live_requests;
	int stream_count;
	uint64_t streams_lagged;
	struct traffic *traffic;
	time_t dated; /* the second of date */
	char date[DATE_CHARACTERS];
	struct log_valve log_faults, log_busy; /* lines about requests: 4xx and refusals; 503 */
	size_t input_bytes, output_bytes;      /* of all connections */
	struct connection **by_descriptor;
	size_t descriptor_limit; /* length of by_descriptor */

	struct timer *sweep, *accept_again, *drain_limit;
	int64_t swept_ms; /* when sweep came last, or began to run */
	struct deferred drained, turn_over;
	void (*on_drained)(void *context);
	void *drained_context;
};

enum connection_state {
	CONNECTION_READING,   /* evhttp reads, or waits for a request */
	CONNECTION_HELD,      /* a handler has the request; evhttp has stopped reading */
	CONNECTION_ANSWERING, /* the reply is on its way */
	CONNECTION_STREAMING  /* the reply has begun and goes on until its stream ends */
};

struct stream;

struct connection {
	struct list node;
	struct server *server;
	struct bufferevent *stream;       /* evhttp's */
	struct evhttp_connection *evhttp; /* NULL: a newcomer */
	int descriptor;
	enum connection_state state;
	int64_t since_ms; /* reading: the first byte of the request, or the pause before it; else: of the state */
	size_t output_left;
	int64_t output_moved_ms; /* when output_left was last seen to change */

	size_t input_bytes;    /* in memory, of requests that arrive or are being served */
	size_t output_bytes;   /* the same of the answer that is on its way */
	struct stream *events; /* while it streams */
	bool was_stream;       /* its last answer is, or was, one: nothing waits for its end */

	struct framing framing;
	uint64_t requests_read, requests_answered;
	const struct problem *refusal; /* set: nothing more is read, and this is the last answer */
	const char *refusal_detail;
	unsigned refusal_allowed;
	struct request *prepared; /* owned: of the request whose body is on its way, target and match */
	size_t added;             /* bytes that have just arrived */
	const char *turned_away;  /* the request that arrives gets this for an answer, without evhttp */
	size_t turned_away_bytes; /* its whole length */
	bool must_linger;
	bool is_cutting;      /* the gate itself changes the input now */
	struct deferred soon; /* the refusal is sent */
};

struct request {
	struct list node;
	uint64_t number; /* of its connection's requests, from 0; only while it is prepared */
	const char *sent_target;
	struct server *server;
	struct evhttp_request *evhttp;
	struct arena *arena;
	const char *id;
	enum http_method method;
	struct target target;
	struct route_match match;
	void *input;
	int64_t key;       /* of who sent it; 0: none */
	bool has_body_end; /* request_body() has put a NUL behind the body */
	size_t body_length;
	int64_t started_us;
};

/* -- gate.c ------------------------------------------------------------------------------------ */

/* The callback of a connection's input: runs before evhttp sees the bytes, libevent calls it from inside the read. */
void gate_on_input(struct evbuffer *input, const struct evbuffer_cb_info *change, void *connection);

/* What the gate has prepared for the request that is to be answered next, given away; NULL: nothing. */
struct request *connection_take_prepared(struct connection *connection);

/* -- connection.c ------------------------------------------------------------------------------ */

/* For evhttp_set_bevcb(): the stream of a connection that is being accepted. */
struct bufferevent *connection_accept(struct event_base *base, void *server);

/* The callback of server->newcomers: what is accepted is known, and its end will be noticed, before a byte is read. */
void connections_meet(evutil_socket_t descriptor, short events, void *server);

/* The connection of evhttp's request; NULL when it is gone. */
struct connection *connection_of(const struct server *server, struct evhttp_request *evhttp);

/* So many bytes of requests, the present one's and those behind it, are in memory now. */
void connection_keep_input(struct connection *connection, size_t bytes);

/* Ends a connection that no handler holds. */
void connection_free(struct connection *connection);

/* It waits for a request; nothing of one has come. */
bool connection_is_idle(const struct connection *connection);

/* A handler takes the connection's request; false: the gate has read no such request, so it must not be served. */
MUST_CHECK bool connection_hold(struct connection *connection);

/* The request's answer is about to be sent; kept: bytes of memory that it holds until it has been fetched. */
void connection_answer(struct connection *connection, struct evhttp_request *evhttp, size_t kept);

/* It is in the output now. */
void connection_write_now(struct connection *connection);

/* So many bytes of its answer are in memory now. */
void connection_keep_output(struct connection *connection, size_t bytes);

/* Its request is answered by a stream from now on. */
void connection_begin_stream(struct connection *connection, struct stream *stream);

/* -- stream.c ---------------------------------------------------------------------------------- */

/* Its connection is gone. */
void stream_lost(struct stream *stream);

/* A comment where it was silent for long; the end where nothing is fetched. now_ms from loop_now_ms() */
void stream_sweep(struct stream *stream, int64_t now_ms);

void streams_print_metrics(const struct server *server, struct buf *out);

/* -- sweep.c ----------------------------------------------------------------------------------- */

/* Ends what has run out of time; now_ms from loop_now_ms(). */
void connections_sweep(struct server *server, int64_t now_ms);

/* Ends connections that wait for a request; with everything, also the others (those held are shut down). */
void connections_close(struct server *server, bool everything);

/* -- refusal.c --------------------------------------------------------------------------------- */

/* Refuses what arrives from now on; the answer goes out when all earlier requests have theirs. */
void connection_refuse(struct connection *connection, const struct problem *problem, const char *detail);

/* Sends the refusal and ends the connection, but goes on reading for a while: a reset would eat the answer. */
void refusal_send(struct connection *connection);

/*
 * Answers the request that was prepared, and has arrived as a whole, with connection->turned_away: what evhttp has not
 * seen costs half as much, and the connection stays.
 */
void turn_away(struct connection *connection);

/* Takes the descriptor of a connection that is being freed. */
void lingerer_take(struct server *server, int descriptor);
void lingerers_sweep(struct server *server, int64_t now_ms, bool everything);

/* -- request.c --------------------------------------------------------------------------------- */

/*
 * Before evhttp has a request: its path decoded and its route found. NULL when the path does not decode; *why_out
 * then says why. Owned by the caller: request_drop(), or request_new() takes it.
 */
struct request *request_prepare(const struct route *routes, enum http_method method, struct text target,
				const char **why_out);
void request_drop(struct request **prepared);

/* Wraps evhttp's request. Takes what was prepared for it (NULL: nothing was), and uses it when it is of the same. */
struct request *request_new(struct server *server, struct evhttp_request *evhttp, struct request *prepared);
void request_free(struct request *request);

/* The routes' methods as the value of Allow; out has room for it. */
enum { ALLOW_CHARACTERS = 64 };
const char *allow_value(unsigned methods, char out[ALLOW_CHARACTERS]);

/* -- reply.c ----------------------------------------------------------------------------------- */

/* "Not Found": for the reply line. */
const char *reply_phrase(int status);

/* The headers that every answer has; content_type may be NULL. */
void reply_common_headers(struct request *request, const char *content_type);

/* Ends it with headers alone, and without a length: the answer to HEAD where GET streams. */
void reply_head(struct request *request, int status, const char *content_type);

/* It is answered: a line in the log, and the numbers of its route. */
void reply_note(const struct request *request, int status, size_t length);

/* -- traffic.c --------------------------------------------------------------------------------- */

struct traffic *traffic_new(const struct route *routes);
void traffic_free(struct traffic **traffic);

/* A request is answered now; bytes that never became a request were refused. */
void traffic_note(struct traffic *traffic, const struct request *request, int status);
void traffic_note_refusal(struct traffic *traffic);

/* -- socket.c ---------------------------------------------------------------------------------- */

/* A socket that listens on the first of the host's addresses that can be had. -1: none; *why_out then says why. */
int socket_listen(const char *host, int port, const char **why_out);
int socket_port(int descriptor);

/* -- server.c ---------------------------------------------------------------------------------- */

/* Now, as the header Date has it; printed once a second. */
const char *server_date(struct server *server);

/* Takes one element of a comma-separated header value, without the blanks around it, off the front of *rest. */
struct text header_element(const char **rest);

/* One more connection; the listener pauses where it was the last one for now. */
void server_accepted(struct server *server);

/* Something that drain or accept may wait for is over. */
void server_connection_ended(struct server *server);
void server_request_ended(struct server *server);

#endif
