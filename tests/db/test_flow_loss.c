/* Flows whose connection goes away: between trips, in a trip, in COMMIT, with the pool. */
#include "db/flows.h"

#include <signal.h>

static const char sleepers[] = "select count(*) from pg_stat_activity where datname = current_database()"
			       " and state = 'active' and wait_event = 'PgSleep'";

static void lose_connection(struct flow_test *test)
{
	support_terminate_all(test->world->conninfo);
}

START_TEST(lost_between_two_trips_nothing_is_stored)
{
	struct world world = world_open(1);
	struct flow_test test = {
		.world = &world,
		.steps = { { .query = T_ADD, .asks = true, .first = "1", .second = "one", .on_read = lose_connection },
			   { .query = T_ADD, .asks = true, .first = "2", .second = "two" } },
	};

	flow_test_run(&test, two_steps);
	ck_assert_int_eq(test.failure.error, DB_UNAVAILABLE);
	ck_assert_int_eq(world_read(&world, T_COUNT, NULL).number, 0);
	world_close(&world);
}
END_TEST

START_TEST(lost_in_a_trip_before_the_commit_nothing_is_stored)
{
	struct world world = world_open(1);
	struct flow_test test = { .world = &world,
				  .steps = { { .query = T_ADD, .asks = true, .first = "1", .second = "one" },
					     { .query = T_SLEEP, .asks = true, .first = "20" },
					     { .query = T_COUNT, .asks = true } } };

	flow_test_start(&test, three_steps);
	world_until_asked(&world, sleepers, 1);
	support_terminate_all(world.conninfo);
	flow_test_wait(&test);
	ck_assert_int_eq(test.failure.error, DB_UNAVAILABLE);
	ck_assert_str_eq(test.step, "second");
	ck_assert_int_eq(world_read(&world, T_COUNT, NULL).number, 0);
	world_close(&world);
}
END_TEST

START_TEST(lost_in_commit_the_fate_is_unknown)
{
	struct world world = world_open(1);
	struct flow_test test = { .world = &world,
				  .steps = { { .query = T_ADD, .asks = true, .first = "1", .second = "one" },
					     { .query = T_ADD_COMMITS_SLOWLY, .asks = true } } };

	flow_test_start(&test, two_steps);
	world_until_asked(&world, sleepers, 1);
	support_terminate_all(world.conninfo);
	flow_test_wait(&test);
	ck_assert_int_eq(test.failure.error, DB_OUTCOME_UNKNOWN);
	ck_assert_int_eq(test.read[1], 0);
	ck_assert_int_eq(world_read(&world, T_COUNT, NULL).number, 0);
	world_close(&world);
}
END_TEST

START_TEST(a_frozen_backend_ends_the_flow_after_unit_ms)
{
	struct world world = world_of((struct pool_options){ .unit_ms = 200 });
	struct flow_test test = { .world = &world,
				  .steps = { { .query = T_COUNT, .asks = true }, { .query = T_COUNT, .asks = true } } };
	pid_t backend;

	world_wait_ready(&world);
	for (int steps = 1; steps <= 2; steps++) {
		backend = (pid_t)world_read(&world, T_PID, NULL).number;
		kill(backend, SIGSTOP);
		test.calls = 0;
		flow_test_run(&test, steps == 1 ? one_step : two_steps);
		kill(backend, SIGCONT);
		ck_assert_int_eq(test.failure.error, steps == 1 ? DB_OUTCOME_UNKNOWN : DB_UNAVAILABLE);
		world_wait_ready(&world);
	}
	world_close(&world);
}
END_TEST

START_TEST(a_standby_is_left_for_another_server)
{
	struct world world = world_open(1);
	struct flow_test test = {
		.world = &world,
		.steps = { { .query = T_SET_LOCAL, .asks = true, .first = "transaction_read_only", .second = "on" },
			   { .query = T_ADD, .asks = true, .first = "1", .second = "one" } },
	};
	int64_t before = world_read(&world, T_PID, NULL).number;

	flow_test_run(&test, two_steps);
	ck_assert_int_eq(test.failure.error, DB_UNAVAILABLE);
	ck_assert_str_eq(test.failure.sqlstate, "25006");
	ck_assert_int_ne(world_read(&world, T_PID, NULL).number, before);
	world_close(&world);
}
END_TEST

