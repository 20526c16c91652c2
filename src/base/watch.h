/* Between loop.c and watch.c: the descriptors that are watched for our own ends, apart from those of clients. */
#ifndef LEADD_BASE_WATCH_H
#define LEADD_BASE_WATCH_H

#include "base/loop.h"

struct watches {
	struct loop *loop;
	int epoll;
	int count;
	int64_t served_us; /* when it was last looked who is ready */
};

void watches_init(struct watches *watches, struct loop *loop);
void watches_done(struct watches *watches);

/* Calls who is ready, each once at most. */
void watches_serve(struct watches *watches);

/* Of a loop; loop.c has it. */
struct watches *loop_watches(struct loop *loop);

#endif
