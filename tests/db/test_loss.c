/* Single statements whose connection is lost, or whose server freezes or restarts. */
#include "db/statements.h"
#include "db/support.h"

#include <signal.h>

static const char sleepers[] = "select count(*) from pg_stat_activity where datname = current_database()"
			       " and state = 'active' and wait_event = 'PgSleep'";

static struct args args_of_sleep(struct world *world, const char *seconds)
{
	struct args args = args_start(world->arena);

	args_text(&args, text_of(seconds));
	return args;
}

static struct args args_of_slow_write(struct world *world, const char *seconds)
{
	struct args args = args_start(world->arena);

	args_int(&args, 1);
	args_text(&args, text_of(seconds));
	return args;
}

static void count_change(void *changes)
{
	++*(int *)changes;
}

static bool are_two(void *number)
{
	return *(int *)number == 2;
}

START_TEST(an_idle_connection_that_is_lost_comes_back)
{
	struct world world = world_open(1);
	int64_t before = world_read(&world, T_PID, NULL).number;
	int changes = 0;

	pool_on_change(world.pool, count_change, &changes);
	support_terminate_all(world.conninfo);
	support_until(world.loop, are_two, &changes);
	ck_assert(pool_is_ready(world.pool));
	ck_assert_int_ne(world_read(&world, T_PID, NULL).number, before);
	world_close(&world);
}
END_TEST

/* The loss is in the socket already, but the loop has not seen it yet. */
START_TEST(a_write_is_not_sent_into_a_closed_connection)
{
	struct world world = world_open(1);
	struct args args = args_of_slow_write(&world, "0");

	support_terminate_all(world.conninfo);
	ck_assert(pool_is_ready(world.pool));
	ck_assert_int_eq(world_write(&world, T_ADD_SLOWLY, &args).failure.error, DB_OK);
	world_close(&world);
}
END_TEST

START_TEST(a_read_is_run_once_more)
{
	struct world world = world_open(1);
	struct args args = args_of_sleep(&world, "0.4");
	struct outcome outcome = { 0 };

	pool_read(world.pool, Q(T_SLEEP), &args, outcome_take, &outcome);
	world_until_asked(&world, sleepers, 1);
	support_terminate_all(world.conninfo);
	outcome_wait(&world, &outcome);
	ck_assert_int_eq(outcome.failure.error, DB_OK);
	ck_assert_int_eq(outcome.number, 1);
	world_close(&world);
}
END_TEST

START_TEST(a_read_is_run_no_more_than_twice)
{
	struct world world = world_open(1);
	struct args args = args_of_sleep(&world, "20");
	struct outcome outcome = { 0 };

	pool_read(world.pool, Q(T_SLEEP), &args, outcome_take, &outcome);
	for (int i = 0; i < 2; i++) {
		world_until_asked(&world, sleepers, 1);
		support_terminate_all(world.conninfo);
		world_until_asked(&world, sleepers, i == 0 ? 1 : 0);
	}
	outcome_wait(&world, &outcome);
	ck_assert_int_eq(outcome.failure.error, DB_UNAVAILABLE);
	world_close(&world);
}
END_TEST

START_TEST(the_fate_of_a_write_is_unknown)
{
	struct world world = world_open(1);
	struct args args = args_of_slow_write(&world, "20");
	struct outcome outcome = { 0 };

	pool_write(world.pool, Q(T_ADD_SLOWLY), &args, outcome_take, &outcome);
	world_until_asked(&world, sleepers, 1);
	support_terminate_all(world.conninfo);
	outcome_wait(&world, &outcome);
	ck_assert_int_eq(outcome.failure.error, DB_OUTCOME_UNKNOWN);
	ck_assert_str_eq(outcome.failure.sqlstate, "57P01");
	ck_assert_int_eq(world_read(&world, T_COUNT, NULL).number, 0);
	world_close(&world);
}
END_TEST

