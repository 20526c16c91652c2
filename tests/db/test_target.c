/* What a conninfo means, names looked up without blocking, and hosts that are not there. */
#include "db/internal.h"
#include "db/statements.h"
#include "db/support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct found {
	int calls;
	bool good;
};

static void take_found(void *context, bool good)
{
	struct found *found = context;

	found->calls++;
	found->good = good;
}

static bool is_found(void *context)
{
	const struct found *found = context;

	return found->calls > 0;
}

/* What libpq was told in the end for one keyword. */
static void assert_told(const struct target *target, unsigned first, const char *keyword, const char *wanted)
{
	PGconn *pg = target_connect(target, first);
	PQconninfoOption *options = PQconninfo(pg);
	const char *told = "";

	for (const PQconninfoOption *option = options; option->keyword; option++)
		if (strcmp(option->keyword, keyword) == 0 && option->val)
			told = option->val;
	ck_assert_str_eq(told, wanted);
	PQconninfoFree(options);
	PQfinish(pg);
}

static struct found look_up(struct target *target, struct loop *loop)
{
	struct found found = { 0 };

	target_lookup(target, loop, take_found, &found);
	ck_assert_int_eq(found.calls, 0);
	support_until(loop, is_found, &found);
	ck_assert_int_eq(found.calls, 1);
	return found;
}

START_TEST(lists_stay_parallel_and_begin_where_told)
{
	struct target *target = target_new("host=/nowhere/a,/nowhere/b port=1,2 dbname=x", true);

	assert_told(target, 0, "host", "/nowhere/a,/nowhere/b");
	assert_told(target, 0, "port", "1,2");
	assert_told(target, 1, "host", "/nowhere/b,/nowhere/a");
	assert_told(target, 1, "port", "2,1");
	assert_told(target, 3, "dbname", "x");
	target_free(&target);
	target = target_new("host=/nowhere/a,/nowhere/b port=7", true);
	assert_told(target, 1, "port", "7,7");
	target_free(&target);
}
END_TEST

START_TEST(names_become_addresses_and_keep_their_name)
{
	struct loop *loop = loop_new();
	struct target *target = target_new("postgresql://u@127.0.0.1:1,[::1]:2/x", true);

	ck_assert(look_up(target, loop).good);
	assert_told(target, 0, "host", "127.0.0.1,::1");
	assert_told(target, 0, "hostaddr", ",");
	target_free(&target);

	target = target_new("host=localhost,/nowhere port=1,2", true);
	ck_assert(look_up(target, loop).good);
	ck_assert_ptr_nonnull(target);
	{
		PGconn *pg = target_connect(target, 0);
		PQconninfoOption *options = PQconninfo(pg);

		for (const PQconninfoOption *option = options; option->keyword; option++) {
			if (strcmp(option->keyword, "hostaddr") == 0)
				ck_assert_msg(strstr(option->val, "127.0.0.1") || strstr(option->val, "::1"), "%s",
					      option->val);
			if (strcmp(option->keyword, "host") == 0)
				ck_assert_int_eq(strncmp(option->val, "localhost,", 10), 0);
		}
		PQconninfoFree(options);
		PQfinish(pg);
	}
	target_free(&target);
	loop_free(&loop);
}
END_TEST

START_TEST(environment_and_given_options_count)
{
	struct target *target;

	setenv("PGHOST", "/from/environment", 1);
	setenv("PGPORT", "77", 1);
	target = target_new("dbname=x", true);
	assert_told(target, 0, "host", "/from/environment");
	assert_told(target, 0, "port", "77");
	assert_told(target, 0, "keepalives_idle", "10");
	assert_told(target, 0, "tcp_user_timeout", "5000");
	assert_told(target, 0, "fallback_application_name", "leadd");
	target_free(&target);
	target = target_new("host=/given keepalives_idle=99", true);
	assert_told(target, 0, "host", "/given");
	assert_told(target, 0, "keepalives_idle", "99");
	target_free(&target);
	unsetenv("PGHOST");
	unsetenv("PGPORT");
}
END_TEST

START_TEST(service_files_count)
{
	char path[] = "/tmp/leadd-service-XXXXXX";
	int fd = mkstemp(path);
	struct target *target;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(dprintf(fd, "[lead]\nhost=/from/service\nport=78\n"), 0);
	close(fd);
	setenv("PGSERVICEFILE", path, 1);
	target = target_new("service=lead", true);
	assert_told(target, 0, "host", "/from/service");
	assert_told(target, 0, "port", "78");
	target_free(&target);
	unsetenv("PGSERVICEFILE");
	unlink(path);
}
END_TEST

