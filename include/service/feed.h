/*
 * What the database tells, whoever changed something: numbered events for those who listen to them, and who is to tell.
 *
 * Telling costs the whole cluster a lock at each commit, so nobody does while nobody listens. A process that has
 * listeners says so now and then on a channel of its own; who hears that has its transactions tell for a while.
 * Whatever may have been missed all the same, the listeners are told to read anew.
 */
#ifndef LEADD_SERVICE_FEED_H
#define LEADD_SERVICE_FEED_H

#include "db/flow.h"
#include "service/event.h"

struct feed;

struct feed_options {
	struct pool *pool;    /* to speak to the others */
	const char *conninfo; /* of the connection that listens */
	const char *settings; /* of that connection */
	uint64_t seed;
};

/* Owned by the caller: feed_free(). */
struct feed *feed_new(struct loop *loop, const struct feed_options *options);

/* Says nothing more to the others. */
void feed_stop(struct feed *feed);

/* Only when nothing runs: after the pool was freed. */
void feed_free(struct feed **feed);

void feed_print_metrics(const struct feed *feed, struct buf *out);

/* What else the database tells, and nobody has to be asked to. */
enum feed_word {
	FEED_BACKLOG, /* waiting contacts may have an operator */
	FEED_KEYS,    /* a key of the API was changed */
	FEED_WORDS
};

/* Calls on_word(context) whenever that is told, or may have been missed. One listener of each. */
void feed_on(struct feed *feed, enum feed_word word, void (*on_word)(void *context), void *context);

/* -- for who changes contacts ------------------------------------------------------------------ */

/* Asks one statement, or none while nobody listens; returns how many. Contacts that change behind it are told. */
int feed_ask(struct flow *flow, const struct feed *feed);

/* -- for who has listeners --------------------------------------------------------------------- */

struct feed_hooks {
	/* These events happened, in that order; borrowed during the call. */
	void (*on_events)(void *context, const struct event *events, size_t count);
	/* From now on all are told that may happen: feed_is_sure() became true. */
	void (*on_sure)(void *context);
	/* Events may have been missed before this moment. */
	void (*on_gap)(void *context);
};

/* One at a time. */
void feed_on_events(struct feed *feed, const struct feed_hooks *hooks, void *context);

/* There is one listener more, or less. */
void feed_hold(struct feed *feed);
void feed_release(struct feed *feed);

/* Whether the connection that listens stands. */
bool feed_is_connected(const struct feed *feed);

/* Whether everybody tells, as far as this process knows. It needs feed_hold() to become and to stay so. */
bool feed_is_sure(const struct feed *feed);

/* Of the newest event; good while feed_is_sure(). */
struct event_id feed_position(const struct feed *feed);

/*
 * Calls on_event for each event behind the one with that id, the oldest first. False, and nothing was called: what came
 * behind it is not known.
 */
MUST_CHECK bool feed_replay(const struct feed *feed, const struct event_id *id,
			    void (*on_event)(void *context, const struct event *event), void *context);

#endif
