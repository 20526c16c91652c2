/* Turns of the loop are short, and whoever overtakes is served in the next one. */
#include "base/loop.h"
#include "unit/unit.h"

#include <sys/socket.h>
#include <unistd.h>

enum { CROWD = 400 };

struct crowd;

struct member {
	struct crowd *crowd;
	struct watch *watch;
	int pair[2];
};

/* Many that are ready at once, and one that becomes ready while they are served. */
struct crowd {
	struct loop *loop;
	struct timer *end;
	struct member late, members[CROWD];
	int served, served_before_late;
	int64_t lag_us; /* when half of them were served */
};

static void member_init(struct member *member, struct crowd *crowd, void (*on_ready_to_read)(void *context, int events))
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, member->pair), 0);
	member->crowd = crowd;
	member->watch = watch_new(crowd->loop, member->pair[0], LOOP_READ, on_ready_to_read, member);
}

static void member_done(struct member *member)
{
	watch_free(&member->watch);
	close(member->pair[0]);
	close(member->pair[1]);
}

static void give_byte(const struct member *member)
{
	ck_assert_int_eq(write(member->pair[1], "x", 1), 1);
}

static void take_byte(const struct member *member)
{
	char byte;

	ck_assert_int_eq(read(member->pair[0], &byte, 1), 1);
}

static void on_one_of_many(void *context, int events)
{
	struct member *member = context;
	struct crowd *crowd = member->crowd;

	(void)events;
	take_byte(member);
	if (crowd->served++ == 0)
		give_byte(&crowd->late);
	if (crowd->served == CROWD / 2)
		crowd->lag_us = loop_lag_us(crowd->loop);
	if (crowd->served == CROWD)
		timer_start(crowd->end, 1);
}

static void on_end(void *context)
{
	struct crowd *crowd = context;

	loop_stop(crowd->loop);
}

static void on_late(void *context, int events)
{
	struct member *member = context;

	(void)events;
	take_byte(member);
	member->crowd->served_before_late = member->crowd->served;
}

/*
 * The database's answers do not wait until all clients are served that were ready before them; how long those wait is
 * known, and nobody waits afterwards.
 */
START_TEST(what_becomes_ready_meanwhile_overtakes_a_crowd)
{
	struct crowd crowd = { .loop = loop_new() };

	crowd.end = timer_new(crowd.loop, on_end, &crowd);
	member_init(&crowd.late, &crowd, on_late);
	watch_overtakes(crowd.late.watch);
	for (int i = 0; i < CROWD; i++) {
		member_init(&crowd.members[i], &crowd, on_one_of_many);
		give_byte(&crowd.members[i]);
	}
	loop_run(crowd.loop);
	ck_assert_int_eq(crowd.served, CROWD);
	ck_assert_int_gt(crowd.served_before_late, 0);
	ck_assert_int_le(crowd.served_before_late, LOOP_TURN_EVENTS);
	ck_assert_int_gt(crowd.lag_us, 0);
	ck_assert_int_eq(loop_lag_us(crowd.loop), 0);
	for (int i = 0; i < CROWD; i++)
		member_done(&crowd.members[i]);
	member_done(&crowd.late);
	timer_free(&crowd.end);
	loop_free(&crowd.loop);
}
END_TEST

enum { LONG_CALLS = 3, LONG_MS = 6 };

/* Deferred calls that take long, and a client who is ready meanwhile. */
struct long_calls {
	struct crowd crowd;
	struct deferred calls[LONG_CALLS];
	int made, made_before_client;
};

static void be_busy(int64_t ms)
{
	int64_t end_ms = loop_now_ms() + ms;

	while (loop_now_ms() < end_ms)
		continue;
}

static void take_long(void *context)
{
	struct long_calls *calls = context;

	be_busy(LONG_MS);
	if (++calls->made == LONG_CALLS)
		loop_stop(calls->crowd.loop);
}

static void on_client(void *context, int events)
{
	struct member *member = context;
	struct long_calls *calls = (struct long_calls *)(void *)member->crowd;

	(void)events;
	take_byte(member);
	calls->made_before_client = calls->made;
}

/* A turn is cut among deferred calls, too; those that are left over are made in the next one. */
START_TEST(deferred_calls_that_take_long_let_others_in_between)
{
	struct long_calls calls = { .crowd.loop = loop_new() };

	member_init(&calls.crowd.late, &calls.crowd, on_client);
	give_byte(&calls.crowd.late);
	for (int i = 0; i < LONG_CALLS; i++) {
		deferred_init(&calls.calls[i], take_long, &calls);
		loop_defer(calls.crowd.loop, &calls.calls[i]);
	}
	loop_run(calls.crowd.loop);
	ck_assert_int_eq(calls.made, LONG_CALLS);
	ck_assert_int_gt(calls.made_before_client, 0);
	ck_assert_int_lt(calls.made_before_client, LONG_CALLS);
	member_done(&calls.crowd.late);
	loop_free(&calls.crowd.loop);
}
END_TEST

struct late_timer {
	struct loop *loop;
	struct timer *timer;
	int64_t started_us;
};

static void on_timer(void *context)
{
	struct late_timer *late = context;

	ck_assert_int_ge(loop_now_us() - late->started_us, 40000);
	loop_stop(late->loop);
}

static void start_late_timer(void *context)
{
	struct late_timer *late = context;

	be_busy(100);
	late->started_us = loop_now_us();
	timer_start(late->timer, 50);
}

START_TEST(a_timer_counts_from_its_start_however_long_the_turn)
{
	struct late_timer late = { .loop = loop_new() };
	struct timer *busy = timer_new(late.loop, start_late_timer, &late);

	late.timer = timer_new(late.loop, on_timer, &late);
	timer_start(busy, 1);
	loop_run(late.loop);
	timer_free(&busy);
	timer_free(&late.timer);
	loop_free(&late.loop);
}
END_TEST

UNIT_SUITE(turns)
{
	tcase_add_test(tests, a_timer_counts_from_its_start_however_long_the_turn);
	tcase_add_test(tests, deferred_calls_that_take_long_let_others_in_between);
	tcase_add_test(tests, what_becomes_ready_meanwhile_overtakes_a_crowd);
}
