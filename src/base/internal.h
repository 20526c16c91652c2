/* The loop from within, for its two files. */
#ifndef LEADD_BASE_INTERNAL_H
#define LEADD_BASE_INTERNAL_H

#include "base/loop.h"
#include "base/metrics.h"

struct evdns_base;
struct event;
struct on_signal;

struct loop {
	struct event_base *base;
	struct list overtaking;   /* struct watch, by watch_overtakes() */
	struct event *after_turn; /* activated by hand: runs behind everything that is active in this turn */
	struct event *next_turn;  /* the same in the turn to come: for calls that defer again */
	bool is_deferring;
	struct list deferred;
	struct on_signal *signals;
	struct evdns_base *dns; /* made on the first lookup */
	int64_t turn_since_us;  /* 0: nothing has been called yet in this turn */
	unsigned turn_calls;
	bool turn_is_over; /* the next call belongs to another turn */
	int64_t turn_longest_us;
	struct histogram turns;
};

/* Lookups under way end unheard, and what they hold is freed. */
void lookups_end(struct loop *loop);

#endif