START_TEST(closing_does_not_know_the_fate_of_a_write_either)
{
	struct world world = world_open(1);
	struct args args = args_of_slow_write(&world, "20");
	struct outcome outcome = { 0 };

	pool_write(world.pool, Q(T_ADD_SLOWLY), &args, outcome_take, &outcome);
	pool_free(&world.pool);
	ck_assert_int_eq(outcome.calls, 1);
	ck_assert_int_eq(outcome.failure.error, DB_OUTCOME_UNKNOWN);
	world_close(&world);
}
END_TEST

START_TEST(a_frozen_backend_is_given_up_after_unit_ms)
{
	struct world world = world_of((struct pool_options){ .unit_ms = 200 });
	struct args args = args_of_slow_write(&world, "0");
	struct outcome outcome;
	int64_t start_ms;
	pid_t backend;

	world_wait_ready(&world);
	backend = (pid_t)world_read(&world, T_PID, NULL).number;
	kill(backend, SIGSTOP);
	start_ms = loop_now_ms();
	outcome = world_read(&world, T_ONE, NULL);
	ck_assert_int_eq(outcome.failure.error, DB_UNAVAILABLE);
	ck_assert_int_ge(loop_now_ms() - start_ms, 190);
	ck_assert_int_lt(loop_now_ms() - start_ms, 1500);
	kill(backend, SIGCONT);

	world_wait_ready(&world);
	backend = (pid_t)world_read(&world, T_PID, NULL).number;
	kill(backend, SIGSTOP);
	outcome = world_write(&world, T_ADD_SLOWLY, &args);
	ck_assert_int_eq(outcome.failure.error, DB_OUTCOME_UNKNOWN);
	kill(backend, SIGCONT);
	world_close(&world);
}
END_TEST

START_TEST(after_a_restart_of_the_server_everything_comes_back)
{
	struct world world = world_open(3);
	int64_t start_ms;

	support_restart();
	start_ms = loop_now_ms();
	ck_assert_int_eq(world_read(&world, T_ONE, NULL).failure.error, DB_OK);
	ck_assert_int_lt(loop_now_ms() - start_ms, 2500);
	world_until_asked(&world,
			  "select count(*) from pg_stat_activity where datname = current_database()"
			  " and pid <> pg_backend_pid()",
			  3);
	world_close(&world);
}
END_TEST

/* The server throws all sessions out and recovers; a new one that comes too early is thrown out as well. */
START_TEST(after_a_crash_of_a_backend_everything_comes_back)
{
	struct world world = world_open(2);
	struct args args = args_of_sleep(&world, "0.2");
	struct outcome outcome = { 0 };

	pool_read(world.pool, Q(T_SLEEP), &args, outcome_take, &outcome);
	kill((pid_t)support_ask(world.conninfo, "select pid from pg_stat_activity where pid <> pg_backend_pid()"
						" and datname = current_database()"),
	     SIGKILL);
	outcome_wait(&world, &outcome);
	for (int tries = 0; outcome.failure.error == DB_UNAVAILABLE && tries < 5; tries++) {
		world_wait_ready(&world);
		outcome = world_read(&world, T_ONE, NULL);
	}
	ck_assert_int_eq(outcome.failure.error, DB_OK);
	world_close(&world);
}
END_TEST

Suite *loss_suite(void);
Suite *loss_suite(void)
{
	Suite *suite = suite_create("loss");
	TCase *tcase = tcase_create("loss");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, an_idle_connection_that_is_lost_comes_back);
	tcase_add_test(tcase, a_write_is_not_sent_into_a_closed_connection);
	tcase_add_test(tcase, a_read_is_run_once_more);
	tcase_add_test(tcase, a_read_is_run_no_more_than_twice);
	tcase_add_test(tcase, the_fate_of_a_write_is_unknown);
	tcase_add_test(tcase, closing_does_not_know_the_fate_of_a_write_either);
	if (support_owns_server()) {
		tcase_add_test(tcase, a_frozen_backend_is_given_up_after_unit_ms);
		tcase_add_test(tcase, after_a_crash_of_a_backend_everything_comes_back);
		tcase_add_test(tcase, after_a_restart_of_the_server_everything_comes_back);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}
