/* Step tables as transactions: commit, rollback, failures in every place, restarts. */
#include "db/flows.h"

START_TEST(two_steps_are_one_transaction)
{
	struct world world = world_open(1);
	struct flow_test test = {
		.world = &world,
		.steps = { { .query = T_ADD, .asks = true, .first = "1", .second = "one" },
			   { .query = T_COUNT, .asks = true } },
	};

	flow_test_run(&test, two_steps);
	ck_assert_int_eq(test.failure.error, DB_OK);
	ck_assert(!test.rolled_back);
	ck_assert_int_eq(test.numbers[0], 1);
	ck_assert_int_eq(test.numbers[1], 1);
	ck_assert_str_eq(test.step, "second");
	ck_assert_int_eq(support_ask(world.conninfo, "select count(*) from things"), 1);
	ck_assert_int_eq(pool_running(world.pool), 0);
	world_close(&world);
}
END_TEST

START_TEST(one_step_is_one_trip_and_a_read_may_be_missing)
{
	struct world world = world_open(1);
	struct flow_test one = { .world = &world,
				 .steps = { { .query = T_ADD, .asks = true, .first = "1", .second = "x" } } };
	struct flow_test three = { .world = &world,
				   .steps = { { .asks = false },
					      { .query = T_COUNT, .asks = true },
					      { .query = T_ADD, .asks = true, .first = "2", .second = "x" } } };

	flow_test_run(&one, one_step);
	ck_assert_int_eq(one.failure.error, DB_OK);
	flow_test_run(&three, three_steps);
	ck_assert_int_eq(three.failure.error, DB_OK);
	ck_assert_int_eq(three.numbers[1], 1);
	ck_assert_int_eq(support_ask(world.conninfo, "select count(*) from things"), 2);
	world_close(&world);
}
END_TEST

START_TEST(a_read_may_choose_to_roll_back)
{
	struct world world = world_open(1);
	struct flow_test test = {
		.world = &world,
		.steps = { { .query = T_ADD, .asks = true, .first = "1", .second = "one", .stops = true } },
	};

	flow_test_run(&test, two_steps);
	ck_assert_int_eq(test.failure.error, DB_OK);
	ck_assert(test.rolled_back);
	ck_assert_int_eq(test.asked[1], 0);
	ck_assert_int_eq(world_read(&world, T_COUNT, NULL).number, 0);
	world_close(&world);
}
END_TEST

START_TEST(a_read_may_skip_a_step)
{
	struct world world = world_open(1);
	struct flow_test test = {
		.world = &world,
		.steps = { { .query = T_ADD, .asks = true, .first = "1", .second = "one", .skips = true },
			   { .query = T_ADD, .asks = true, .first = "2", .second = "two" },
			   { .query = T_COUNT, .asks = true } },
	};

	flow_test_run(&test, three_steps);
	ck_assert_int_eq(test.failure.error, DB_OK);
	ck_assert_str_eq(test.step, "third");
	ck_assert_int_eq(test.asked[1], 0);
	ck_assert_int_eq(test.read[1], 0);
	ck_assert_int_eq(support_ask(world.conninfo, "select count(*) from things"), 1);
	world_close(&world);
}
END_TEST

START_TEST(a_failed_statement_undoes_the_steps_before_it)
{
	struct world world = world_open(1);
	struct flow_test test = {
		.world = &world,
		.steps = { { .query = T_ADD, .asks = true, .first = "1", .second = "one" },
			   { .query = T_ADD, .asks = true, .first = "1", .second = "again" } },
	};

	/* With COMMIT in the same trip, and in a trip before it. */
	flow_test_run(&test, two_steps);
	ck_assert_int_eq(test.failure.error, DB_CONFLICT);
	ck_assert_str_eq(test.failure.constraint, "things_pkey");
	ck_assert_str_eq(test.step, "second");
	ck_assert_int_eq(test.read[1], 0);
	test.calls = 0;
	flow_test_run(&test, three_steps);
	ck_assert_int_eq(test.failure.error, DB_CONFLICT);
	ck_assert_int_eq(test.asked[2], 0);
	ck_assert_int_eq(world_read(&world, T_COUNT, NULL).number, 0);
	world_close(&world);
}
END_TEST

