/* Migrations: fresh, again, two processes at once, and every answer that is not "done". */
#include "db/migrate.h"

#include "base/mem.h"
#include "db/support.h"
#include "migrations.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ONE = 1, TWO = 2, WAIT_MS = 3000 };

/* The first takes its time, so that two processes meet. */
static const struct migration list[] = {
	{ 1, "first", "create table one (id int);\nselect pg_sleep(0.2);\n", "aa" },
	{ 2, "second", "create table two (id int); insert into two values (1);\n", "bb" },
};

static char message[512];

static enum migrate_result run(int count, const char *conninfo)
{
	return migrate_with(list, count, conninfo, WAIT_MS, message, sizeof(message));
}

START_TEST(a_fresh_database_gets_all_and_a_second_run_does_nothing)
{
	const char *conninfo = support_database();

	ck_assert_int_eq(run(ONE, conninfo), MIGRATE_DONE);
	ck_assert_int_eq(run(TWO, conninfo), MIGRATE_DONE);
	ck_assert_int_eq(run(TWO, conninfo), MIGRATE_DONE);
	ck_assert_str_eq(message, "");
	ck_assert_int_eq(support_ask(conninfo, "select count(*) from two"), 1);
	ck_assert_int_eq(support_ask(conninfo, "select count(*) from schema_migrations where version in (1, 2)"
					       " and name in ('first', 'second') and sha256 in ('aa', 'bb')"
					       " and applied_at > now() - interval '1 minute'"),
			 2);
}
END_TEST

START_TEST(processes_that_start_together_migrate_once)
{
	const char *conninfo = support_database();
	pid_t children[3];
	int status;

	for (int i = 0; i < 3; i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(run(TWO, conninfo));
	}
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(support_ask(conninfo, "select count(*) from two"), 1);
}
END_TEST

START_TEST(a_newer_database_is_left_alone)
{
	const char *conninfo = support_database();

	ck_assert_int_eq(run(TWO, conninfo), MIGRATE_DONE);
	ck_assert_int_eq(run(ONE, conninfo), MIGRATE_NEWER);
	ck_assert_ptr_nonnull(strstr(message, "migration 2"));
}
END_TEST

START_TEST(a_changed_migration_is_noticed_before_anything_is_applied)
{
	const char *conninfo = support_database();

	ck_assert_int_eq(run(ONE, conninfo), MIGRATE_DONE);
	support_ask(conninfo, "update schema_migrations set sha256 = 'other'");
	ck_assert_int_eq(run(TWO, conninfo), MIGRATE_CHANGED);
	ck_assert_ptr_nonnull(strstr(message, "first"));
	ck_assert_int_eq(support_ask(conninfo, "select count(*) from schema_migrations"), 1);
}
END_TEST

START_TEST(a_migration_that_fails_leaves_nothing_and_names_the_line)
{
	static const struct migration bad[] = {
		{ 1, "good", "create table good (id int);", "aa" },
		{ 2, "bad", "create table half (id int);\n\ninsert into nowhere values ('secret');", "bb" },
	};
	const char *conninfo = support_database();

	ck_assert_int_eq(migrate_with(bad, 2, conninfo, WAIT_MS, message, sizeof(message)), MIGRATE_FAILED);
	ck_assert_ptr_nonnull(strstr(message, "migration 2 (bad)"));
	ck_assert_ptr_nonnull(strstr(message, "42P01"));
	ck_assert_ptr_nonnull(strstr(message, "line 3"));
	ck_assert_ptr_null(strstr(message, "secret"));
	ck_assert_int_eq(support_ask(conninfo, "select count(to_regclass('half'))"), 0);
	ck_assert_int_eq(support_ask(conninfo, "select max(version) from schema_migrations"), 1);
}
END_TEST

/* Who holds a lock for a while, as a backup does, is waited for, but never with others waiting in line for long. */
START_TEST(a_migration_that_misses_a_lock_lets_others_pass_and_tries_again)
{
	static const struct migration locking[] = {
		{ 1, "first", "create table one (id int);", "aa" },
		{ 2, "second", "alter table one add column more int;", "bb" },
	};
	const char *conninfo = support_database();
	pid_t holder, reader;
	int status;

	ck_assert_int_eq(migrate_with(locking, ONE, conninfo, WAIT_MS, message, sizeof(message)), MIGRATE_DONE);
	holder = fork();
	if (holder == 0)
		_exit((int)support_ask(conninfo, "begin; lock table one in access share mode;"
						 "select pg_sleep(2.5); commit; select 0"));
	while (support_ask(conninfo, "select count(*) from pg_locks where relation = 'one'::regclass") == 0)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	reader = fork();
	if (reader == 0) /* it queues behind the migration */
		_exit((int)support_ask(conninfo, "select pg_sleep(0.3); set statement_timeout = '1500ms';"
						 "select count(*) from one"));
	ck_assert_int_eq(migrate_with(locking, TWO, conninfo, WAIT_MS, message, sizeof(message)), MIGRATE_DONE);
	ck_assert_int_eq(waitpid(reader, &status, 0), reader);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(waitpid(holder, &status, 0), holder);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(support_ask(conninfo, "select count(more) from one"), 0);
}
END_TEST

