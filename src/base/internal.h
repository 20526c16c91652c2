/* The loop from within, for its files. */
#ifndef LEADD_BASE_INTERNAL_H
#define LEADD_BASE_INTERNAL_H

#include "base/loop.h"
#include "base/metrics.h"

#include <time.h>

struct evdns_base;
struct event;
struct on_signal;

struct loop {
	struct event_base *base;
	struct list overtaking;   /* struct overtaking */
	struct event *after_turn; /* activated by hand: runs behind everything that is active in this turn */
	struct event *next_turn;  /* the same in the turn to come: for calls that defer again */
	bool is_deferring;
	struct list deferred;
	struct watch *canary; /* of an eventfd that waits as long as everybody else */
	int canary_descriptor;
	int64_t canary_since_us, lag_us; /* 0: it does not wait */
	struct on_signal *signals;
	struct evdns_base *dns; /* made on the first lookup */
	int lookups;            /* under way */
	int64_t turn_since_us;  /* 0: nothing has been called yet in this turn */
	unsigned turn_calls;
	bool turn_was_cut; /* it has left over some of what was ready */
	int64_t turn_since_cpu_us;
	int64_t turn_longest_us, turn_longest_cpu_us;
	struct histogram turns;
};

int64_t clock_us(clockid_t clock);

/* turns.c: once for a loop, and between two turns. */
void turns_init(struct loop *loop);
void turns_next(struct loop *loop);
void turns_end(struct loop *loop);

/* Lookups under way end unheard, and what they hold is freed. */
void lookups_end(struct loop *loop);

#endif
