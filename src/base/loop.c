/* libevent behind a small face: timers, signals, "after this turn", name lookup. */
#include "base/loop.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/watch.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct on_signal {
	struct on_signal *next;
	struct loop *loop;
	struct event *event;
	void (*run)(void *context, int number);
	void *context;
};

struct loop {
	struct event_base *base;
	struct watches watches;
	struct event *on_watches; /* one of them is ready */
	struct event *after_turn; /* activated by hand: runs behind everything that is active in this turn */
	struct event *next_turn;  /* the same in the turn to come: for calls that defer again */
	bool is_deferring;
	struct list deferred;
	struct on_signal *signals;
	struct evdns_base *dns; /* made on the first lookup */
	int64_t turn_since_us;  /* 0: nothing has been called yet in this turn */
	int64_t turn_longest_us;
	struct histogram turns;
};

static struct timeval time_of_ms(int64_t ms)
{
	return (struct timeval){ .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
}

int64_t loop_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t loop_now_ms(void)
{
	return loop_now_us() / 1000;
}

void loop_turn_begins(struct loop *loop)
{
	if (!loop->turn_since_us)
		loop->turn_since_us = loop_now_us();
}

static void turn_ends(struct loop *loop)
{
	int64_t us;

	if (!loop->turn_since_us)
		return;
	us = loop_now_us() - loop->turn_since_us;
	if (us > loop->turn_longest_us)
		loop->turn_longest_us = us;
	histogram_note(&loop->turns, us);
	loop->turn_since_us = 0;
}

void loop_print_metrics(const struct loop *loop, struct buf *out)
{
	metrics_begin(out, "leadd_loop_turn_seconds", METRIC_HISTOGRAM,
		      "Time from waking up to waiting again; whoever is ready meanwhile waits so long.");
	metrics_histogram(out, "leadd_loop_turn_seconds", "", &loop->turns);
	metrics_begin(out, "leadd_loop_turn_longest_seconds", METRIC_GAUGE, "The longest one since the start.");
	metrics_sample_us(out, "leadd_loop_turn_longest_seconds", "", loop->turn_longest_us);
}

/* Only what was asked before this turn: a call that defers itself again comes in the next one. */
static void run_deferred(evutil_socket_t fd, short events, void *context)
{
	struct loop *loop = context;
	struct list turn, *node;

	(void)fd;
	(void)events;
	loop_turn_begins(loop);
	list_init(&turn);
	while ((node = list_shift(&loop->deferred)))
		list_append(&turn, node);
	loop->is_deferring = true;
	while ((node = list_shift(&turn))) {
		struct deferred *deferred = LIST_ITEM(node, struct deferred, node);

		deferred->run(deferred->context);
	}
	loop->is_deferring = false;
}

static void serve_watches(evutil_socket_t fd, short events, void *context)
{
	struct loop *loop = context;

	(void)fd;
	(void)events;
	loop_turn_begins(loop);
	watches_serve(&loop->watches);
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
		loop->base = event_base_new_with_config(config);
		event_config_free(config);
	}
	if (!loop->base)
		die(EXIT_BUG, "cannot make an event loop");
	watches_init(&loop->watches, loop);
	loop->on_watches = event_new(loop->base, loop->watches.epoll, EV_READ | EV_PERSIST, serve_watches, loop);
	event_add(loop->on_watches, NULL);
	loop->after_turn = event_new(loop->base, -1, 0, run_deferred, loop);
	loop->next_turn = event_new(loop->base, -1, 0, run_deferred, loop);
	list_init(&loop->deferred);
	loop->turns.scale = &scale_durations;
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
	if ((*loop)->dns) {
		/* Lookups under way end with an error, and what they hold is freed by their last callbacks. */
		evdns_base_free((*loop)->dns, 1);
		event_base_loop((*loop)->base, EVLOOP_NONBLOCK);
	}
	event_free((*loop)->on_watches);
	watches_done(&(*loop)->watches);
	event_free((*loop)->after_turn);
	event_free((*loop)->next_turn);
	event_base_free((*loop)->base);
	mem_free(*loop);
	*loop = NULL;
}

/* Turn by turn: libevent tells nobody when one ends. */
void loop_run(struct loop *loop)
{
	while (event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY) >= 0) {
		turn_ends(loop);
		if (event_base_got_exit(loop->base))
			return;
	}
}

void loop_stop(struct loop *loop)
{
	event_base_loopexit(loop->base, NULL);
}

struct event_base *loop_event_base(struct loop *loop)
{
	return loop->base;
}

struct watches *loop_watches(struct loop *loop)
{
	return &loop->watches;
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
	loop_turn_begins(timer->loop);
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
	loop_turn_begins(signal->loop);
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

enum { ADDRESSES_MAX = 16 };

struct lookup {
	struct loop *loop;
	struct evdns_getaddrinfo_request *request;
	struct deferred found; /* evdns may answer before it returns; our promise is never to */
	char addresses[ADDRESSES_MAX][LOOP_ADDRESS_MAX];
	size_t count;
	void (*on_found)(void *context, const char (*addresses)[LOOP_ADDRESS_MAX], size_t count);
	void *context;
	bool cancelled;
};

static void lookup_end(void *context)
{
	struct lookup *lookup = context;

	if (!lookup->cancelled)
		lookup->on_found(lookup->context, (const char(*)[LOOP_ADDRESS_MAX])lookup->addresses, lookup->count);
	mem_free(lookup);
}

static void on_addresses(int error, struct evutil_addrinfo *results, void *context)
{
	struct lookup *lookup = context;

	for (struct evutil_addrinfo *at = results; !error && at && lookup->count < ADDRESSES_MAX; at = at->ai_next)
		if (getnameinfo(at->ai_addr, (socklen_t)at->ai_addrlen, lookup->addresses[lookup->count],
				LOOP_ADDRESS_MAX, NULL, 0, NI_NUMERICHOST) == 0)
			lookup->count++;
	if (results)
		evutil_freeaddrinfo(results);
	lookup->request = NULL;
	loop_defer(lookup->loop, &lookup->found);
}

struct lookup *loop_lookup(struct loop *loop, const char *host,
			   void (*on_found)(void *context, const char (*addresses)[LOOP_ADDRESS_MAX], size_t count),
			   void *context)
{
	struct lookup *lookup = mem_alloc(1, sizeof(*lookup));
	struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };

	if (!loop->dns)
		loop->dns = evdns_base_new(loop->base,
					   EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	*lookup = (struct lookup){ .loop = loop, .on_found = on_found, .context = context };
	deferred_init(&lookup->found, lookup_end, lookup);
	if (loop->dns)
		lookup->request = evdns_getaddrinfo(loop->dns, host, NULL, &hints, on_addresses, lookup);
	else
		loop_defer(loop, &lookup->found);
	return lookup;
}

void lookup_cancel(struct lookup **lookup)
{
	if (!*lookup)
		return;
	(*lookup)->cancelled = true;
	if ((*lookup)->request)
		evdns_getaddrinfo_cancel((*lookup)->request);
	*lookup = NULL;
}
