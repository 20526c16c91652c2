/* Who asked is told in time, whatever his time went on; a connection that only is slow stays. */
#include "db/flows.h"

static const char sleepers[] = "select count(*) from pg_stat_activity where datname = current_database()"
			       " and state = 'active' and wait_event = 'PgSleep'";

static struct args args_of_sleep(struct world *world, const char *seconds)
{
	struct args args = args_start(world->arena);

	args_text(&args, text_of(seconds));
	return args;
}

START_TEST(a_slow_statement_is_told_in_time_and_its_connection_stays)
{
	struct world world = world_of((struct pool_options){ .answer_ms = 300 });
	struct args args = args_of_sleep(&world, "3");
	int64_t start_ms, backend;
	struct outcome outcome;

	world_wait_ready(&world);
	backend = world_read(&world, T_PID, NULL).number;
	start_ms = loop_now_ms();
	outcome = world_read(&world, T_SLEEP, &args);
	ck_assert_int_eq(outcome.failure.error, DB_UNAVAILABLE);
	ck_assert_int_ge(loop_now_ms() - start_ms, 290);
	ck_assert_int_lt(loop_now_ms() - start_ms, 2500);
	ck_assert_int_eq(pool_connected(world.pool), 1);

	world_until_asked(&world, sleepers, 0);
	ck_assert_int_eq(world_read(&world, T_PID, NULL).number, backend);
	ck_assert_uint_eq(pool_lost(world.pool), 0);
	world_close(&world);
}
END_TEST

START_TEST(the_fate_of_a_slow_write_is_unknown)
{
	struct world world = world_of((struct pool_options){ .answer_ms = 300 });
	struct args args = args_start(world.arena);

	args_int(&args, 1);
	args_text(&args, text_of("1"));
	world_wait_ready(&world);
	ck_assert_int_eq(world_write(&world, T_ADD_SLOWLY, &args).failure.error, DB_OUTCOME_UNKNOWN);
	world_until_asked(&world, "select count(*) from things", 1);
	ck_assert_uint_eq(pool_lost(world.pool), 0);
	world_close(&world);
}
END_TEST

START_TEST(the_wait_for_a_connection_counts)
{
	struct world world = world_of((struct pool_options){ .answer_ms = 800 });
	struct args shorter = args_of_sleep(&world, "0.3"), longer = args_of_sleep(&world, "2.5");
	struct outcome first = { 0 }, second = { 0 };
	int64_t start_ms;

	world_wait_ready(&world);
	start_ms = loop_now_ms();
	pool_read(world.pool, Q(T_SLEEP), &shorter, outcome_take, &first);
	pool_read(world.pool, Q(T_SLEEP), &longer, outcome_take, &second);
	outcome_wait(&world, &second);
	ck_assert_int_eq(first.failure.error, DB_OK);
	ck_assert_int_eq(second.failure.error, DB_UNAVAILABLE);
	ck_assert_int_lt(loop_now_ms() - start_ms, 2500);
	world_close(&world);
}
END_TEST

START_TEST(all_steps_of_a_flow_count_and_it_stores_nothing)
{
	struct world world = world_of((struct pool_options){ .answer_ms = 800 });
	struct flow_test test = { .world = &world,
				  .steps = { { .query = T_ADD, .asks = true, .first = "1", .second = "one" },
					     { .query = T_SLEEP, .asks = true, .first = "3" },
					     { .query = T_COUNT, .asks = true } } };
	int64_t start_ms, backend;

	world_wait_ready(&world);
	backend = world_read(&world, T_PID, NULL).number;
	start_ms = loop_now_ms();
	flow_test_run(&test, three_steps);
	ck_assert_int_eq(test.failure.error, DB_UNAVAILABLE);
	ck_assert_str_eq(test.step, "second");
	ck_assert_int_lt(loop_now_ms() - start_ms, 2500);

	/* Its transaction is undone in the end. */
	world_until_asked(&world, sleepers, 0);
	ck_assert_int_eq(world_read(&world, T_PID, NULL).number, backend);
	ck_assert_int_eq(world_read(&world, T_COUNT, NULL).number, 0);
	world_close(&world);
}
END_TEST

START_TEST(a_commit_that_takes_too_long_is_unknown)
{
	struct world world = world_of((struct pool_options){ .answer_ms = 400 });
	struct flow_test test = { .world = &world, .steps = { { .query = T_ADD_COMMITS_SLOWLY, .asks = true } } };

	world_wait_ready(&world);
	flow_test_run(&test, one_step);
	ck_assert_int_eq(test.failure.error, DB_OUTCOME_UNKNOWN);
	world_close(&world);
}
END_TEST

START_TEST(who_may_wait_the_shortest_is_first_in_the_line)
{
	struct world world = world_open(1);
	struct args args = args_of_sleep(&world, "1.5"), none = args_start(world.arena);
	struct outcome running = { 0 }, patient = { 0 };
	struct flow_test hurried = { .world = &world, .steps = { { .query = T_COUNT, .asks = true } } };
	int64_t start_ms = loop_now_ms();

	pool_read(world.pool, Q(T_SLEEP), &args, outcome_take, &running);
	pool_read(world.pool, Q(T_ONE), &none, outcome_take, &patient);
	flow_start_until(world.pool, one_step, start_ms + 200, flow_test_done, &hurried);
	flow_test_wait(&hurried);
	ck_assert_int_eq(hurried.failure.error, DB_UNAVAILABLE);
	ck_assert_int_ge(loop_now_ms() - start_ms, 199);
	ck_assert_int_eq(hurried.asked[0], 0);
	ck_assert_int_eq(running.calls, 0);
	outcome_wait(&world, &patient);
	ck_assert_int_eq(patient.failure.error, DB_OK);
	world_close(&world);
}
END_TEST

START_TEST(what_nobody_waits_for_does_not_keep_the_pool_from_closing)
{
	struct world world = world_of((struct pool_options){ .answer_ms = 200 });
	struct args args = args_of_sleep(&world, "20");

	world_wait_ready(&world);
	ck_assert_int_eq(world_read(&world, T_SLEEP, &args).failure.error, DB_UNAVAILABLE);
	world_close(&world);
}
END_TEST

Suite *patience_suite(void);
Suite *patience_suite(void)
{
	Suite *suite = suite_create("patience");
	TCase *tcase = tcase_create("patience");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_slow_statement_is_told_in_time_and_its_connection_stays);
	tcase_add_test(tcase, the_fate_of_a_slow_write_is_unknown);
	tcase_add_test(tcase, the_wait_for_a_connection_counts);
	tcase_add_test(tcase, all_steps_of_a_flow_count_and_it_stores_nothing);
	tcase_add_test(tcase, a_commit_that_takes_too_long_is_unknown);
	tcase_add_test(tcase, who_may_wait_the_shortest_is_first_in_the_line);
	tcase_add_test(tcase, what_nobody_waits_for_does_not_keep_the_pool_from_closing);
	suite_add_tcase(suite, tcase);
	return suite;
}
