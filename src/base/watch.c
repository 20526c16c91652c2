/*
 * Watched descriptors have an epoll of their own, which is one descriptor of libevent's. So it can be asked at any
 * time what has become ready for us, however many clients there are: asking libevent costs as much as there are.
 */
#include "base/watch.h"

#include "base/log.h"
#include "base/mem.h"

#include <sys/epoll.h>
#include <unistd.h>

enum { LOOK_US = 1000 }; /* so often loop_serve_watches() looks */

struct watch {
	struct watches *watches;
	int descriptor;
	int wanted;
	void (*on_ready)(void *context, int events);
	void *context;
};

void watches_init(struct watches *watches, struct loop *loop)
{
	*watches = (struct watches){ .loop = loop, .epoll = epoll_create1(EPOLL_CLOEXEC) };
	if (watches->epoll < 0)
		die(EXIT_BUG, "cannot make an event loop");
}

void watches_done(struct watches *watches)
{
	close(watches->epoll);
}

/* Whoever is gone, or has failed, is told as what is wanted: the next call on the descriptor finds out. */
static int events_of(const struct watch *watch, uint32_t ready)
{
	int events = 0;

	if (ready & (EPOLLERR | EPOLLHUP))
		return watch->wanted;
	if (ready & EPOLLIN)
		events |= LOOP_READ;
	if (ready & EPOLLOUT)
		events |= LOOP_WRITE;
	return events & watch->wanted;
}

/* One at a time: a call may free any watch, also one that is ready. */
void watches_serve(struct watches *watches)
{
	struct epoll_event event;

	watches->served_us = loop_now_us();
	for (int i = watches->count; i > 0 && epoll_wait(watches->epoll, &event, 1, 0) == 1; i--) {
		struct watch *watch = event.data.ptr;

		watch->on_ready(watch->context, events_of(watch, event.events));
	}
}

void loop_serve_watches(struct loop *loop)
{
	struct watches *watches = loop_watches(loop);

	if (loop_now_us() - watches->served_us > LOOK_US)
		watches_serve(watches);
}

struct watch *watch_new(struct loop *loop, int fd, int events, void (*on_ready)(void *context, int events),
			void *context)
{
	struct watch *watch = mem_alloc(1, sizeof(*watch));

	watch->watches = loop_watches(loop);
	watch->descriptor = fd;
	watch->on_ready = on_ready;
	watch->context = context;
	watch->watches->count++;
	watch_want(watch, events);
	return watch;
}

void watch_want(struct watch *watch, int events)
{
	struct epoll_event event = { .data.ptr = watch };
	int how = !events ? EPOLL_CTL_DEL : watch->wanted ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (events == watch->wanted)
		return;
	event.events = (events & LOOP_READ ? (uint32_t)EPOLLIN : 0) | (events & LOOP_WRITE ? (uint32_t)EPOLLOUT : 0);
	watch->wanted = events;
	if (epoll_ctl(watch->watches->epoll, how, watch->descriptor, &event) < 0)
		log_error("loop.watch", "descriptor=%d events=%d", watch->descriptor, events);
}

void watch_free(struct watch **watch)
{
	if (!*watch)
		return;
	watch_want(*watch, 0);
	(*watch)->watches->count--;
	mem_free(*watch);
	*watch = NULL;
}
