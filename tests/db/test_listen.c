/* The connection that listens: what it hears, and how it comes back when it was lost. */
#include "db/listen.h"

#include "db/support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PING_MS = 200, NEVER_MS = 600000 };

static const char *const channels[] = { "news", "other_news", NULL };

/* A listener, and all that it was told. */
struct ear {
	const char *conninfo;
	struct loop *loop;
	struct listener *listener;
	int anew, notified; /* calls without and with a channel */
	int wanted;         /* of either */
	int64_t sum;        /* of the payloads as numbers */
	bool is_in_order;   /* each number was the one after the last */
	int64_t last;
	char channel[64], payload[8000]; /* the last ones */
};

static void on_notify(void *context, const char *channel, const char *payload)
{
	struct ear *ear = context;
	int64_t number;

	if (!channel) {
		ck_assert_ptr_null(payload);
		ck_assert(!ear->listener || listen_is_ready(ear->listener));
		ear->anew++;
		return;
	}
	number = strtoll(payload, NULL, 10);
	ear->is_in_order &= ear->notified == 0 || number == ear->last + 1;
	ear->last = number;
	ear->sum += number;
	ear->notified++;
	snprintf(ear->channel, sizeof(ear->channel), "%s", channel);
	snprintf(ear->payload, sizeof(ear->payload), "%s", payload);
}

static bool stands_anew(void *context)
{
	struct ear *ear = context;

	return ear->anew >= ear->wanted && listen_is_ready(ear->listener);
}

static bool is_notified(void *context)
{
	struct ear *ear = context;

	return ear->notified >= ear->wanted;
}

static void wait_anew(struct ear *ear, int wanted)
{
	ear->wanted = wanted;
	support_until(ear->loop, stands_anew, ear);
}

static void wait_notified(struct ear *ear, int wanted)
{
	ear->wanted = wanted;
	support_until(ear->loop, is_notified, ear);
}

/* Not yet listening. It must not move: the listener keeps its address. */
static void ear_init(struct ear *ear)
{
	*ear = (struct ear){ .conninfo = support_database(), .loop = loop_new(), .is_in_order = true };
}

static void listen_with(struct ear *ear, int64_t ping_ms)
{
	struct listen_options options = { .conninfo = ear->conninfo,
					  .settings = "set application_name = 'the ear'",
					  .channels = channels,
					  .ping_ms = ping_ms,
					  .seed = 1 };

	ear->listener = listen_new(ear->loop, &options, on_notify, ear);
}

static void ear_open(struct ear *ear, int64_t ping_ms)
{
	ear_init(ear);
	listen_with(ear, ping_ms);
	ck_assert(!listen_is_ready(ear->listener));
	ck_assert_int_eq(ear->anew, 0);
	wait_anew(ear, 1);
}

static void ear_close(struct ear *ear)
{
	listen_free(&ear->listener);
	ck_assert_ptr_null(ear->listener);
	loop_free(&ear->loop);
}

/* Told what comes after the loss as well. */
static void must_hear(struct ear *ear)
{
	int notified = ear->notified;

	support_ask(ear->conninfo, "notify news, '7'");
	wait_notified(ear, notified + 1);
	ck_assert_str_eq(ear->payload, "7");
}

static pid_t backend(const struct ear *ear)
{
	return (pid_t)support_ask(ear->conninfo, "select pid from pg_stat_activity where datname = current_database()"
						 " and application_name = 'the ear'");
}

START_TEST(it_says_when_it_listens_and_hears_all_its_channels)
{
	struct ear ear;

	ear_open(&ear, NEVER_MS);
	ck_assert_int_eq(ear.anew, 1);
	ck_assert_int_ne(backend(&ear), 0);
	support_ask(ear.conninfo, "notify news, 'of today'");
	wait_notified(&ear, 1);
	ck_assert_str_eq(ear.channel, "news");
	ck_assert_str_eq(ear.payload, "of today");
	support_ask(ear.conninfo, "notify nobodys_news; notify other_news");
	wait_notified(&ear, 2);
	ck_assert_str_eq(ear.channel, "other_news");
	ck_assert_str_eq(ear.payload, "");
	ck_assert_int_eq(ear.anew, 1);
	ear_close(&ear);
}
END_TEST

START_TEST(large_payloads_come_whole)
{
	struct ear ear;

	ear_open(&ear, NEVER_MS);
	support_ask(ear.conninfo, "select pg_notify('news', repeat('x', 7998) || 'y')");
	wait_notified(&ear, 1);
	ck_assert_uint_eq(strlen(ear.payload), 7999);
	ck_assert_uint_eq(strcspn(ear.payload, "y"), 7998);
	ear_close(&ear);
}
END_TEST