START_TEST(a_database_that_is_read_only_is_waited_for)
{
	const char *conninfo = support_database();
	char database[64];

	snprintf(database, sizeof(database), "%s", strstr(conninfo, "dbname=") + 7);
	*strchr(database, ' ') = '\0';
	ck_assert_int_eq(run(TWO, support_conninfo(database, "options='-c default_transaction_read_only=on'")),
			 MIGRATE_UNREACHABLE);
	ck_assert_ptr_nonnull(strstr(message, "read-only"));
	ck_assert_int_eq(run(TWO, support_conninfo(database, "target_session_attrs=any "
							     "options='-c default_transaction_read_only=on'")),
			 MIGRATE_REFUSED);
	ck_assert_ptr_nonnull(strstr(message, "read only"));
}
END_TEST

START_TEST(a_role_that_may_only_read_passes_when_nothing_is_missing)
{
	const char *conninfo = support_database();
	const char *reader;
	char database[64];

	snprintf(database, sizeof(database), "%s", strstr(conninfo, "dbname=") + 7);
	*strchr(database, ' ') = '\0';
	ck_assert_int_eq(run(ONE, conninfo), MIGRATE_DONE);
	support_ask(conninfo,
		    "do $$ begin create role leadd_test_reader login; exception when others then null; end $$;"
		    "revoke all on schema public from public; grant usage on schema public to leadd_test_reader;"
		    "grant select on schema_migrations to leadd_test_reader");
	reader = support_conninfo(database, "user=leadd_test_reader");
	ck_assert_int_eq(run(ONE, reader), MIGRATE_DONE);
	ck_assert_int_eq(run(TWO, reader), MIGRATE_REFUSED);
	ck_assert_ptr_nonnull(strstr(message, "42501"));
}
END_TEST

/* -- connecting -------------------------------------------------------------------------------- */

START_TEST(no_server_is_waited_for_and_then_unreachable)
{
	int64_t start_ms = loop_now_ms();

	ck_assert_int_eq(
		migrate_with(list, TWO, "host=/nowhere user=u password=secret dbname=x", 600, message, sizeof(message)),
		MIGRATE_UNREACHABLE);
	ck_assert_int_ge(loop_now_ms() - start_ms, 300);
	ck_assert_int_lt(loop_now_ms() - start_ms, 2500);
	ck_assert_ptr_null(strstr(message, "secret"));
}
END_TEST

START_TEST(what_waiting_cannot_mend_is_refused_at_once)
{
	int64_t start_ms = loop_now_ms();

	ck_assert_int_eq(run(TWO, support_conninfo("x", "user=no_such_role dbname=postgres")), MIGRATE_REFUSED);
	ck_assert_int_lt(loop_now_ms() - start_ms, WAIT_MS);
}
END_TEST

START_TEST(a_missing_database_is_waited_for)
{
	int64_t start_ms = loop_now_ms();

	ck_assert_int_eq(
		migrate_with(list, TWO, support_conninfo("no_such_database", ""), 700, message, sizeof(message)),
		MIGRATE_UNREACHABLE);
	ck_assert_ptr_nonnull(strstr(message, "no such database"));
	ck_assert_int_ge(loop_now_ms() - start_ms, 300);
}
END_TEST

START_TEST(a_wrong_password_is_refused_and_never_told)
{
	support_ask(support_conninfo("postgres", ""), "create role sealed login password 'right'");
	ck_assert_int_eq(run(TWO, support_conninfo("postgres", "user=sealed password=verysecret")), MIGRATE_REFUSED);
	ck_assert_ptr_nonnull(strstr(message, "wrong password"));
	ck_assert_ptr_nonnull(strstr(message, "28P01"));
	ck_assert_ptr_null(strstr(message, "verysecret"));
	ck_assert_int_eq(run(TWO, support_conninfo("postgres", "user=sealed")), MIGRATE_REFUSED);
	support_ask(support_conninfo("postgres", ""), "drop role sealed");
}
END_TEST

START_TEST(malformed_conninfos_are_refused_and_never_told)
{
	static const char *const bad[] = { "host=x password='verysecret", "postgres://u:verysecret@[x/y",
					   "a b=verysecret c" };

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		ck_assert_int_eq(run(TWO, bad[i]), MIGRATE_REFUSED);
		ck_assert_ptr_null(strstr(message, "verysecret"));
	}
}
END_TEST

START_TEST(impossible_options_are_refused_at_once)
{
	static const char *const bad[] = { "host=/nowhere port=abc", "host=/nowhere sslmode=foo", "service=nope" };
	int64_t start_ms = loop_now_ms();

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		ck_assert_int_eq(run(TWO, bad[i]), MIGRATE_REFUSED);
	ck_assert_int_lt(loop_now_ms() - start_ms, WAIT_MS);
}
END_TEST

