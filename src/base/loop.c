/* libevent behind a small face: descriptors, timers, signals, "after this turn". */
#include "base/loop.h"

#include "base/internal.h"
#include "base/log.h"
#include "base/mem.h"

#include <event2/event.h>
#include <event2/util.h>
#include <string.h>
#include <time.h>

struct on_signal {
	struct on_signal *next;
	struct loop *loop;
	struct event *event;
	void (*run)(void *context, int number);
	void *context;
};

static struct timeval time_of_ms(int64_t ms)
{
	return (struct timeval){ .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
}

int64_t clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t loop_now_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

int64_t loop_now_ms(void)
{
	return loop_now_us() / 1000;
}

struct watch {
	struct overtaking overtaking;
	struct loop *loop;
	struct event *read, *write;
	int wanted;
	void (*on_ready)(void *context, int events);
	void *context;
};

/*
 * Only what was asked before this turn: a call that defers itself again comes in the next one, as do those for which
 * this one has become too long.
 */
static void run_deferred(evutil_socket_t fd, short events, void *context)
{
	struct loop *loop = context;
	struct list turn, *node;

	(void)fd;
	(void)events;
	list_init(&turn);
	list_move(&turn, &loop->deferred);
	loop->is_deferring = true;
	while ((node = list_shift(&turn))) {
		struct deferred *deferred = LIST_ITEM(node, struct deferred, node);

		loop_note_call(loop);
		deferred->run(deferred->context);
		if (loop->turn_was_cut)
			break;
	}
	loop->is_deferring = false;
	if (list_is_empty(&turn))
		return;
	list_move(&turn, &loop->deferred);
	list_move(&loop->deferred, &turn);
	event_active(loop->after_turn, EV_TIMEOUT, 0); /* behind what this turn has left over itself */
}

static void on_libevent_log(int severity, const char *message)
{
	log_line(severity == EVENT_LOG_DEBUG ? LOG_DEBUG
		 : severity == EVENT_LOG_ERR ? LOG_ERROR
					     : LOG_WARN,
		 "libevent", "message=%s", log_quote(message));
}

/* Exhaustion ends the process also where libevent, and evhttp above all, would go on with half an answer. */
static void *take_memory(size_t size)
{
	return mem_resize(NULL, size, 1);
}

static void *resize_memory(void *block, size_t size)
{
	return mem_resize(block, size, 1);
}

/* One thread, and descriptors that change several times a turn: no locks, and epoll told once a turn. */
struct loop *loop_new(void)
{
	struct loop *loop = mem_alloc(1, sizeof(*loop));
	struct event_config *config;

	event_set_mem_functions(take_memory, resize_memory, mem_free);
	event_set_log_callback(on_libevent_log);
	config = event_config_new();
	if (config) {
		event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
		event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
		event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME); /* a timer counts from its start */
		loop->base = event_base_new_with_config(config);
		event_config_free(config);
	}
	if (!loop->base)
		die(EXIT_BUG, "cannot make an event loop");
	loop->after_turn = event_new(loop->base, -1, 0, run_deferred, loop);
	loop->next_turn = event_new(loop->base, -1, 0, run_deferred, loop);
	list_init(&loop->deferred);
	turns_init(loop);
	return loop;
}

void loop_free(struct loop **loop)
{
	struct on_signal *signal;

	if (!*loop)
		return;
	while ((signal = (*loop)->signals)) {
		(*loop)->signals = signal->next;
		event_free(signal->event);
		mem_free(signal);
	}
	lookups_end(*loop);
	turns_end(*loop);
	event_free((*loop)->after_turn);
	event_free((*loop)->next_turn);
	event_base_free((*loop)->base);
	mem_free(*loop);
	*loop = NULL;
}

/* Turn by turn: libevent tells nobody when one ends. */
void loop_run(struct loop *loop)
{
	do
		turns_next(loop);
	while (event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY) >= 0 &&
	       !event_base_got_exit(loop->base));
	turns_next(loop);
}

void loop_stop(struct loop *loop)
{
	event_base_loopexit(loop->base, NULL);
}

struct event_base *loop_event_base(struct loop *loop)
{
	return loop->base;
}