START_TEST(malformed_conninfo_is_left_to_libpq)
{
	static const char *const bad[] = { "host=a,b port=1,2,3", "nonsense = =", "postgres://[x",
					   "host=a hostaddr=1.1.1.1,2.2.2.2" };

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct target *target = target_new(bad[i], true);
		PGconn *pg = target_connect(target, 5);

		ck_assert_int_eq(PQstatus(pg), CONNECTION_BAD);
		PQfinish(pg);
		target_free(&target);
	}
}
END_TEST

START_TEST(reasons_hold_the_sqlstate_and_nothing_quoted)
{
	struct db_reason reason = db_reason_of("connection to server on socket \"/a/b\" failed: FATAL:  28P01\n");

	ck_assert_str_eq(reason.sqlstate, "28P01");
	ck_assert_str_eq(reason.words, "connection to server on socket ? failed: FATAL:  28P01");
	reason = db_reason_of("could not translate host name \"secret@db\" to address: x\n");
	ck_assert_str_eq(reason.sqlstate, "");
	ck_assert_ptr_null(strstr(reason.words, "secret"));
	reason = db_reason_of("missing \"=\" after \"sec\"ret\" in connection info string\n");
	ck_assert_ptr_null(strstr(reason.words, "sec"));
	reason = db_reason_of("");
	ck_assert_str_eq(reason.words, "");
}
END_TEST

static struct world world_at(const char *conninfo_more)
{
	char conninfo[600];
	const char *database = support_database();

	snprintf(conninfo, sizeof(conninfo), "%s %s", database, conninfo_more);
	return world_of((struct pool_options){ .size = 1, .conninfo = conninfo });
}

/* localhost and 127.0.0.1 refuse: our server listens on its socket only. */
START_TEST(the_host_that_answers_is_found)
{
	char hosts[200];
	struct world world;

	snprintf(hosts, sizeof(hosts), "host=localhost,127.0.0.1,%s port=1,1,5432", support_socket_dir());
	world = world_at(hosts);
	world_wait_ready(&world);
	world_close(&world);
}
END_TEST

/* A stopped server's kernel still accepts; libpq alone would wait for ever. */
START_TEST(a_host_that_never_answers_is_passed_over)
{
	char dir[] = "/tmp/leadd-silent-XXXXXX", hosts[200];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int silent = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct world world;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/.s.PGSQL.5432", dir);
	ck_assert_int_eq(bind(silent, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(silent, 5), 0);
	snprintf(hosts, sizeof(hosts), "host=%s,%s port=5432", dir, support_socket_dir());
	world = world_at(hosts);
	world_wait_ready(&world);
	world_close(&world);
	close(silent);
	unlink(address.sun_path);
	rmdir(dir);
}
END_TEST

/* Whatever the name service does about it, and however long that takes. */
START_TEST(a_host_that_nobody_knows_does_not_stop_the_loop)
{
	struct world world =
		world_of((struct pool_options){ .conninfo = "host=no-such-host.invalid dbname=x", .wait_ms = 100 });
	int64_t start_ms = loop_now_ms();

	ck_assert_int_eq(world_read(&world, T_ONE, NULL).failure.error, DB_UNAVAILABLE);
	ck_assert_int_lt(loop_now_ms() - start_ms, 2000);
	world_close(&world);
}
END_TEST

Suite *target_suite(void);
Suite *target_suite(void)
{
	Suite *suite = suite_create("target");
	TCase *tcase = tcase_create("target");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, lists_stay_parallel_and_begin_where_told);
	tcase_add_test(tcase, names_become_addresses_and_keep_their_name);
	tcase_add_test(tcase, environment_and_given_options_count);
	tcase_add_test(tcase, service_files_count);
	tcase_add_test(tcase, malformed_conninfo_is_left_to_libpq);
	tcase_add_test(tcase, reasons_hold_the_sqlstate_and_nothing_quoted);
	tcase_add_test(tcase, a_host_that_nobody_knows_does_not_stop_the_loop);
	if (support_owns_server()) {
		tcase_add_test(tcase, the_host_that_answers_is_found);
		tcase_add_test(tcase, a_host_that_never_answers_is_passed_over);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}
