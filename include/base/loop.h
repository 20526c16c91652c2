/* The event loop: descriptors, timers, signals, "after this turn", name lookup. Libevent's only face below http. */
#ifndef LEADD_BASE_LOOP_H
#define LEADD_BASE_LOOP_H

#include "base/buf.h"
#include "base/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct event_base;

struct loop *loop_new(void);
void loop_free(struct loop **loop);

/* Serves events until loop_stop() is called. */
void loop_run(struct loop *loop);

/* Ends loop_run() after the current turn. */
void loop_stop(struct loop *loop);

/* Milliseconds of a clock that never jumps; its zero means nothing. */
int64_t loop_now_ms(void);

/* Microseconds of the same clock. */
int64_t loop_now_us(void);

/* For http/ alone, which hands it to evhttp. */
struct event_base *loop_event_base(struct loop *loop);

/* As watch_overtakes(), for a descriptor that somebody watches through it; until overtaking_end(). */
struct overtaking {
	struct list node;
	int descriptor;
};

void overtaking_begin(struct overtaking *overtaking, struct loop *loop, int descriptor);
void overtaking_end(struct overtaking *overtaking);

enum { LOOP_TURN_EVENTS = 16 };

/*
 * Says that something has become ready and is being served; calls through this header say so themselves, http/ does it
 * for those that libevent makes. A turn lasts from the first of them to the next look at all descriptors, which comes
 * when LOOP_TURN_EVENTS have been served, or all that were ready, or after 5 ms.
 */
void loop_note_call(struct loop *loop);

/*
 * How long something that becomes ready now has to wait until it is served, microseconds: as long as the last one that
 * was timed, or longer when that one still waits. 0 unless turns leave something over.
 */
int64_t loop_lag_us(const struct loop *loop);

/* How long the turns have been, and the lag. */
void loop_print_metrics(const struct loop *loop, struct buf *out);

/* -- descriptors ------------------------------------------------------------------------------- */

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

struct watch;

/*
 * Calls on_ready(context, events) whenever fd is ready for one of the wanted events (LOOP_READ | LOOP_WRITE),
 * until watch_free(). The descriptor stays the caller's; free the watch before closing it.
 */
struct watch *watch_new(struct loop *loop, int fd, int events, void (*on_ready)(void *context, int events),
			void *context);

/* From now on it is served as soon as what has begun its turn is, however many others are ready and wait for theirs. */
void watch_overtakes(struct watch *watch);

/* Changes the wanted events; 0 pauses it. Cheap when nothing changes. */
void watch_want(struct watch *watch, int events);
void watch_free(struct watch **watch);

/* -- timers ------------------------------------------------------------------------------------ */

struct timer;

struct timer *timer_new(struct loop *loop, void (*on_due)(void *context), void *context);

/* (Re)starts it: one call of on_due after delay_ms milliseconds (>= 0). */
void timer_start(struct timer *timer, int64_t delay_ms);
void timer_stop(struct timer *timer);
bool timer_is_running(const struct timer *timer);
void timer_free(struct timer **timer);

/* -- after the current turn -------------------------------------------------------------------- */

/* Embedded in the struct that wants the call; set up once with deferred_init(). */
struct deferred {
	struct list node;
	void (*run)(void *context);
	void *context;
};

void deferred_init(struct deferred *deferred, void (*run)(void *context), void *context);

/*
 * Calls run(context) once, after everything that was ready in this turn has been served; asked again before
 * that, it still runs once. Calls come in the order in which they were asked. The struct may be freed inside run.
 */
void loop_defer(struct loop *loop, struct deferred *deferred);

/* Takes the call back. */
void deferred_cancel(struct deferred *deferred);

/* -- signals ----------------------------------------------------------------------------------- */

/* Calls on_signal(context, number) for each arrival of that signal, from the loop; lives as long as the loop. */
void loop_signal(struct loop *loop, int number, void (*on_signal)(void *context, int number), void *context);

/* -- name lookup ------------------------------------------------------------------------------- */

enum { LOOP_ADDRESS_MAX = 46 }; /* room for the longest numeric IPv6 address and its NUL */

struct lookup;

/*
 * Looks a host name up without blocking (hosts file, then DNS). on_found(context, addresses, count) comes exactly
 * once, never before this call returned; count is 0 when nothing was found. The addresses are numeric and borrowed
 * during the call. The lookup ends itself; lookup_cancel() before that prevents the call.
 */
struct lookup *loop_lookup(struct loop *loop, const char *host,
			   void (*on_found)(void *context, const char (*addresses)[LOOP_ADDRESS_MAX], size_t count),
			   void *context);
void lookup_cancel(struct lookup **lookup);

#endif
