/* The program's own migrations and statements: everything applies and every query file prepares. */
#include "base/mem.h"
#include "db/migrate.h"
#include "db/support.h"
#include "migrations.h"
#include "queries.h"
#include "service/intake_batch.h"

#include <libpq-fe.h>
#include <stdio.h>

static const char *migrated_database(void)
{
	const char *conninfo = support_database();
	char message[512];

	support_ask(conninfo, "drop table late, slow, things; drop function slow_commit()");
	ck_assert_int_eq(migrate(conninfo, 5000, message, sizeof(message)), MIGRATE_DONE);
	return conninfo;
}

START_TEST(all_migrations_apply_and_apply_once)
{
	const char *conninfo = migrated_database();
	char message[512];

	ck_assert_int_gt(migration_count, 0);
	ck_assert_int_eq(migrate(conninfo, 5000, message, sizeof(message)), MIGRATE_DONE);
	ck_assert_int_eq(support_ask(conninfo, "select count(*) from schema_migrations"), migration_count);
}
END_TEST

/* One by one, so that a failure names the file and says why. */
START_TEST(every_query_file_prepares_with_the_parameters_it_counts)
{
	PGconn *pg = PQconnectdb(migrated_database());
	char faults[4096] = "";
	size_t length = 0;

	for (int i = 0; i < Q_COUNT_ALL; i++) {
		PGresult *prepared = PQprepare(pg, query_texts[i].name, query_texts[i].sql, 0, NULL);
		PGresult *described = PQdescribePrepared(pg, query_texts[i].name);

		if (PQresultStatus(prepared) != PGRES_COMMAND_OK && length < sizeof(faults) - 1000)
			length += (size_t)snprintf(faults + length, 1000, "\n%s: %s", query_texts[i].name,
						   PQresultErrorMessage(prepared));
		else if (PQnparams(described) != query_texts[i].parameters && length < sizeof(faults) - 1000)
			length +=
				(size_t)snprintf(faults + length, 1000, "\n%s: %d parameters, counted %d",
						 query_texts[i].name, PQnparams(described), query_texts[i].parameters);
		PQclear(described);
		PQclear(prepared);
	}
	PQfinish(pg);
	ck_assert_msg(length == 0, "%s", faults);
}
END_TEST

static bool is_ready(void *pool)
{
	return pool_is_ready(pool);
}

START_TEST(a_pool_on_a_migrated_database_is_ready)
{
	struct loop *loop = loop_new();
	struct pool *pool = pool_new(loop, &(struct pool_options){ .name = "test",
								   .conninfo = migrated_database(),
								   .settings = "set jit = off",
								   .size = 2,
								   .waiting_max = 10,
								   .wait_ms = 2000,
								   .unit_ms = 5000 });

	support_until(loop, is_ready, pool);
	pool_free(&pool);
	loop_free(&loop);
}
END_TEST

/* With a source and its operators there, whom a statement might take. */
START_TEST(the_usual_statements_of_a_batch_change_nothing_with_nulls)
{
	static const char *const nulls[ARGS_MAX];
	const char *conninfo = migrated_database();
	PGconn *pg = PQconnectdb(conninfo);

	support_ask(conninfo, "insert into sources (name) values ('s'); insert into operators (name) values ('o');"
			      "insert into source_operator_weights (source_id, operator_id, weight) values (1, 1, 1)");
	for (int i = 0; i < BATCH_USUAL; i++) {
		const struct query_text *text = &query_texts[batch_usual[i]];
		PGresult *result = PQexecParams(pg, text->sql, text->parameters, NULL, nulls, NULL, NULL, 0);

		ck_assert_msg(PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK,
			      "%s: %s", text->name, PQresultErrorMessage(result));
		ck_assert_int_eq(PQntuples(result), 0);
		PQclear(result);
	}
	PQfinish(pg);
	ck_assert_int_eq(support_ask(conninfo, "select (select count(*) from leads) + (select count(*) from contacts)"
					       " + (select count(*) from contact_history)"
					       " + (select count(*) from assignment_decisions)"
					       " + (select sum(active_load) from operator_loads)"),
			 0);
	ck_assert_int_eq(support_ask(conninfo, "select count(*) from pg_sequences where last_value is not null"
					       " and sequencename in ('leads_id_seq', 'contacts_id_seq',"
					       " 'assignment_batches_id_seq')"),
			 0);
}
END_TEST

/* It stands among the statements of a batch for the memory that making its plan takes. */
START_TEST(the_statement_that_makes_the_server_keep_memory_gives_no_row)
{
	const struct query_text *text = &query_texts[Q_BATCH_MEMORY];
	PGconn *pg = PQconnectdb(migrated_database());
	PGresult *result = PQexecParams(pg, text->sql, 0, NULL, NULL, NULL, NULL, 0);

	ck_assert_int_eq(text->parameters, 0);
	ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s", PQresultErrorMessage(result));
	ck_assert_int_eq(PQntuples(result), 0);
	PQclear(result);
	PQfinish(pg);
}
END_TEST

Suite *prepare_suite(void);
Suite *prepare_suite(void)
{
	Suite *suite = suite_create("prepare");
	TCase *tcase = tcase_create("prepare");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, all_migrations_apply_and_apply_once);
	tcase_add_test(tcase, every_query_file_prepares_with_the_parameters_it_counts);
	tcase_add_test(tcase, the_usual_statements_of_a_batch_change_nothing_with_nulls);
	tcase_add_test(tcase, the_statement_that_makes_the_server_keep_memory_gives_no_row);
	tcase_add_test(tcase, a_pool_on_a_migrated_database_is_ready);
	suite_add_tcase(suite, tcase);
	return suite;
}
