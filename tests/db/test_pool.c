/* Single statements: answers, failures, the line and its bounds. */
#include "db/statements.h"
#include "db/support.h"

#include <stdio.h>
#include <stdlib.h>

static struct args args_of_thing(struct world *world, int64_t id, const char *name)
{
	struct args args = args_start(world->arena);

	args_int(&args, id);
	args_text(&args, text_of(name));
	return args;
}

static struct args args_of_text(struct world *world, const char *text)
{
	struct args args = args_start(world->arena);

	args_text(&args, text_of(text));
	return args;
}

START_TEST(a_statement_is_answered_once_and_later)
{
	struct world world = world_open(1);
	struct outcome outcome = world_read(&world, T_ONE, NULL);

	ck_assert_int_eq(outcome.failure.error, DB_OK);
	ck_assert_int_eq(outcome.count, 1);
	ck_assert_int_eq(outcome.number, 1);
	ck_assert_int_eq(pool_running(world.pool), 0);
	world_close(&world);
}
END_TEST

START_TEST(writes_are_committed_and_counted)
{
	struct world world = world_open(1);
	struct args args = args_of_thing(&world, 1, "one");
	struct outcome outcome = world_write(&world, T_ADD, &args);

	ck_assert_int_eq(outcome.failure.error, DB_OK);
	ck_assert_int_eq(outcome.affected, 1);
	ck_assert_int_eq(support_ask(world.conninfo, "select count(*) from things"), 1);
	world_close(&world);
}
END_TEST

START_TEST(a_refused_row_names_its_constraint)
{
	struct world world = world_open(1);
	struct args args = args_of_thing(&world, 1, "one");
	struct outcome outcome;

	world_write(&world, T_ADD, &args);
	outcome = world_write(&world, T_ADD, &args);
	ck_assert_int_eq(outcome.failure.error, DB_CONFLICT);
	ck_assert_str_eq(outcome.failure.sqlstate, "23505");
	ck_assert_str_eq(outcome.failure.constraint, "things_pkey");
	ck_assert_int_eq(world_read(&world, T_ONE, NULL).failure.error, DB_OK);
	world_close(&world);
}
END_TEST

START_TEST(values_that_do_not_fit_are_data_failures)
{
	struct world world = world_open(1);
	struct args args = args_of_text(&world, "0");

	ck_assert_int_eq(world_read(&world, T_DIVIDE, &args).failure.error, DB_DATA);
	args = args_of_text(&world, "no number");
	ck_assert_int_eq(world_read(&world, T_DIVIDE, &args).failure.error, DB_DATA);
	world_close(&world);
}
END_TEST

START_TEST(slow_statements_are_busy)
{
	struct world world =
		world_of((struct pool_options){ .settings = "set statement_timeout = '50ms'; set jit = off" });
	struct args args = args_of_text(&world, "20");
	struct outcome outcome;

	world_wait_ready(&world);
	outcome = world_read(&world, T_SLEEP, &args);
	ck_assert_int_eq(outcome.failure.error, DB_BUSY);
	ck_assert_str_eq(outcome.failure.sqlstate, "57014");
	world_close(&world);
}
END_TEST

struct setting {
	int calls;
	char value[64];
};

static void take_setting(void *context, const struct db_failure *failure, const struct rows *rows)
{
	struct setting *setting = context;

	ck_assert_int_eq(failure->error, DB_OK);
	snprintf(setting->value, sizeof(setting->value), "%s", row_text(rows, 0, 1).at);
	setting->calls++;
}

static bool has_setting(void *context)
{
	const struct setting *setting = context;

	return setting->calls > 0;
}

START_TEST(settings_and_application_name_are_set)
{
	struct world world = world_of((struct pool_options){ .settings = "set jit = off; set work_mem = '5MB';" });
	struct args work_mem = args_of_text(&world, "work_mem"), name = args_of_text(&world, "application_name");
	struct setting setting = { 0 };

	world_wait_ready(&world);
	pool_read(world.pool, Q(T_SETTING), &work_mem, take_setting, &setting);
	support_until(world.loop, has_setting, &setting);
	ck_assert_str_eq(setting.value, "5MB");
	setting.calls = 0;
	pool_read(world.pool, Q(T_SETTING), &name, take_setting, &setting);
	support_until(world.loop, has_setting, &setting);
	ck_assert_str_eq(setting.value, "leadd");
	world_close(&world);
}
END_TEST

START_TEST(all_connections_come_up_and_work_at_once)
{
	struct world world = world_open(3);
	struct args args = args_of_text(&world, "1");
	struct outcome outcomes[3] = { { 0 } };

	for (int i = 0; i < 3; i++)
		pool_read(world.pool, Q(T_SLEEP), &args, outcome_take, &outcomes[i]);
	world_until_asked(&world,
			  "select count(*) from pg_stat_activity where datname = current_database()"
			  " and wait_event = 'PgSleep'",
			  3);
	ck_assert_int_eq(pool_running(world.pool), 3);
	for (int i = 0; i < 3; i++) {
		outcome_wait(&world, &outcomes[i]);
		ck_assert_int_eq(outcomes[i].failure.error, DB_OK);
	}
	world_close(&world);
}
END_TEST

