/* An answer that goes on: Server-Sent Events, as long as the client stays and takes what is sent. */
#ifndef LEADD_HTTP_STREAM_H
#define LEADD_HTTP_STREAM_H

#include "http/request.h"

struct stream;

enum {
	STREAM_UNFETCHED_MAX = 256 * 1024, /* bytes that wait for the client; beyond it the stream ends */
	STREAM_PING_MS = 15000             /* a stream that was silent for so long gets a comment */
};

struct stream_options {
	struct text lagged;            /* the last words to a client that does not keep up; borrowed for ever */
	void (*on_end)(void *context); /* the client is gone, and the stream too; not after stream_end() */
	void *context;
};

/* Whether one more may be opened, besides so many that are about to be; the setting says how many. */
bool stream_has_room(const struct request *request, int coming);

/* Where the request is HEAD: ends it with the headers alone. */
MUST_CHECK bool stream_reply_head(struct request *request);

/*
 * Begins the answer, and ends the request: do not touch it after. The connection ends with the stream. NULL: the client
 * is gone already.
 */
struct stream *stream_open(struct request *request, const struct stream_options *options);

/*
 * Sends bytes that are complete messages. False: the client has not fetched enough of what came before; it was told
 * its last words, and the stream is gone.
 */
MUST_CHECK bool stream_send(struct stream *stream, struct text bytes);

/* The same for what a stream begins with, which may be more. False: there is no memory for it, and nothing was done. */
MUST_CHECK bool stream_send_first(struct stream *stream, struct text bytes);

/* Ends it and its connection; what the client has not fetched it still gets, unless the service is stopping. */
void stream_end(struct stream *stream);

#endif
