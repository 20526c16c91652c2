/* How much one turn of the loop serves, what comes first in it, how long it takes and what it leaves over. */
#include "base/internal.h"
#include "base/log.h"

#include <event2/event.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { TURN_MS = 5, OVERTAKING_MAX = 64 };

/*
 * libevent lets the kernel name up to 4096 ready descriptors in one turn, and anew all that are left over when it is
 * cut short: with thousands of clients turns take long, or half the time goes into looking. Nothing sets that number,
 * but the program's own epoll_wait() comes before the C library's. The kernel names others each time, so all have
 * their turn.
 */
int epoll_wait(int epoll, struct epoll_event *events, int events_max, int timeout_ms)
{
	return epoll_pwait(epoll, events, events_max < LOOP_TURN_EVENTS ? events_max : LOOP_TURN_EVENTS, timeout_ms,
			   NULL);
}

static void on_canary(void *context, int events)
{
	struct loop *loop = context;
	eventfd_t times;

	(void)events;
	loop->lag_us = loop_now_us() - loop->canary_since_us;
	loop->canary_since_us = 0;
	eventfd_read(loop->canary_descriptor, &times);
}

void turns_init(struct loop *loop)
{
	list_init(&loop->overtaking);
	loop->turns.scale = &scale_durations;
	loop->canary_descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->canary_descriptor < 0)
		die(EXIT_BUG, "cannot make an eventfd");
	loop->canary = watch_new(loop, loop->canary_descriptor, LOOP_READ, on_canary, loop);
}

void turns_end(struct loop *loop)
{
	watch_free(&loop->canary);
	close(loop->canary_descriptor);
}

/* Of this thread: what others take of the processor is not in it. */
static int64_t cpu_now_us(void)
{
	return clock_us(CLOCK_THREAD_CPUTIME_ID);
}

static void turn_ends(struct loop *loop)
{
	int64_t us, cpu_us;

	if (!loop->turn_since_us)
		return;
	us = loop_now_us() - loop->turn_since_us;
	if (us > loop->turn_longest_us)
		loop->turn_longest_us = us;
	if (us > loop->turn_longest_cpu_us &&
	    (cpu_us = cpu_now_us() - loop->turn_since_cpu_us) > loop->turn_longest_cpu_us)
		loop->turn_longest_cpu_us = cpu_us;
	histogram_note(&loop->turns, us);
	loop->turn_since_us = 0;
}

/* Those that are readable come first in the turn to come. If the last one was not full, it has seen them. */
static void let_overtake(struct loop *loop)
{
	struct pollfd looks[OVERTAKING_MAX];
	nfds_t count = 0;

	if (!loop->turn_was_cut && loop->turn_calls < LOOP_TURN_EVENTS / 2)
		return;
	for (struct list *node = loop->overtaking.next; node != &loop->overtaking && count < COUNT_OF(looks);
	     node = node->next)
		looks[count++] = (struct pollfd){
			.fd = LIST_ITEM(node, struct overtaking, node)->descriptor,
			.events = POLLIN,
		};
	if (poll(looks, count, 0) <= 0)
		return;
	for (nfds_t i = 0; i < count; i++)
		if (looks[i].revents)
			event_base_active_by_fd(loop->base, looks[i].fd, EV_READ);
}

/* A full turn has left something over: the canary joins those that wait, and tells how long that takes. */
static void time_lag(struct loop *loop)
{
	if (!loop->turn_was_cut && loop->turn_calls < LOOP_TURN_EVENTS)
		loop->lag_us = 0;
	else if (!loop->canary_since_us && eventfd_write(loop->canary_descriptor, 1) == 0)
		loop->canary_since_us = loop_now_us();
}

void turns_next(struct loop *loop)
{
	turn_ends(loop);
	let_overtake(loop);
	time_lag(loop);
}

void overtaking_begin(struct overtaking *overtaking, struct loop *loop, int descriptor)
{
	overtaking->descriptor = descriptor;
	list_append(&loop->overtaking, &overtaking->node);
}

void overtaking_end(struct overtaking *overtaking)
{
	list_remove(&overtaking->node);
}

void loop_note_call(struct loop *loop)
{
	int64_t now_us = loop_now_us();

	if (!loop->turn_since_us) {
		loop->turn_since_us = now_us;
		loop->turn_since_cpu_us = cpu_now_us();
		loop->turn_calls = 0;
		loop->turn_was_cut = false;
	}
	loop->turn_calls++;
	if (now_us - loop->turn_since_us < TURN_MS * 1000)
		return;
	loop->turn_was_cut = true;
	event_base_loopbreak(loop->base);
}

int64_t loop_lag_us(const struct loop *loop)
{
	int64_t waits_us = loop->canary_since_us ? loop_now_us() - loop->canary_since_us : 0;

	return waits_us > loop->lag_us ? waits_us : loop->lag_us;
}

void loop_print_metrics(const struct loop *loop, struct buf *out)
{
	metrics_begin(out, "leadd_loop_turn_seconds", METRIC_HISTOGRAM,
		      "Time from waking up to waiting again; whoever is ready meanwhile waits so long.");
	metrics_histogram(out, "leadd_loop_turn_seconds", "", &loop->turns);
	metrics_begin(out, "leadd_loop_turn_longest_seconds", METRIC_GAUGE, "The longest one since the start.");
	metrics_sample_us(out, "leadd_loop_turn_longest_seconds", "", loop->turn_longest_us);
	metrics_begin(out, "leadd_loop_turn_longest_cpu_seconds", METRIC_GAUGE,
		      "The most processor time of one: without the time in which others had the processor.");
	metrics_sample_us(out, "leadd_loop_turn_longest_cpu_seconds", "", loop->turn_longest_cpu_us);
	metrics_begin(
		out, "leadd_loop_lag_seconds", METRIC_GAUGE,
		"How long a request that has arrived waits until it is read; 0 unless more comes than can be read.");
	metrics_sample_us(out, "leadd_loop_lag_seconds", "", loop_lag_us(loop));
}