START_TEST(statements_that_do_not_prepare_keep_the_pool_from_being_ready)
{
	static const struct query_text bad[] = { { "one", "select 1", 0, 0 }, { "typo", "selekt 1", 0, 0 } };
	struct world world = world_of((struct pool_options){ .statements = bad, .statement_count = 2, .wait_ms = 100 });
	struct outcome outcome = world_read(&world, 0, NULL);

	ck_assert_int_eq(outcome.failure.error, DB_UNAVAILABLE);
	ck_assert(!pool_is_ready(world.pool));
	world_close(&world);
}
END_TEST

START_TEST(statements_to_warm_up_have_been_run_before_anybody_waits_for_them)
{
	enum { ONE, FAILS, RUNS };
	static const struct query_text statements[] = {
		[ONE] = { "one", "select $1::bigint", 1, 0 },
		[FAILS] = { "fails", "select 1 / 0", 0, 0 },
		[RUNS] = { "runs",
			   "select generic_plans + custom_plans from pg_prepared_statements where name = $1::text", 1,
			   0 },
	};
	static const enum query warm[] = { (enum query)ONE, (enum query)FAILS };
	struct world world = world_of(
		(struct pool_options){ .statements = statements, .statement_count = 3, .warm = warm, .warm_count = 2 });
	struct args args = args_of_text(&world, "one");
	struct outcome outcome = world_read(&world, RUNS, &args);

	ck_assert_int_eq(outcome.failure.error, DB_OK);
	ck_assert_int_eq(outcome.number, 1);
	world_close(&world);
}
END_TEST

/* -- the line ---------------------------------------------------------------------------------- */

START_TEST(the_line_is_served_in_order)
{
	struct world world = world_open(1);
	struct args args = args_of_text(&world, "0.05");
	struct outcome outcomes[4] = { { 0 } };

	for (int i = 0; i < 4; i++)
		pool_read(world.pool, Q(T_SLEEP), &args, outcome_take, &outcomes[i]);
	ck_assert_int_eq(pool_running(world.pool), 1);
	ck_assert_int_eq(pool_waiting(world.pool), 3);
	for (int i = 0; i < 4; i++) {
		outcome_wait(&world, &outcomes[i]);
		ck_assert_int_eq(outcomes[i].failure.error, DB_OK);
		if (i < 2)
			ck_assert_int_eq(outcomes[3].calls, 0);
	}
	ck_assert_int_eq(pool_waiting(world.pool) + pool_running(world.pool), 0);
	world_close(&world);
}
END_TEST

START_TEST(a_full_line_refuses_at_once_but_never_inside_the_call)
{
	struct world world = world_of((struct pool_options){ .waiting_max = 1 });
	struct args args = args_of_text(&world, "0.1"), none = args_start(world.arena);
	struct outcome running = { 0 }, waiting = { 0 }, refused = { 0 };

	world_wait_ready(&world);
	pool_read(world.pool, Q(T_SLEEP), &args, outcome_take, &running);
	pool_read(world.pool, Q(T_ONE), &none, outcome_take, &waiting);
	pool_write(world.pool, Q(T_ONE), &none, outcome_take, &refused);
	ck_assert_int_eq(refused.calls, 0);
	outcome_wait(&world, &refused);
	ck_assert_int_eq(refused.failure.error, DB_UNAVAILABLE);
	ck_assert_int_eq(running.calls, 0);
	outcome_wait(&world, &waiting);
	ck_assert_int_eq(waiting.failure.error, DB_OK);
	ck_assert_int_eq(running.calls, 1);
	world_close(&world);
}
END_TEST

START_TEST(waiting_ends_after_wait_ms)
{
	struct world world = world_of((struct pool_options){ .wait_ms = 100 });
	struct args args = args_of_text(&world, "1"), none = args_start(world.arena);
	struct outcome running = { 0 }, first = { 0 }, second = { 0 };
	int64_t start_ms;

	world_wait_ready(&world);
	start_ms = loop_now_ms();
	pool_read(world.pool, Q(T_SLEEP), &args, outcome_take, &running);
	pool_read(world.pool, Q(T_ONE), &none, outcome_take, &first);
	pool_read(world.pool, Q(T_ONE), &none, outcome_take, &second);
	outcome_wait(&world, &second);
	ck_assert_int_eq(first.calls, 1);
	ck_assert_int_eq(first.failure.error, DB_UNAVAILABLE);
	ck_assert_int_eq(second.failure.error, DB_UNAVAILABLE);
	ck_assert_int_ge(loop_now_ms() - start_ms, 99);
	ck_assert_int_eq(running.calls, 0);
	ck_assert_int_eq(pool_waiting(world.pool), 0);
	outcome_wait(&world, &running);
	ck_assert_int_eq(running.failure.error, DB_OK);
	world_close(&world);
}
END_TEST

