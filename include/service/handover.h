/*
 * Moves the active contacts of operators who leave: back to waiting, or to others by the source's own rule. The
 * departures stand in the database; so a restart, or another process, goes on where this one stopped.
 */
#ifndef LEADD_SERVICE_HANDOVER_H
#define LEADD_SERVICE_HANDOVER_H

#include "service/feed.h"

struct handover;

/* Looks for departures now and then, and at once when woken. Owned by the caller: handover_free(). */
struct handover *handover_new(struct loop *loop, struct pool *pool, const struct feed *feed, uint64_t seed);

/* There is a departure, or may be one. */
void handover_wake(struct handover *handover);

/* Takes up nothing new; the slice that runs comes to its end. */
void handover_stop(struct handover *handover);

/* Only when nothing runs: after the pool was freed at the latest. */
void handover_free(struct handover **handover);

#endif
