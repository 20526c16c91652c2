/* A ring that doubles until it has its full length: most processes hear no events at all. */
#include "service/ring.h"

#include <assert.h>

enum { RING_MIN = 64 };

static void grow(struct ring *ring)
{
	size_t capacity = ring->capacity ? ring->capacity * 2 : RING_MIN;

	/* It only grows while it has never gone around: the oldest is at 0. */
	assert(ring->first == 0);
	ring->events = mem_resize(ring->events, capacity, sizeof(*ring->events));
	ring->capacity = capacity;
}

void ring_add(struct ring *ring, const struct event *event)
{
	if (ring->count == ring->capacity && ring->capacity < RING_MAX)
		grow(ring);
	if (ring->count < ring->capacity) {
		ring->events[ring->count++] = *event;
		return;
	}
	ring->events[ring->first] = *event;
	ring->first = (ring->first + 1) % ring->capacity;
}

void ring_clear(struct ring *ring)
{
	mem_free(ring->events);
	*ring = (struct ring){ 0 };
}

const struct event *ring_newest(const struct ring *ring, size_t place)
{
	assert(place >= 1 && place <= ring->count);
	return &ring->events[(ring->first + ring->count - place) % ring->capacity];
}

long ring_behind(const struct ring *ring, const struct event_id *id)
{
	for (size_t place = 1; place <= ring->count; place++)
		if (event_id_equals(&ring_newest(ring, place)->id, id))
			return (long)place - 1;
	return -1;
}