START_TEST(without_a_database_units_wait_first_and_are_refused_at_once_later)
{
	struct world world = world_of((struct pool_options){ .conninfo = "host=/nowhere dbname=x", .wait_ms = 200 });
	int64_t start_ms = loop_now_ms();
	struct outcome outcome = world_read(&world, T_ONE, NULL);

	ck_assert_int_eq(outcome.failure.error, DB_UNAVAILABLE);
	ck_assert_int_ge(loop_now_ms() - start_ms, 199);
	start_ms = loop_now_ms();
	while (loop_now_ms() - start_ms < 5)
		;
	start_ms = loop_now_ms();
	outcome = world_write(&world, T_ONE, NULL);
	ck_assert_int_eq(outcome.failure.error, DB_UNAVAILABLE);
	ck_assert_int_lt(loop_now_ms() - start_ms, 100);
	ck_assert(!pool_is_ready(world.pool));
	world_close(&world);
}
END_TEST

static void count_change(void *changes)
{
	++*(int *)changes;
}

static bool is_one(void *number)
{
	return *(int *)number == 1;
}

START_TEST(changes_of_readiness_are_told)
{
	struct world world = world_of((struct pool_options){ .size = 2 });
	int changes = 0;

	pool_on_change(world.pool, count_change, &changes);
	ck_assert(!pool_is_ready(world.pool));
	support_until(world.loop, is_one, &changes);
	ck_assert(pool_is_ready(world.pool));
	ck_assert_int_eq(world_read(&world, T_ONE, NULL).failure.error, DB_OK);
	ck_assert_int_eq(changes, 1);
	world_close(&world);
}
END_TEST

START_TEST(closing_fails_what_runs_and_what_waits)
{
	struct world world = world_open(1);
	struct args args = args_of_text(&world, "5"), none = args_start(world.arena);
	struct outcome outcomes[3] = { { 0 } };

	pool_read(world.pool, Q(T_SLEEP), &args, outcome_take, &outcomes[0]);
	pool_read(world.pool, Q(T_ONE), &none, outcome_take, &outcomes[1]);
	pool_write(world.pool, Q(T_ONE), &none, outcome_take, &outcomes[2]);
	pool_free(&world.pool);
	ck_assert_ptr_null(world.pool);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(outcomes[i].calls, 1);
		ck_assert_int_eq(outcomes[i].failure.error, DB_UNAVAILABLE);
	}
	world_close(&world);
}
END_TEST

struct asker {
	struct world *world;
	struct args args;
	struct outcome again;
};

static void ask_again(void *context, const struct db_failure *failure, const struct rows *rows)
{
	struct asker *asker = context;

	(void)failure;
	(void)rows;
	pool_read(asker->world->pool, Q(T_ONE), &asker->args, outcome_take, &asker->again);
}

START_TEST(callbacks_may_ask_again)
{
	struct world world = world_open(1);
	struct asker asker = { .world = &world, .args = args_start(world.arena) };

	pool_read(world.pool, Q(T_ONE), &asker.args, ask_again, &asker);
	outcome_wait(&world, &asker.again);
	ck_assert_int_eq(asker.again.failure.error, DB_OK);
	/* Also the one that closing provokes. */
	asker.again = (struct outcome){ 0 };
	pool_read(world.pool, Q(T_ONE), &asker.args, ask_again, &asker);
	pool_free(&world.pool);
	ck_assert_int_eq(asker.again.calls, 1);
	ck_assert_int_eq(asker.again.failure.error, DB_UNAVAILABLE);
	world_close(&world);
}
END_TEST

Suite *pool_suite(void);
Suite *pool_suite(void)
{
	Suite *suite = suite_create("pool");
	TCase *tcase = tcase_create("pool");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_statement_is_answered_once_and_later);
	tcase_add_test(tcase, writes_are_committed_and_counted);
	tcase_add_test(tcase, a_refused_row_names_its_constraint);
	tcase_add_test(tcase, values_that_do_not_fit_are_data_failures);
	tcase_add_test(tcase, slow_statements_are_busy);
	tcase_add_test(tcase, settings_and_application_name_are_set);
	tcase_add_test(tcase, all_connections_come_up_and_work_at_once);
	tcase_add_test(tcase, statements_that_do_not_prepare_keep_the_pool_from_being_ready);
	tcase_add_test(tcase, statements_to_warm_up_have_been_run_before_anybody_waits_for_them);
	tcase_add_test(tcase, the_line_is_served_in_order);
	tcase_add_test(tcase, a_full_line_refuses_at_once_but_never_inside_the_call);
	tcase_add_test(tcase, waiting_ends_after_wait_ms);
	tcase_add_test(tcase, without_a_database_units_wait_first_and_are_refused_at_once_later);
	tcase_add_test(tcase, changes_of_readiness_are_told);
	tcase_add_test(tcase, closing_fails_what_runs_and_what_waits);
	tcase_add_test(tcase, callbacks_may_ask_again);
	suite_add_tcase(suite, tcase);
	return suite;
}
