/*
 * Hands out the waiting contacts of automatic sources as soon as there is room. It is woken by the database, whoever
 * made the room, and by the intake when it stored a contact that waits; now and then it looks without being woken.
 * The assigning itself is the intake's: its batches plan the oldest waiting contacts before the new ones.
 */
#ifndef LEADD_SERVICE_BACKLOG_H
#define LEADD_SERVICE_BACKLOG_H

#include "service/feed.h"
#include "service/intake.h"

struct backlog;

struct backlog_options {
	struct pool *pool;     /* to look which sources have somebody waiting whom somebody could take */
	struct intake *intake; /* drains them */
	struct feed *feed;     /* hears from the database, and wakes it */
	int64_t sweep_ms;      /* longest rest between two looks */
	uint64_t seed;
};

/* Owned by the caller: backlog_free(). */
struct backlog *backlog_new(struct loop *loop, const struct backlog_options *options);

/* Looks at once, or once more after the look that is under way. */
void backlog_wake(struct backlog *backlog);

/* Takes up nothing new. */
void backlog_stop(struct backlog *backlog);

/* Only when nothing runs: after the pool was freed. */
void backlog_free(struct backlog **backlog);

#endif