/* A server that says "starting up" to everybody, in a process of its own. */
static pid_t start_starting_server(const char *dir)
{
	static const char answer[] = "SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client;
	unsigned char head[5] = { 'E', 0, 0, 0, sizeof(answer) + 4 };
	char startup[1024];
	pid_t child;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/.s.PGSQL.5432", dir);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 5), 0);
	child = fork();
	while (child == 0 && (client = accept(listener, NULL, NULL)) >= 0) {
		if (recv(client, startup, sizeof(startup), 0) > 0 && send(client, head, sizeof(head), MSG_NOSIGNAL) > 0)
			send(client, answer, sizeof(answer), MSG_NOSIGNAL);
		close(client);
	}
	close(listener);
	return child;
}

START_TEST(a_server_that_is_starting_is_waited_for)
{
	char dir[] = "/tmp/leadd-starting-XXXXXX", conninfo[100], path[100];
	pid_t server;
	int64_t start_ms;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	server = start_starting_server(dir);
	snprintf(conninfo, sizeof(conninfo), "host=%s user=u dbname=x", dir);
	start_ms = loop_now_ms();
	ck_assert_int_eq(migrate_with(list, TWO, conninfo, 700, message, sizeof(message)), MIGRATE_UNREACHABLE);
	ck_assert_int_ge(loop_now_ms() - start_ms, 400);
	ck_assert_ptr_nonnull(strstr(message, "57P03"));
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	snprintf(path, sizeof(path), "%s/.s.PGSQL.5432", dir);
	unlink(path);
	rmdir(dir);
}
END_TEST

/* -- signals ----------------------------------------------------------------------------------- */

static sigset_t block_ends(void)
{
	sigset_t ends, before;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, &before);
	return before;
}

static timer_t terminate_in(long ms)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGTERM };
	struct itimerspec time = { .it_value = { .tv_nsec = ms * 1000000 } };
	timer_t timer;

	ck_assert_int_eq(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	timer_settime(timer, 0, &time, NULL);
	return timer;
}

START_TEST(a_signal_ends_the_wait_for_a_server)
{
	sigset_t before = block_ends();
	timer_t timer = terminate_in(100);
	int64_t start_ms = loop_now_ms();

	ck_assert_int_eq(migrate_with(list, TWO, "host=/nowhere dbname=x", 20000, message, sizeof(message)),
			 MIGRATE_INTERRUPTED);
	ck_assert_int_lt(loop_now_ms() - start_ms, 2000);
	timer_delete(timer);
	sigprocmask(SIG_SETMASK, &before, NULL);
}
END_TEST

START_TEST(a_signal_ends_a_migration_that_runs)
{
	static const struct migration slow[] = { { 1, "slow", "create table x (id int); select pg_sleep(20)", "aa" } };
	const char *conninfo = support_database();
	sigset_t before = block_ends();
	timer_t timer = terminate_in(300);
	int64_t start_ms = loop_now_ms();

	ck_assert_int_eq(migrate_with(slow, 1, conninfo, WAIT_MS, message, sizeof(message)), MIGRATE_INTERRUPTED);
	ck_assert_int_lt(loop_now_ms() - start_ms, 3000);
	support_terminate_all(conninfo);
	ck_assert_int_eq(support_ask(conninfo, "select count(to_regclass('x'))"), 0);
	timer_delete(timer);
	sigprocmask(SIG_SETMASK, &before, NULL);
}
END_TEST

Suite *migrate_suite(void);
Suite *migrate_suite(void)
{
	Suite *suite = suite_create("migrate");
	TCase *tcase = tcase_create("migrate");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_fresh_database_gets_all_and_a_second_run_does_nothing);
	tcase_add_test(tcase, processes_that_start_together_migrate_once);
	tcase_add_test(tcase, a_newer_database_is_left_alone);
	tcase_add_test(tcase, a_changed_migration_is_noticed_before_anything_is_applied);
	tcase_add_test(tcase, a_migration_that_fails_leaves_nothing_and_names_the_line);
	tcase_add_test(tcase, a_migration_that_misses_a_lock_lets_others_pass_and_tries_again);
	tcase_add_test(tcase, a_database_that_is_read_only_is_waited_for);
	tcase_add_test(tcase, no_server_is_waited_for_and_then_unreachable);
	tcase_add_test(tcase, malformed_conninfos_are_refused_and_never_told);
	tcase_add_test(tcase, impossible_options_are_refused_at_once);
	tcase_add_test(tcase, a_missing_database_is_waited_for);
	tcase_add_test(tcase, a_server_that_is_starting_is_waited_for);
	tcase_add_test(tcase, a_signal_ends_the_wait_for_a_server);
	tcase_add_test(tcase, a_signal_ends_a_migration_that_runs);
	/* These need to know who may connect how. */
	if (support_owns_server()) {
		tcase_add_test(tcase, a_role_that_may_only_read_passes_when_nothing_is_missing);
		tcase_add_test(tcase, what_waiting_cannot_mend_is_refused_at_once);
		tcase_add_test(tcase, a_wrong_password_is_refused_and_never_told);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}