START_TEST(a_constraint_that_fails_at_commit_is_a_clean_failure)
{
	struct world world = world_open(1);
	struct flow_test test = {
		.world = &world,
		.steps = { { .query = T_ADD, .asks = true, .first = "1", .second = "one" },
			   { .query = T_ADD_LATE, .asks = true, .first = "2" } },
	};

	flow_test_run(&test, two_steps);
	ck_assert_int_eq(test.failure.error, DB_CONFLICT);
	ck_assert_str_eq(test.failure.constraint, "late_thing_fkey");
	ck_assert_int_eq(test.read[1], 0);
	ck_assert_int_eq(world_read(&world, T_COUNT, NULL).number, 0);
	world_close(&world);
}
END_TEST

static void add_two_things(struct world *world)
{
	support_ask(world->conninfo, "insert into things values (1, ''), (2, '')");
}

/* Each has locked its first row by then: asking for the other's is a circle. */
static struct flow_test *first_of_two, *second_of_two;

static bool both_have_read(void *context)
{
	(void)context;
	return first_of_two->read[0] > 0 && second_of_two->read[0] > 0;
}

START_TEST(two_flows_in_a_deadlock_both_finish)
{
	struct world world = world_open(2);
	struct flow_test a = { .world = &world,
			       .steps = { { .query = T_RENAME, .asks = true, .first = "1", .second = "a" },
					  { .query = T_SLEEP, .asks = true, .first = "0.1" },
					  { .query = T_RENAME, .asks = true, .first = "2", .second = "a" } } };
	struct flow_test b = { .world = &world,
			       .steps = { { .query = T_RENAME, .asks = true, .first = "2", .second = "b" },
					  { .query = T_SLEEP, .asks = true, .first = "0.1" },
					  { .query = T_RENAME, .asks = true, .first = "1", .second = "b" } } };

	add_two_things(&world);
	world_until_asked(&world,
			  "select count(*) from pg_stat_activity where datname = current_database()"
			  " and pid <> pg_backend_pid() and state = 'idle'",
			  2);
	first_of_two = &a;
	second_of_two = &b;
	flow_test_start(&a, three_steps);
	flow_test_start(&b, three_steps);
	support_until(world.loop, both_have_read, NULL);
	flow_test_wait(&a);
	flow_test_wait(&b);
	ck_assert_int_eq(a.failure.error, DB_OK);
	ck_assert_int_eq(b.failure.error, DB_OK);
	ck_assert_int_gt(a.asked[0] + b.asked[0], 2);
	ck_assert_int_eq(support_ask(world.conninfo, "select count(distinct name) from things"), 1);
	world_close(&world);
}
END_TEST

/* The row changes behind each attempt's snapshot: it can never succeed. */
static void change_the_thing(struct flow_test *test)
{
	support_ask(test->world->conninfo, "update things set name = 'other' where id = 1");
}

START_TEST(restarts_end_after_three)
{
	struct world world =
		world_of((struct pool_options){ .settings = "set default_transaction_isolation = 'repeatable read'" });
	struct flow_test test = {
		.world = &world,
		.steps = { { .query = T_COUNT, .asks = true, .on_read = change_the_thing },
			   { .query = T_RENAME, .asks = true, .first = "1", .second = "mine" } },
	};

	add_two_things(&world);
	world_wait_ready(&world);
	flow_test_run(&test, two_steps);
	ck_assert_int_eq(test.failure.error, DB_RESTART);
	ck_assert_str_eq(test.failure.sqlstate, "40001");
	ck_assert_int_eq(test.asked[0], 4);
	ck_assert_int_eq(test.read[1], 0);
	ck_assert_int_eq(world_read(&world, T_ONE, NULL).failure.error, DB_OK);
	world_close(&world);
}
END_TEST

START_TEST(a_lock_that_is_held_for_too_long_is_busy)
{
	struct world world = world_open(2);
	struct flow_test holder = { .world = &world,
				    .steps = { { .query = T_RENAME, .asks = true, .first = "1", .second = "a" },
					       { .query = T_SLEEP, .asks = true, .first = "0.5" },
					       { .query = T_COUNT, .asks = true } } };
	struct flow_test other = {
		.world = &world,
		.steps = { { .query = T_SET_LOCAL, .asks = true, .first = "lock_timeout", .second = "50ms" },
			   { .query = T_RENAME, .asks = true, .first = "1", .second = "b" } }
	};

	add_two_things(&world);
	world_until_asked(&world,
			  "select count(*) from pg_stat_activity where datname = current_database()"
			  " and pid <> pg_backend_pid() and state = 'idle'",
			  2);
	flow_test_start(&holder, three_steps);
	world_until_asked(&world,
			  "select count(*) from pg_stat_activity where datname = current_database()"
			  " and wait_event = 'PgSleep'",
			  1);
	flow_test_run(&other, two_steps);
	ck_assert_int_eq(other.failure.error, DB_BUSY);
	ck_assert_str_eq(other.failure.sqlstate, "55P03");
	flow_test_wait(&holder);
	ck_assert_int_eq(holder.failure.error, DB_OK);
	world_close(&world);
}
END_TEST