START_TEST(of_many_at_once_none_is_lost)
{
	enum { MANY = 20000 };
	struct ear ear;

	ear_open(&ear, NEVER_MS);
	support_ask(ear.conninfo, "select pg_notify('news', i::text) from generate_series(1, 20000) i");
	wait_notified(&ear, MANY);
	ck_assert_int_eq(ear.notified, MANY);
	ck_assert_int_eq(ear.sum, (int64_t)MANY * (MANY + 1) / 2);
	ck_assert(ear.is_in_order);
	ear_close(&ear);
}
END_TEST

START_TEST(a_lost_connection_comes_back_and_says_so)
{
	struct ear ear;

	ear_open(&ear, NEVER_MS);
	for (int round = 2; round <= 4; round++) {
		support_terminate_all(ear.conninfo);
		wait_anew(&ear, round);
		must_hear(&ear);
	}
	ck_assert_int_eq(ear.anew, 4);
	ear_close(&ear);
}
END_TEST

START_TEST(it_waits_for_a_database_that_is_made_later)
{
	struct ear ear;
	char name[64], sql[128];

	snprintf(name, sizeof(name), "leadd_test_late_%d", (int)getpid());
	snprintf(sql, sizeof(sql), "create database %s", name);
	ear_init(&ear);
	ear.conninfo = support_conninfo(name, "");
	listen_with(&ear, NEVER_MS);
	support_ask(support_conninfo("postgres", ""), sql);
	wait_anew(&ear, 1);
	must_hear(&ear);
	ear_close(&ear);
}
END_TEST

START_TEST(after_a_restart_of_the_server_it_listens_again)
{
	struct ear ear;

	ear_open(&ear, NEVER_MS);
	support_restart();
	wait_anew(&ear, 2);
	must_hear(&ear);
	ear_close(&ear);
}
END_TEST

START_TEST(a_frozen_server_process_is_given_up)
{
	struct ear ear;
	pid_t frozen;

	ear_open(&ear, PING_MS);
	frozen = backend(&ear);
	kill(frozen, SIGSTOP);
	wait_anew(&ear, 2);
	must_hear(&ear);
	kill(frozen, SIGCONT);
	ear_close(&ear);
}
END_TEST

static bool is_over(void *until_ms)
{
	return loop_now_ms() >= *(int64_t *)until_ms;
}

START_TEST(a_silent_connection_that_answers_stays)
{
	struct ear ear;
	pid_t before;
	int64_t until_ms;

	ear_open(&ear, PING_MS);
	before = backend(&ear);
	until_ms = loop_now_ms() + (int64_t)5 * PING_MS;
	support_until(ear.loop, is_over, &until_ms);
	ck_assert_int_eq(backend(&ear), before);
	ck_assert_int_eq(ear.anew, 1);
	must_hear(&ear);
	ear_close(&ear);
}
END_TEST

/* Closing in each of its states leaves nothing behind, of which a sanitizer would tell; also once it has heard. */
START_TEST(it_may_be_closed_at_any_time)
{
	struct ear ear;

	ear_init(&ear);
	for (int ms = 0; ms < 30 || ear.anew == 0; ms++) {
		int64_t until_ms = loop_now_ms() + ms;

		listen_with(&ear, 1);
		support_until(ear.loop, is_over, &until_ms);
		listen_free(&ear.listener);
	}
	ear_close(&ear);
}
END_TEST

Suite *listen_suite(void);
Suite *listen_suite(void)
{
	Suite *suite = suite_create("listen");
	TCase *tcase = tcase_create("listen");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, it_says_when_it_listens_and_hears_all_its_channels);
	tcase_add_test(tcase, large_payloads_come_whole);
	tcase_add_test(tcase, of_many_at_once_none_is_lost);
	tcase_add_test(tcase, a_lost_connection_comes_back_and_says_so);
	tcase_add_test(tcase, it_waits_for_a_database_that_is_made_later);
	tcase_add_test(tcase, a_silent_connection_that_answers_stays);
	tcase_add_test(tcase, it_may_be_closed_at_any_time);
	if (support_owns_server()) {
		tcase_add_test(tcase, a_frozen_server_process_is_given_up);
		tcase_add_test(tcase, after_a_restart_of_the_server_it_listens_again);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}
