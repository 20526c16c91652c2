/* Fresh databases, pools on them, and waiting for conditions without sleeping. */
#include "db/support.h"

#include "db/statements.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_MS = 45000 }; /* less than what a test may take; a busy machine makes connections slowly */

/* -- databases --------------------------------------------------------------------------------- */

const char *support_conninfo(const char *database, const char *more)
{
	static char buffers[4][512];
	static int turn;
	char *conninfo = buffers[turn++ % 4];
	const char *given = getenv("TEST_CONNINFO");

	if (given)
		snprintf(conninfo, sizeof(buffers[0]), "%s dbname=%s %s", given, database, more);
	else
		snprintf(conninfo, sizeof(buffers[0]), "host=%s user=postgres dbname=%s %s", support_socket_dir(),
			 database, more);
	return conninfo;
}

int64_t support_ask(const char *conninfo, const char *sql)
{
	PGconn *pg = PQconnectdb(conninfo);
	PGresult *result;
	int64_t number = 0;

	PQsetErrorVerbosity(pg, PQERRORS_TERSE);
	result = PQexec(pg, "set client_min_messages = warning");
	PQclear(result);
	result = PQexec(pg, sql);
	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		ck_abort_msg("%s: %s", sql, PQerrorMessage(pg));
	if (PQntuples(result) > 0)
		number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
	PQclear(result);
	PQfinish(pg);
	return number;
}

const char *support_database(void)
{
	static char conninfo[512];
	static int number;
	char name[64], sql[128];

	snprintf(name, sizeof(name), "leadd_test_%d_%d", (int)getpid(), number++);
	snprintf(sql, sizeof(sql), "create database %s", name);
	support_ask(support_conninfo("postgres", ""), sql);
	snprintf(conninfo, sizeof(conninfo), "%s", support_conninfo(name, ""));
	support_ask(conninfo, test_tables);
	return conninfo;
}

void support_terminate_all(const char *conninfo)
{
	/* One that ends by itself between the two is fine. */
	support_ask(conninfo, "select count(pg_terminate_backend(pid, 10000)) from pg_stat_activity"
			      " where datname = current_database() and pid <> pg_backend_pid()");
}

/* -- waiting ----------------------------------------------------------------------------------- */

struct wait {
	struct loop *loop;
	struct timer *timer;
	bool (*holds)(void *context);
	void *context;
	int64_t until_ms;
	bool held;
};

static void on_look(void *context)
{
	struct wait *wait = context;

	wait->held = wait->holds(wait->context);
	if (wait->held || loop_now_ms() > wait->until_ms)
		loop_stop(wait->loop);
	else
		timer_start(wait->timer, 1);
}

void support_until(struct loop *loop, bool (*holds)(void *context), void *context)
{
	struct wait wait = { .loop = loop, .holds = holds, .context = context, .until_ms = loop_now_ms() + WAIT_MS };

	wait.timer = timer_new(loop, on_look, &wait);
	timer_start(wait.timer, 0);
	loop_run(loop);
	timer_free(&wait.timer);
	ck_assert_msg(wait.held, "waited for a condition in vain");
}

/* -- a pool ------------------------------------------------------------------------------------ */

struct world world_of(struct pool_options options)
{
	struct world world = { .conninfo = support_database() };

	options.name = "test";
	options.conninfo = options.conninfo ? options.conninfo : world.conninfo;
	options.size = options.size ? options.size : 1;
	options.waiting_max = options.waiting_max ? options.waiting_max : 100;
	options.wait_ms = options.wait_ms ? options.wait_ms : 2000;
	options.unit_ms = options.unit_ms ? options.unit_ms : 5000;
	options.answer_ms = options.answer_ms ? options.answer_ms : 7000;
	options.seed = 1;
	if (!options.statements) {
		options.statements = test_statements;
		options.statement_count = T_COUNT_OF_TESTS;
	}
	world.loop = loop_new();
	world.arena = arena_new();
	world.pool = pool_new(world.loop, &options);
	return world;
}

static bool is_ready(void *pool)
{
	return pool_is_ready(pool);
}

void world_wait_ready(struct world *world)
{
	support_until(world->loop, is_ready, world->pool);
}

struct world world_open(int size)
{
	struct world world = world_of((struct pool_options){ .size = size });

	world_wait_ready(&world);
	return world;
}

void world_close(struct world *world)
{
	pool_free(&world->pool);
	arena_free(&world->arena);
	loop_free(&world->loop);
}

struct question {
	const char *conninfo, *sql;
	int64_t wanted;
};

static bool is_answered(void *context)
{
	const struct question *question = context;

	return support_ask(question->conninfo, question->sql) == question->wanted;
}

void world_until_asked(struct world *world, const char *sql, int64_t wanted)
{
	struct question question = { world->conninfo, sql, wanted };

	support_until(world->loop, is_answered, &question);
}

/* -- answers ----------------------------------------------------------------------------------- */

void outcome_take(void *context, const struct db_failure *failure, const struct rows *rows)
{
	struct outcome *outcome = context;

	outcome->calls++;
	outcome->failure = *failure;
	ck_assert(!rows == (failure->error != DB_OK));
	if (!rows)
		return;
	outcome->count = rows_count(rows);
	outcome->affected = rows_affected(rows);
	if (outcome->count > 0) {
		outcome->number = row_int(rows, 0, 0);
		if (!row_is_null(rows, 0, 0))
			snprintf(outcome->text, sizeof(outcome->text), "%s", row_text(rows, 0, 0).at);
	}
}

static bool is_over(void *context)
{
	const struct outcome *outcome = context;

	return outcome->calls > 0;
}

void outcome_wait(struct world *world, struct outcome *outcome)
{
	support_until(world->loop, is_over, outcome);
	ck_assert_int_eq(outcome->calls, 1);
}

struct outcome world_read(struct world *world, int query, const struct args *args)
{
	struct outcome outcome = { 0 };
	struct args none = args_start(world->arena);

	pool_read(world->pool, Q(query), args ? args : &none, outcome_take, &outcome);
	ck_assert_int_eq(outcome.calls, 0);
	outcome_wait(world, &outcome);
	return outcome;
}

struct outcome world_write(struct world *world, int query, const struct args *args)
{
	struct outcome outcome = { 0 };
	struct args none = args_start(world->arena);

	pool_write(world->pool, Q(query), args ? args : &none, outcome_take, &outcome);
	ck_assert_int_eq(outcome.calls, 0);
	outcome_wait(world, &outcome);
	return outcome;
}