static void on_descriptor(evutil_socket_t fd, short events, void *context)
{
	struct watch *watch = context;

	(void)fd;
	loop_note_call(watch->loop);
	watch->on_ready(watch->context, events & EV_WRITE ? LOOP_WRITE : LOOP_READ);
}

/* Two events, so that waiting for room to write comes and goes without touching the one for reading. */
struct watch *watch_new(struct loop *loop, int fd, int events, void (*on_ready)(void *context, int events),
			void *context)
{
	struct watch *watch = mem_alloc(1, sizeof(*watch));

	watch->loop = loop;
	watch->read = event_new(loop->base, fd, EV_READ | EV_PERSIST, on_descriptor, watch);
	watch->write = event_new(loop->base, fd, EV_WRITE | EV_PERSIST, on_descriptor, watch);
	watch->on_ready = on_ready;
	watch->context = context;
	list_init(&watch->overtaking.node);
	watch_want(watch, events);
	return watch;
}

void watch_overtakes(struct watch *watch)
{
	overtaking_begin(&watch->overtaking, watch->loop, event_get_fd(watch->read));
}

static void event_switch(struct event *event, bool on)
{
	if (on)
		event_add(event, NULL);
	else
		event_del(event);
}

void watch_want(struct watch *watch, int events)
{
	int changed = watch->wanted ^ events;

	watch->wanted = events;
	if (changed & LOOP_READ)
		event_switch(watch->read, events & LOOP_READ);
	if (changed & LOOP_WRITE)
		event_switch(watch->write, events & LOOP_WRITE);
}

void watch_free(struct watch **watch)
{
	if (!*watch)
		return;
	overtaking_end(&(*watch)->overtaking);
	event_free((*watch)->read);
	event_free((*watch)->write);
	mem_free(*watch);
	*watch = NULL;
}

struct timer {
	struct loop *loop;
	struct event *event;
	void (*on_due)(void *context);
	void *context;
};

static void on_timer(evutil_socket_t fd, short events, void *context)
{
	struct timer *timer = context;

	(void)fd;
	(void)events;
	loop_note_call(timer->loop);
	timer->on_due(timer->context);
}

struct timer *timer_new(struct loop *loop, void (*on_due)(void *context), void *context)
{
	struct timer *timer = mem_alloc(1, sizeof(*timer));

	timer->loop = loop;
	timer->event = evtimer_new(loop->base, on_timer, timer);
	timer->on_due = on_due;
	timer->context = context;
	return timer;
}

void timer_start(struct timer *timer, int64_t delay_ms)
{
	struct timeval delay = time_of_ms(delay_ms);

	evtimer_add(timer->event, &delay);
}

void timer_stop(struct timer *timer)
{
	evtimer_del(timer->event);
}

bool timer_is_running(const struct timer *timer)
{
	return evtimer_pending(timer->event, NULL);
}

void timer_free(struct timer **timer)
{
	if (!*timer)
		return;
	event_free((*timer)->event);
	mem_free(*timer);
	*timer = NULL;
}

void deferred_init(struct deferred *deferred, void (*run)(void *context), void *context)
{
	list_init(&deferred->node);
	deferred->run = run;
	deferred->context = context;
}

void loop_defer(struct loop *loop, struct deferred *deferred)
{
	if (!list_is_empty(&deferred->node))
		return;
	list_append(&loop->deferred, &deferred->node);
	/* libevent would run an event that activates itself again and again, and look at no descriptor meanwhile. */
	if (loop->is_deferring)
		event_add(loop->next_turn, &(struct timeval){ 0 });
	else
		event_active(loop->after_turn, EV_TIMEOUT, 0);
}

void deferred_cancel(struct deferred *deferred)
{
	list_remove(&deferred->node);
}

static void on_signal_event(evutil_socket_t number, short events, void *context)
{
	struct on_signal *signal = context;

	(void)events;
	loop_note_call(signal->loop);
	signal->run(signal->context, (int)number);
}

void loop_signal(struct loop *loop, int number, void (*on_signal)(void *context, int number), void *context)
{
	struct on_signal *signal = mem_alloc(1, sizeof(*signal));

	*signal = (struct on_signal){ .next = loop->signals, .loop = loop, .run = on_signal, .context = context };
	signal->event = evsignal_new(loop->base, number, on_signal_event, signal);
	loop->signals = signal;
	event_add(signal->event, NULL);
}
