/*
 * Many units at once while sessions are ended at random: every callback comes exactly once, and what it says is what
 * the database holds.
 */
#include "db/statements.h"
#include "db/support.h"

#include "base/rng.h"

#include <stdio.h>

enum { UNITS = 400, AT_ONCE = 12 };

struct storm_unit {
	struct storm *storm;
	int64_t id;
	struct args args; /* kept for single statements */
	int calls;
	enum db_error error;
};

struct storm {
	struct world *world;
	struct rng rng;
	int started, done;
	struct storm_unit units[UNITS];
};

static void start_one(struct storm *storm);

static void unit_over(struct storm_unit *unit, enum db_error error)
{
	unit->calls++;
	unit->error = error;
	unit->storm->done++;
	start_one(unit->storm);
}

static void on_rows(void *context, const struct db_failure *failure, const struct rows *rows)
{
	(void)rows;
	unit_over(context, failure->error);
}

static void on_done(struct flow *flow, void *context, const struct db_failure *failure)
{
	(void)flow;
	unit_over(context, failure->error);
}

static void ask_add(struct flow *flow)
{
	const struct storm_unit *unit = flow_context(flow);
	struct args args = flow_args(flow);

	args_ints(&args, &unit->id, 1);
	flow_ask(flow, Q(T_ADD_ALL), &args);
}

static void ask_rename(struct flow *flow)
{
	const struct storm_unit *unit = flow_context(flow);
	struct args args = flow_args(flow);

	args_int(&args, unit->id);
	args_text(&args, TEXT("renamed"));
	flow_ask(flow, Q(T_RENAME), &args);
}

static enum flow_next read_rename(struct flow *flow)
{
	ck_assert_int_eq(rows_affected(flow_rows(flow, 0)), 1);
	return FLOW_NEXT;
}

static const struct flow_step add_and_rename[] = { { "add", ask_add, NULL },
						   { "rename", ask_rename, read_rename },
						   { 0 } };

/* One session of the pool, whichever the server lists first. */
static void end_one_session(const struct storm *storm)
{
	support_ask(storm->world->conninfo, "select count(pg_terminate_backend(pid)) from (select pid"
					    " from pg_stat_activity where datname = current_database()"
					    " and pid <> pg_backend_pid() order by random() limit 1) a");
}

static void start_one(struct storm *storm)
{
	struct storm_unit *unit;

	if (storm->started == UNITS)
		return;
	unit = &storm->units[storm->started];
	unit->storm = storm;
	unit->id = ++storm->started;
	if (rng_below(&storm->rng, 8) == 0)
		end_one_session(storm);
	if (rng_below(&storm->rng, 2)) {
		flow_start(storm->world->pool, add_and_rename, on_done, unit);
	} else {
		unit->args = args_start(storm->world->arena);
		args_ints(&unit->args, &unit->id, 1);
		pool_write(storm->world->pool, Q(T_ADD_ALL), &unit->args, on_rows, unit);
	}
}

static bool is_over(void *context)
{
	const struct storm *storm = context;

	return storm->done == UNITS;
}

START_TEST(answers_are_true_while_sessions_end_at_random)
{
	static struct storm storm;
	struct world world = world_open(3);
	int good = 0;

	storm = (struct storm){ .world = &world };
	rng_seed(&storm.rng, 42);
	for (int i = 0; i < AT_ONCE; i++)
		start_one(&storm);
	support_until(world.loop, is_over, &storm);
	for (int i = 0; i < UNITS; i++) {
		const struct storm_unit *unit = &storm.units[i];
		char sql[100];
		int64_t stored;

		snprintf(sql, sizeof(sql), "select count(*) from things where id = %d", (int)unit->id);
		stored = unit->error == DB_OUTCOME_UNKNOWN ? -1 : support_ask(world.conninfo, sql);
		ck_assert_int_eq(unit->calls, 1);
		ck_assert_msg(stored < 0 || stored == (unit->error == DB_OK), "unit %d: %s, %d rows", i,
			      db_error_name(unit->error), (int)stored);
		good += unit->error == DB_OK;
	}
	/* Most of them, or the storm was none. */
	ck_assert_int_gt(good, UNITS / 2);
	ck_assert_int_eq(pool_running(world.pool) + pool_waiting(world.pool), 0);
	world_close(&world);
}
END_TEST

Suite *storm_suite(void);
Suite *storm_suite(void)
{
	Suite *suite = suite_create("storm");
	TCase *tcase = tcase_create("storm");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, answers_are_true_while_sessions_end_at_random);
	suite_add_tcase(suite, tcase);
	return suite;
}
