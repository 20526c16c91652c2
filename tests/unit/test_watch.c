/* The loop's descriptors and signals, and how they share turns with deferred calls. */
#include "base/loop.h"
#include "base/mem.h"
#include "unit/unit.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

struct peer {
	struct loop *loop;
	int ours, theirs;
	struct watch *watch;
	int calls, events; /* all events that were told */
	bool frees_itself, stops;
};

static void on_ready(void *context, int events)
{
	struct peer *peer = context;

	peer->calls++;
	peer->events |= events;
	if (peer->frees_itself)
		watch_free(&peer->watch);
	if (peer->stops)
		loop_stop(peer->loop);
}

static void stop(void *loop)
{
	loop_stop(loop);
}

static void run_for(struct loop *loop, int64_t ms)
{
	struct timer *end = timer_new(loop, stop, loop);

	timer_start(end, ms);
	loop_run(loop);
	timer_free(&end);
}

static void peer_init(struct peer *peer, int events)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	*peer = (struct peer){ .loop = loop_new(), .ours = pair[0], .theirs = pair[1] };
	peer->watch = watch_new(peer->loop, peer->ours, events, on_ready, peer);
}

static void peer_done(struct peer *peer)
{
	watch_free(&peer->watch);
	close(peer->ours);
	close(peer->theirs);
	loop_free(&peer->loop);
}

static void send_byte(const struct peer *peer)
{
	ck_assert_int_eq(write(peer->theirs, "x", 1), 1);
}

START_TEST(nothing_to_read_is_no_call)
{
	struct peer peer;

	peer_init(&peer, LOOP_READ);
	run_for(peer.loop, 10);
	ck_assert_int_eq(peer.calls, 0);
	peer_done(&peer);
}
END_TEST

START_TEST(a_descriptor_is_told_again_until_it_is_read)
{
	struct peer peer;

	peer_init(&peer, LOOP_READ);
	send_byte(&peer);
	peer.stops = true;
	loop_run(peer.loop);
	loop_run(peer.loop);
	ck_assert_int_ge(peer.calls, 2);
	ck_assert_int_eq(peer.events, LOOP_READ);
	peer_done(&peer);
}
END_TEST

START_TEST(a_peer_that_has_gone_is_told_as_something_to_read)
{
	struct peer peer;

	peer_init(&peer, LOOP_READ);
	shutdown(peer.theirs, SHUT_RDWR);
	peer.stops = true;
	loop_run(peer.loop);
	ck_assert_int_eq(peer.events, LOOP_READ);
	peer_done(&peer);
}
END_TEST

START_TEST(only_the_wanted_events_are_told)
{
	struct peer peer;

	peer_init(&peer, LOOP_WRITE);
	send_byte(&peer);
	peer.stops = true;
	loop_run(peer.loop);
	loop_run(peer.loop);
	ck_assert_int_eq(peer.events, LOOP_WRITE);
	watch_want(peer.watch, LOOP_READ);
	peer.events = 0;
	loop_run(peer.loop);
	loop_run(peer.loop);
	ck_assert_int_eq(peer.events, LOOP_READ);
	peer_done(&peer);
}
END_TEST

START_TEST(both_events_are_told_when_both_are_wanted)
{
	struct peer peer;

	peer_init(&peer, LOOP_READ | LOOP_WRITE);
	send_byte(&peer);
	run_for(peer.loop, 5);
	ck_assert_int_eq(peer.events, LOOP_READ | LOOP_WRITE);
	peer_done(&peer);
}
END_TEST

START_TEST(a_paused_watch_is_silent_until_it_wants_again)
{
	struct peer peer;

	peer_init(&peer, LOOP_READ);
	send_byte(&peer);
	watch_want(peer.watch, 0);
	run_for(peer.loop, 10);
	ck_assert_int_eq(peer.calls, 0);
	watch_want(peer.watch, LOOP_READ);
	peer.stops = true;
	loop_run(peer.loop);
	ck_assert_int_eq(peer.calls, 1);
	peer_done(&peer);
}
END_TEST

/* It is ready for both: the second event of the turn must not reach what is gone. */
START_TEST(a_watch_can_be_freed_inside_its_call)
{
	struct peer peer;

	peer_init(&peer, LOOP_READ | LOOP_WRITE);
	send_byte(&peer);
	peer.frees_itself = true;
	run_for(peer.loop, 10);
	ck_assert_int_eq(peer.calls, 1);
	peer_done(&peer);
}
END_TEST

/* The kernel forgets a closed descriptor by itself; the loop must not believe that it still knows the number. */
START_TEST(a_number_that_is_used_again_is_watched_again)
{
	struct peer peer;
	int number, pair[2];

	peer_init(&peer, LOOP_READ);
	number = peer.ours;
	run_for(peer.loop, 5);
	watch_free(&peer.watch);
	close(peer.ours);
	close(peer.theirs);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	peer.ours = number == pair[0] ? pair[0] : pair[1];
	peer.theirs = number == pair[0] ? pair[1] : pair[0];
	ck_assert_int_eq(peer.ours, number);
	peer.watch = watch_new(peer.loop, peer.ours, LOOP_READ, on_ready, &peer);
	send_byte(&peer);
	peer.stops = true;
	run_for(peer.loop, 2000);
	ck_assert_int_eq(peer.calls, 1);
	peer_done(&peer);
}
END_TEST

