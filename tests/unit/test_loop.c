/* Timers, calls after the turn, and name lookup; descriptors and signals are in test_watch.c. */
#include "base/loop.h"
#include "base/mem.h"
#include "unit/unit.h"

#include <string.h>

/* A letter for each call, in their order. */
struct record {
	struct loop *loop;
	char letters[64];
	size_t count;
};

static void record(struct record *record, char letter)
{
	ck_assert_uint_lt(record->count, sizeof(record->letters) - 1);
	record->letters[record->count++] = letter;
}

static struct record record_new(void)
{
	return (struct record){ .loop = loop_new() };
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

/* -- timers ------------------------------------------------------------------------------------ */

struct alarm {
	struct record *record;
	char letter;
	struct timer *timer;
	int repeats;
	bool frees_itself;
};

static void on_alarm(void *context)
{
	struct alarm *alarm = context;

	ck_assert(!timer_is_running(alarm->timer));
	record(alarm->record, alarm->letter);
	if (alarm->frees_itself)
		timer_free(&alarm->timer);
	else if (alarm->repeats-- > 0)
		timer_start(alarm->timer, 1);
}

static void alarm_set(struct alarm *alarm, struct record *record, char letter, int64_t delay_ms)
{
	*alarm = (struct alarm){ .record = record, .letter = letter };
	alarm->timer = timer_new(record->loop, on_alarm, alarm);
	timer_start(alarm->timer, delay_ms);
}

START_TEST(timers_come_once_each_in_the_order_of_their_delays)
{
	struct record seen = record_new();
	struct alarm a, b, c;

	alarm_set(&a, &seen, 'a', 40);
	alarm_set(&b, &seen, 'b', 0);
	alarm_set(&c, &seen, 'c', 20);
	run_for(seen.loop, 60);
	ck_assert_str_eq(seen.letters, "bca");
	timer_free(&a.timer);
	timer_free(&b.timer);
	timer_free(&c.timer);
	loop_free(&seen.loop);
}
END_TEST

/* The kernel's coarse clock may be a tick of 10 ms behind. */
START_TEST(a_timer_does_not_come_early)
{
	struct record seen = record_new();
	int64_t started_ms = loop_now_ms(), started_us = loop_now_us();

	run_for(seen.loop, 50);
	ck_assert_int_ge(loop_now_ms() - started_ms, 40);
	ck_assert_int_ge(loop_now_us() - started_us, 40000);
	loop_free(&seen.loop);
}
END_TEST

START_TEST(a_stopped_timer_does_not_come)
{
	struct record seen = record_new();
	struct alarm a;

	alarm_set(&a, &seen, 'a', 1);
	ck_assert(timer_is_running(a.timer));
	timer_stop(a.timer);
	ck_assert(!timer_is_running(a.timer));
	run_for(seen.loop, 20);
	ck_assert_str_eq(seen.letters, "");
	timer_free(&a.timer);
	loop_free(&seen.loop);
}
END_TEST

START_TEST(starting_a_timer_again_moves_it)
{
	struct record seen = record_new();
	struct alarm late, soon;

	alarm_set(&late, &seen, 'l', 1);
	timer_start(late.timer, 3600000);
	alarm_set(&soon, &seen, 's', 3600000);
	timer_start(soon.timer, 1);
	run_for(seen.loop, 20);
	ck_assert_str_eq(seen.letters, "s");
	ck_assert(timer_is_running(late.timer));
	timer_free(&late.timer);
	timer_free(&soon.timer);
	loop_free(&seen.loop);
}
END_TEST

START_TEST(a_timer_can_start_itself_again)
{
	struct record seen = record_new();
	struct alarm a;

	alarm_set(&a, &seen, 'a', 0);
	a.repeats = 3;
	run_for(seen.loop, 60);
	ck_assert_str_eq(seen.letters, "aaaa");
	timer_free(&a.timer);
	loop_free(&seen.loop);
}
END_TEST

START_TEST(a_timer_can_be_freed_inside_its_call)
{
	struct record seen = record_new();
	struct alarm a;

	alarm_set(&a, &seen, 'a', 0);
	a.frees_itself = true;
	run_for(seen.loop, 10);
	ck_assert_str_eq(seen.letters, "a");
	ck_assert_ptr_null(a.timer);
	timer_free(&a.timer);
	loop_free(&seen.loop);
}
END_TEST

/* -- after the turn ---------------------------------------------------------------------------- */

struct step {
	struct deferred deferred;
	struct record *record;
	char letter;
	int again;          /* how often it defers itself again */
	struct step *takes; /* taken back when this one runs */
};

static void take_step(void *context)
{
	struct step *step = context;

	record(step->record, step->letter);
	if (step->again-- > 0)
		loop_defer(step->record->loop, &step->deferred);
	if (step->takes)
		deferred_cancel(&step->takes->deferred);
}

static void step_init(struct step *step, struct record *record, char letter)
{
	*step = (struct step){ .record = record, .letter = letter };
	deferred_init(&step->deferred, take_step, step);
}

START_TEST(deferred_calls_come_after_the_caller_in_the_order_asked)
{
	struct record seen = record_new();
	struct step steps[5];

	for (size_t i = 0; i < 5; i++) {
		step_init(&steps[i], &seen, (char)('a' + i));
		loop_defer(seen.loop, &steps[i].deferred);
	}
	ck_assert_str_eq(seen.letters, "");
	run_for(seen.loop, 0);
	ck_assert_str_eq(seen.letters, "abcde");
	loop_free(&seen.loop);
}
END_TEST

START_TEST(asked_twice_a_deferred_call_comes_once)
{
	struct record seen = record_new();
	struct step a, b;

	step_init(&a, &seen, 'a');
	step_init(&b, &seen, 'b');
	loop_defer(seen.loop, &a.deferred);
	loop_defer(seen.loop, &b.deferred);
	loop_defer(seen.loop, &a.deferred);
	run_for(seen.loop, 0);
	ck_assert_str_eq(seen.letters, "ab");
	loop_free(&seen.loop);
}
END_TEST

START_TEST(a_call_that_defers_itself_again_comes_behind_the_others)
{
	struct record seen = record_new();
	struct step a, b;

	step_init(&a, &seen, 'a');
	step_init(&b, &seen, 'b');
	a.again = 2;
	loop_defer(seen.loop, &a.deferred);
	loop_defer(seen.loop, &b.deferred);
	run_for(seen.loop, 10);
	ck_assert_str_eq(seen.letters, "abaa");
	loop_free(&seen.loop);
}
END_TEST

START_TEST(a_deferred_call_can_be_taken_back_also_by_one_before_it)
{
	struct record seen = record_new();
	struct step a, b, c;

	step_init(&a, &seen, 'a');
	step_init(&b, &seen, 'b');
	step_init(&c, &seen, 'c');
	b.takes = &c;
	loop_defer(seen.loop, &a.deferred);
	loop_defer(seen.loop, &b.deferred);
	loop_defer(seen.loop, &c.deferred);
	deferred_cancel(&a.deferred);
	deferred_cancel(&a.deferred);
	run_for(seen.loop, 0);
	ck_assert_str_eq(seen.letters, "b");
	loop_free(&seen.loop);
}
END_TEST

static void free_step(void *context)
{
	struct step *step = context;

	record(step->record, step->letter);
	mem_free(step);
}

START_TEST(a_deferred_call_may_free_its_own_struct)
{
	struct record seen = record_new();
	struct step *a = mem_alloc(1, sizeof(*a)), b;

	step_init(a, &seen, 'a');
	deferred_init(&a->deferred, free_step, a);
	step_init(&b, &seen, 'b');
	loop_defer(seen.loop, &a->deferred);
	loop_defer(seen.loop, &b.deferred);
	run_for(seen.loop, 0);
	ck_assert_str_eq(seen.letters, "ab");
	loop_free(&seen.loop);
}
END_TEST

/* -- name lookup ------------------------------------------------------------------------------- */

struct found {
	struct loop *loop;
	int calls;
	size_t count;
	char addresses[16][LOOP_ADDRESS_MAX];
};

static void on_found(void *context, const char (*addresses)[LOOP_ADDRESS_MAX], size_t count)
{
	struct found *found = context;

	found->calls++;
	found->count = count;
	ck_assert_uint_le(count, COUNT_OF(found->addresses));
	if (count)
		memcpy(found->addresses, addresses, count * LOOP_ADDRESS_MAX);
	loop_stop(found->loop);
}

/* Its answer; asserts that it came after the call, and once. */
static struct found look_up(const char *host)
{
	struct found found = { .loop = loop_new() };

