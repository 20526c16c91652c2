/* The newest events, so that whoever was away for a moment gets what he missed. */
#ifndef LEADD_SERVICE_RING_H
#define LEADD_SERVICE_RING_H

#include "service/event.h"

#include <stddef.h>

/* Zeroed it is ready; it takes memory as events come. */
struct ring {
	struct event *events; /* the oldest at first, once around */
	size_t capacity, first, count;
};

enum { RING_MAX = 4096 };

void ring_add(struct ring *ring, const struct event *event);

/* Forgets all, and gives the memory back. */
void ring_clear(struct ring *ring);

/* How many events came behind the one with that id; -1: it is not known, or not any more. */
long ring_behind(const struct ring *ring, const struct event_id *id);

/* The newest is 1. */
const struct event *ring_newest(const struct ring *ring, size_t place);

#endif