START_TEST(flows_wait_in_the_same_line_as_statements)
{
	struct world world = world_open(1);
	struct flow_test first = { .world = &world, .steps = { { .query = T_SLEEP, .asks = true, .first = "0.1" } } };
	struct flow_test second = { .world = &world, .steps = { { .query = T_COUNT, .asks = true } } };
	struct args none = args_start(world.arena);
	struct outcome between = { 0 };

	flow_test_start(&first, two_steps);
	pool_read(world.pool, Q(T_ONE), &none, outcome_take, &between);
	flow_test_start(&second, one_step);
	ck_assert_int_eq(pool_waiting(world.pool), 2);
	ck_assert_int_eq(second.asked[0], 0);
	outcome_wait(&world, &between);
	ck_assert_int_eq(first.calls, 1);
	flow_test_wait(&second);
	ck_assert_int_eq(second.failure.error, DB_OK);
	world_close(&world);
}
END_TEST

START_TEST(a_flow_that_finds_the_line_full_is_refused_later)
{
	struct world world = world_of((struct pool_options){ .waiting_max = 1 });
	struct flow_test tests[3];

	world_wait_ready(&world);
	for (int i = 0; i < 3; i++) {
		tests[i] = (struct flow_test){ .world = &world,
					       .steps = { { .query = T_SLEEP, .asks = true, .first = "0.1" } } };
		flow_test_start(&tests[i], one_step);
	}
	flow_test_wait(&tests[2]);
	ck_assert_int_eq(tests[2].failure.error, DB_UNAVAILABLE);
	ck_assert_int_eq(tests[2].asked[0], 0);
	ck_assert_int_eq(tests[0].calls, 0);
	flow_test_wait(&tests[1]);
	ck_assert_int_eq(tests[1].failure.error, DB_OK);
	world_close(&world);
}
END_TEST

struct chain {
	struct world *world;
	int left, done;
};

static void ask_one(struct flow *flow)
{
	struct args args = flow_args(flow);

	flow_ask(flow, Q(T_ONE), &args);
}

static const struct flow_step chain_steps[] = { { "one", ask_one, NULL }, { "two", ask_one, NULL }, { 0 } };

static void chain_on(struct flow *flow, void *context, const struct db_failure *failure)
{
	struct chain *chain = context;

	(void)flow;
	ck_assert_int_eq(failure->error, DB_OK);
	chain->done++;
	if (chain->left-- > 0)
		flow_start(chain->world->pool, chain_steps, chain_on, chain);
}

static bool chain_is_over(void *context)
{
	const struct chain *chain = context;

	return chain->left < 0;
}

START_TEST(done_may_start_the_next_flow)
{
	struct world world = world_open(1);
	struct chain chain = { .world = &world, .left = 50 };

	flow_start(world.pool, chain_steps, chain_on, &chain);
	support_until(world.loop, chain_is_over, &chain);
	ck_assert_int_eq(chain.done, 51);
	world_close(&world);
}
END_TEST

Suite *flow_suite(void);
Suite *flow_suite(void)
{
	Suite *suite = suite_create("flow");
	TCase *tcase = tcase_create("flow");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, two_steps_are_one_transaction);
	tcase_add_test(tcase, one_step_is_one_trip_and_a_read_may_be_missing);
	tcase_add_test(tcase, a_read_may_choose_to_roll_back);
	tcase_add_test(tcase, a_read_may_skip_a_step);
	tcase_add_test(tcase, a_failed_statement_undoes_the_steps_before_it);
	tcase_add_test(tcase, a_constraint_that_fails_at_commit_is_a_clean_failure);
	tcase_add_test(tcase, two_flows_in_a_deadlock_both_finish);
	tcase_add_test(tcase, restarts_end_after_three);
	tcase_add_test(tcase, a_lock_that_is_held_for_too_long_is_busy);
	tcase_add_test(tcase, flows_wait_in_the_same_line_as_statements);
	tcase_add_test(tcase, a_flow_that_finds_the_line_full_is_refused_later);
	tcase_add_test(tcase, done_may_start_the_next_flow);
	suite_add_tcase(suite, tcase);
	return suite;
}