	loop_lookup(found.loop, host, on_found, &found);
	ck_assert_int_eq(found.calls, 0);
	loop_run(found.loop);
	run_for(found.loop, 0);
	ck_assert_int_eq(found.calls, 1);
	loop_free(&found.loop);
	return found;
}

START_TEST(localhost_is_this_machine)
{
	struct found found = look_up("localhost");

	ck_assert_uint_ge(found.count, 1);
	for (size_t i = 0; i < found.count; i++)
		ck_assert(strncmp(found.addresses[i], "127.", 4) == 0 || strcmp(found.addresses[i], "::1") == 0);
}
END_TEST

START_TEST(an_address_is_its_own_answer)
{
	static const char *const addresses[] = { "127.0.0.1", "::1", "2001:db8::1" };

	for (size_t i = 0; i < COUNT_OF(addresses); i++) {
		struct found found = look_up(addresses[i]);

		ck_assert_uint_eq(found.count, 1);
		ck_assert_str_eq(found.addresses[0], addresses[i]);
	}
}
END_TEST

START_TEST(a_name_longer_than_dns_allows_is_not_found)
{
	char name[301];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert_uint_eq(look_up(name).count, 0);
}
END_TEST

START_TEST(a_cancelled_lookup_says_nothing)
{
	struct found found = { .loop = loop_new() };
	struct lookup *lookup = loop_lookup(found.loop, "localhost", on_found, &found);

	lookup_cancel(&lookup);
	ck_assert_ptr_null(lookup);
	lookup_cancel(&lookup);
	run_for(found.loop, 10);
	ck_assert_int_eq(found.calls, 0);
	loop_free(&found.loop);
}
END_TEST

/* What it holds is gone as well: sanitizers would tell of a leak. */
START_TEST(a_loop_can_end_while_a_cancelled_lookup_is_under_way)
{
	struct found found = { .loop = loop_new() };
	struct lookup *lookup = loop_lookup(found.loop, "localhost", on_found, &found);

	lookup_cancel(&lookup);
	loop_free(&found.loop);
	ck_assert_int_eq(found.calls, 0);
}
END_TEST

UNIT_SUITE(loop)
{
	tcase_add_test(tests, timers_come_once_each_in_the_order_of_their_delays);
	tcase_add_test(tests, a_timer_does_not_come_early);
	tcase_add_test(tests, a_stopped_timer_does_not_come);
	tcase_add_test(tests, starting_a_timer_again_moves_it);
	tcase_add_test(tests, a_timer_can_start_itself_again);
	tcase_add_test(tests, a_timer_can_be_freed_inside_its_call);
	tcase_add_test(tests, deferred_calls_come_after_the_caller_in_the_order_asked);
	tcase_add_test(tests, asked_twice_a_deferred_call_comes_once);
	tcase_add_test(tests, a_call_that_defers_itself_again_comes_behind_the_others);
	tcase_add_test(tests, a_deferred_call_can_be_taken_back_also_by_one_before_it);
	tcase_add_test(tests, a_deferred_call_may_free_its_own_struct);
	tcase_add_test(tests, localhost_is_this_machine);
	tcase_add_test(tests, an_address_is_its_own_answer);
	tcase_add_test(tests, a_name_longer_than_dns_allows_is_not_found);
	tcase_add_test(tests, a_cancelled_lookup_says_nothing);
	tcase_add_test(tests, a_loop_can_end_while_a_cancelled_lookup_is_under_way);
}