START_TEST(closing_the_pool_ends_flows_that_run_and_wait)
{
	struct world world = world_open(1);
	struct flow_test running = { .world = &world, .steps = { { .query = T_SLEEP, .asks = true, .first = "20" } } };
	struct flow_test waiting = { .world = &world, .steps = { { .query = T_ONE, .asks = true } } };

	flow_test_start(&running, two_steps);
	flow_test_start(&waiting, one_step);
	pool_free(&world.pool);
	ck_assert_int_eq(running.calls, 1);
	ck_assert_int_eq(running.failure.error, DB_UNAVAILABLE);
	ck_assert_int_eq(waiting.calls, 1);
	ck_assert_int_eq(waiting.failure.error, DB_UNAVAILABLE);
	world_close(&world);
}
END_TEST

START_TEST(closing_the_pool_in_commit_leaves_the_fate_unknown)
{
	struct world world = world_open(1);
	struct flow_test test = { .world = &world, .steps = { { .query = T_ADD_COMMITS_SLOWLY, .asks = true } } };

	flow_test_start(&test, one_step);
	world_until_asked(&world, sleepers, 1);
	pool_free(&world.pool);
	ck_assert_int_eq(test.calls, 1);
	ck_assert_int_eq(test.failure.error, DB_OUTCOME_UNKNOWN);
	world_close(&world);
}
END_TEST

/* Asked for the second time: the first attempt has failed, and the flow has paused. */
static struct flow_test *pausing;

static bool has_failed_once(void *context)
{
	struct world *world = context;

	return pausing->asked[1] == 1 && pool_running(world->pool) == 1 &&
	       support_ask(world->conninfo, "select count(*) from pg_stat_activity where datname = current_database()"
					    " and pid <> pg_backend_pid() and state = 'idle' and query = 'rollback'");
}

static void change_the_thing(struct flow_test *test)
{
	support_ask(test->world->conninfo, "update things set name = 'other' where id = 1");
}

START_TEST(closing_the_pool_ends_a_flow_that_pauses)
{
	struct world world =
		world_of((struct pool_options){ .settings = "set default_transaction_isolation = 'repeatable read'" });
	struct flow_test test = {
		.world = &world,
		.steps = { { .query = T_COUNT, .asks = true, .on_read = change_the_thing },
			   { .query = T_RENAME, .asks = true, .first = "1", .second = "mine" } },
	};

	support_ask(world.conninfo, "insert into things values (1, '')");
	world_wait_ready(&world);
	pausing = &test;
	flow_test_start(&test, two_steps);
	support_until(world.loop, has_failed_once, &world);
	pool_free(&world.pool);
	ck_assert_int_eq(test.calls, 1);
	ck_assert_int_ne(test.failure.error, DB_OK);
	world_close(&world);
}
END_TEST

Suite *flow_loss_suite(void);
Suite *flow_loss_suite(void)
{
	Suite *suite = suite_create("flow loss");
	TCase *tcase = tcase_create("flow loss");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, lost_between_two_trips_nothing_is_stored);
	tcase_add_test(tcase, lost_in_a_trip_before_the_commit_nothing_is_stored);
	tcase_add_test(tcase, lost_in_commit_the_fate_is_unknown);
	if (support_owns_server())
		tcase_add_test(tcase, a_frozen_backend_ends_the_flow_after_unit_ms);
	tcase_add_test(tcase, a_standby_is_left_for_another_server);
	tcase_add_test(tcase, closing_the_pool_ends_flows_that_run_and_wait);
	tcase_add_test(tcase, closing_the_pool_in_commit_leaves_the_fate_unknown);
	tcase_add_test(tcase, closing_the_pool_ends_a_flow_that_pauses);
	suite_add_tcase(suite, tcase);
	return suite;
}