/* -- turns ------------------------------------------------------------------------------------- */

enum { AGAIN_MAX = 1000 };

struct eager {
	struct peer *peer;
	struct deferred deferred;
	int calls;
};

/* Makes the descriptor ready in its first call, and comes again until that was seen. */
static void be_eager(void *context)
{
	struct eager *eager = context;

	if (eager->calls++ == 0)
		send_byte(eager->peer);
	if (eager->peer->calls == 0 && eager->calls < AGAIN_MAX)
		loop_defer(eager->peer->loop, &eager->deferred);
}

START_TEST(a_call_that_keeps_deferring_itself_does_not_keep_descriptors_waiting)
{
	struct peer peer;
	struct eager eager = { .peer = &peer };

	peer_init(&peer, LOOP_READ);
	peer.stops = true;
	deferred_init(&eager.deferred, be_eager, &eager);
	loop_defer(peer.loop, &eager.deferred);
	loop_run(peer.loop);
	ck_assert_int_lt(eager.calls, 10);
	deferred_cancel(&eager.deferred);
	peer_done(&peer);
}
END_TEST

struct counter {
	struct peer *peer;
	struct deferred deferred;
	int seen; /* calls of on_ready when the deferred call came */
};

static void on_first(void *context, int events)
{
	struct counter *counter = context;

	(void)events;
	loop_defer(counter->peer->loop, &counter->deferred);
}

static void count_calls(void *context)
{
	struct counter *counter = context;

	counter->seen = counter->peer->calls;
	loop_stop(counter->peer->loop);
}

/* What makes contacts of one turn ride in one batch: whichever descriptor comes first, the other is served before. */
START_TEST(all_that_is_ready_in_a_turn_comes_before_what_was_deferred_in_it)
{
	struct peer peer;
	struct counter counter = { .peer = &peer };
	struct watch *first;
	int pair[2];

	peer_init(&peer, LOOP_READ);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	first = watch_new(peer.loop, pair[0], LOOP_READ, on_first, &counter);
	deferred_init(&counter.deferred, count_calls, &counter);
	ck_assert_int_eq(write(pair[1], "x", 1), 1);
	send_byte(&peer);
	loop_run(peer.loop);
	ck_assert_int_eq(counter.seen, 1);
	watch_free(&first);
	close(pair[0]);
	close(pair[1]);
	peer_done(&peer);
}
END_TEST

struct impatient {
	struct peer *peer;
	int seen; /* calls of on_ready before this one returned */
};

static void on_impatient(void *context)
{
	struct impatient *impatient = context;

	send_byte(impatient->peer);
	loop_serve_watches(impatient->peer->loop);
	impatient->seen = impatient->peer->calls;
	loop_stop(impatient->peer->loop);
}

START_TEST(what_has_become_ready_can_be_served_in_the_midst_of_a_turn)
{
	struct peer peer;
	struct impatient impatient = { .peer = &peer };
	struct timer *timer;

	peer_init(&peer, LOOP_READ);
	timer = timer_new(peer.loop, on_impatient, &impatient);
	timer_start(timer, 5);
	loop_run(peer.loop);
	ck_assert_int_eq(impatient.seen, 1);
	timer_free(&timer);
	peer_done(&peer);
}
END_TEST

/* -- signals ----------------------------------------------------------------------------------- */

struct signals {
	struct loop *loop;
	int calls, number;
};

static void on_signal(void *context, int number)
{
	struct signals *signals = context;

	signals->calls++;
	signals->number = number;
	loop_stop(signals->loop);
}

START_TEST(a_signal_is_told_from_the_loop_each_time_it_arrives)
{
	struct signals signals = { .loop = loop_new() };

	loop_signal(signals.loop, SIGUSR1, on_signal, &signals);
	loop_signal(signals.loop, SIGUSR2, on_signal, &signals);
	raise(SIGUSR1);
	ck_assert_int_eq(signals.calls, 0);
	loop_run(signals.loop);
	ck_assert_int_eq(signals.calls, 1);
	ck_assert_int_eq(signals.number, SIGUSR1);
	raise(SIGUSR2);
	loop_run(signals.loop);
	ck_assert_int_eq(signals.calls, 2);
	ck_assert_int_eq(signals.number, SIGUSR2);
	loop_free(&signals.loop);
}
END_TEST

UNIT_SUITE(watch)
{
	tcase_add_test(tests, nothing_to_read_is_no_call);
	tcase_add_test(tests, a_descriptor_is_told_again_until_it_is_read);
	tcase_add_test(tests, a_peer_that_has_gone_is_told_as_something_to_read);
	tcase_add_test(tests, only_the_wanted_events_are_told);
	tcase_add_test(tests, both_events_are_told_when_both_are_wanted);
	tcase_add_test(tests, a_paused_watch_is_silent_until_it_wants_again);
	tcase_add_test(tests, a_watch_can_be_freed_inside_its_call);
	tcase_add_test(tests, a_number_that_is_used_again_is_watched_again);
	tcase_add_test(tests, a_call_that_keeps_deferring_itself_does_not_keep_descriptors_waiting);
	tcase_add_test(tests, all_that_is_ready_in_a_turn_comes_before_what_was_deferred_in_it);
	tcase_add_test(tests, what_has_become_ready_can_be_served_in_the_midst_of_a_turn);
	tcase_add_test(tests, a_signal_is_told_from_the_loop_each_time_it_arrives);
}
