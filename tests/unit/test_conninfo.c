/* Which conninfos are refused before anything is tried, and what is said of them. */
#include "db/conninfo.h"
#include "unit/unit.h"

#include <stdlib.h>
#include <string.h>

static char why[200];

static void clear_environment(void)
{
	static const char *const names[] = {
		"PGSERVICE", "PGSERVICEFILE", "PGPORT", "PGSSLMODE", "PGHOST", "PGHOSTADDR"
	};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		unsetenv(names[i]);
}

START_TEST(what_may_work_some_day_is_taken)
{
	static const char *const good[] = {
		"leads",
		"postgresql://u:p@db.example:5432/leads?sslmode=require",
		"postgresql://a,b:7/x?target_session_attrs=read-write",
		"host=/tmp,/var/run port=,7",
		"host=no-such-host.invalid port=' 5432 '",
		"hostaddr=127.0.0.1,::1 keepalives_idle=7",
		"host=a connect_timeout=3 application_name='port=abc'",
		"host=/nowhere sslmode=verify-full sslrootcert=/nowhere",
	};

	for (size_t i = 0; i < COUNT_OF(good); i++)
		ck_assert_msg(conninfo_can_work(good[i], why, sizeof(why)), "%s: %s", good[i], why);
}
END_TEST

static void assert_refused(const char *conninfo, const char *said)
{
	*why = '\0';
	ck_assert_msg(!conninfo_can_work(conninfo, why, sizeof(why)), "%s", conninfo);
	ck_assert_msg(strstr(why, said) != NULL, "%s: %s", conninfo, why);
	ck_assert_ptr_null(strstr(why, "secret"));
}

START_TEST(an_impossible_option_is_named_and_its_value_is_not)
{
	assert_refused("host=x port=secret", "the option port has");
	assert_refused("postgresql://u:p@x:secret/y", "the option port has");
	assert_refused("host=a,b port=1,0", "the option port has");
	assert_refused("host=a port=65536", "the option port has");
	assert_refused("password=secret sslmode=secret", "the option sslmode has");
	assert_refused("sslmode='\"secret\"secret\"secret\"'", "the option sslmode has");
	assert_refused("sslmode='a\"secret'", "the option sslmode has");
	assert_refused("target_session_attrs=secret", "the option target_session_attrs has");
	assert_refused("service=secret", "the option service has");
	assert_refused("hostaddr=secret", "the option hostaddr has");
	assert_refused("host=a keepalives_idle=secret", "the option keepalives_idle has");
	assert_refused("ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2", "protocol version range");
}
END_TEST

START_TEST(lists_that_do_not_fit_together_are_refused)
{
	assert_refused("host=a,b port=1,2,3", "the option port has");
	assert_refused("host=a hostaddr=1.1.1.1,2.2.2.2", "the option host has");
}
END_TEST

START_TEST(what_is_no_conninfo_is_refused)
{
	assert_refused("host=x password='secret", "malformed");
	assert_refused("postgres://u:secret@[x/y", "malformed");
	assert_refused("a b=secret c", "malformed");
}
END_TEST

START_TEST(variables_of_libpq_count)
{
	setenv("PGSSLMODE", "secret", 1);
	assert_refused("host=x", "the option sslmode has");
	ck_assert(conninfo_can_work("host=x sslmode=disable", why, sizeof(why)));
	setenv("PGPORT", "secret", 1);
	assert_refused("host=x sslmode=disable", "the option port has");
}
END_TEST

UNIT_SUITE(conninfo)
{
	tcase_add_checked_fixture(tests, clear_environment, clear_environment);
	tcase_add_test(tests, what_may_work_some_day_is_taken);
	tcase_add_test(tests, an_impossible_option_is_named_and_its_value_is_not);
	tcase_add_test(tests, lists_that_do_not_fit_together_are_refused);
	tcase_add_test(tests, what_is_no_conninfo_is_refused);
	tcase_add_test(tests, variables_of_libpq_count);
}
