/*
 * One connection that listens for notifications of the database. It is made anew by itself whenever it is lost; what
 * was notified meanwhile is lost, which its listener is told.
 */
#ifndef LEADD_DB_LISTEN_H
#define LEADD_DB_LISTEN_H

#include "base/loop.h"
#include "db/error.h"

#include <stdbool.h>
#include <stdint.h>

struct listener;

/*
 * channel, payload: of a notification, borrowed during the call; both NULL: the connection stands anew, and anything
 * may have been missed.
 */
typedef void listen_on_notify(void *context, const char *channel, const char *payload);

struct listen_options {
	const char *conninfo;
	const char *settings;        /* run once on each new connection; may be NULL */
	const char *const *channels; /* names as in LISTEN; ends with NULL */
	int64_t ping_ms; /* a connection that has been silent for so long is asked whether it still stands; dropped when
			  * no answer comes within the same time */
	uint64_t seed;   /* for the jitter of reconnecting */
};

/* Connects from then on. The options' strings are copied; channels must stay. Owned by the caller: listen_free(). */
struct listener *listen_new(struct loop *loop, const struct listen_options *options, listen_on_notify *on_notify,
			    void *context);

/* Not from inside on_notify. */
void listen_free(struct listener **listener);

bool listen_is_ready(const struct listener *listener);

#endif
