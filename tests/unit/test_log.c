/* Log lines as collectors read them. Each is written by a child, whose stderr is looked at. */
#include "base/log.h"
#include "base/mem.h"
#include "unit/child.h"
#include "unit/unit.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static void assert_said(void (*run)(void *context), const char *pattern)
{
	struct child_end end = child_run(run, NULL);
	regex_t regex;

	ck_assert_int_eq(end.status, 0);
	ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	ck_assert_msg(regexec(&regex, end.said, 0, NULL, 0) == 0, "it said: %s", end.said);
	regfree(&regex);
}

#define STAMP "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z"

static void log_facts(void *context)
{
	(void)context;
	log_info("outbox.retry", "id=%d in_ms=%d", 7, 250);
}

START_TEST(a_line_has_time_level_event_and_facts)
{
	assert_said(log_facts, "^" STAMP " info  outbox[.]retry id=7 in_ms=250\n$");
}
END_TEST

static void log_without_facts(void *context)
{
	(void)context;
	log_line(LOG_ERROR, "app.stopped", "%s", "");
	log_set_request("r-1");
	log_line(LOG_WARN, "app.stopped", "%s", "x");
}

START_TEST(each_event_is_one_line)
{
	assert_said(log_without_facts,
		    "^" STAMP " error app[.]stopped *\n" STAMP " warn  app[.]stopped x request=r-1\n$");
}
END_TEST

static void log_at_warn(void *context)
{
	(void)context;
	log_set_level(LOG_WARN);
	log_debug("never", "a=%d", 1);
	log_info("never", "a=%d", 1);
	log_warn("said", "a=%d", 1);
	log_error("said", "a=%d", 2);
}

START_TEST(lines_below_the_least_level_are_dropped)
{
	assert_said(log_at_warn, "^" STAMP " warn  said a=1\n" STAMP " error said a=2\n$");
}
END_TEST

static void log_debug_by_default(void *context)
{
	int asked = 0;

	(void)context;
	log_debug("never", "a=%d", ++asked);
	log_info("asked", "times=%d", asked);
	log_set_level(LOG_DEBUG);
	log_debug("now", "a=%d", 1);
}

START_TEST(debug_lines_cost_nothing_until_they_are_wanted)
{
	assert_said(log_debug_by_default, "^" STAMP " info  asked times=0\n" STAMP " debug now a=1\n$");
}
END_TEST

static void log_for_a_request(void *context)
{
	(void)context;
	log_set_request("5f0c");
	log_info("first", "a=%d", 1);
	log_set_request(NULL);
	log_info("second", "a=%d", 2);
}

START_TEST(a_line_names_the_request_that_it_is_about)
{
	assert_said(log_for_a_request, "first a=1 request=5f0c\n" STAMP " info  second a=2\n$");
}
END_TEST

static void log_control_bytes(void *context)
{
	(void)context;
	log_info("event", "text=%s", "one\ntwo\r\x1b[2J\x7f \xc3\xa4");
}

START_TEST(control_bytes_cannot_forge_a_line)
{
	assert_said(log_control_bytes, "^" STAMP " info  event text=one[?]two[?][?]\\[2J[?] \xc3\xa4\n$");
}
END_TEST

static void log_too_much(void *context)
{
	(void)context;
	log_set_request("5f0c");
	log_info("event", "text=%05000d", 1);
	log_info("next", "a=%d", 1);
}

START_TEST(a_long_line_is_cut_at_2000_bytes)
{
	struct child_end end = child_run(log_too_much, NULL);

	ck_assert_ptr_nonnull(strchr(end.said, '\n'));
	ck_assert_int_eq(strchr(end.said, '\n') - end.said, 1999);
	ck_assert_ptr_nonnull(strstr(end.said, " next a=1 request=5f0c\n"));
}
END_TEST

static void log_into_nothing(void *context)
{
	(void)context;
	fclose(stderr);
	log_info("event", "a=%d", 1);
}

START_TEST(a_log_that_cannot_be_written_stops_nobody)
{
	ck_assert_int_eq(child_run(log_into_nothing, NULL).status, 0);
}
END_TEST

START_TEST(a_quoted_value_holds_no_quotes_of_its_own)
{
	ck_assert_str_eq(log_quote("plain"), "\"plain\"");
	ck_assert_str_eq(log_quote("say \"a b\""), "\"say 'a b'\"");
	ck_assert_str_eq(log_quote(""), "\"\"");
	ck_assert_str_eq(log_quote(NULL), "\"\"");
}
END_TEST

START_TEST(a_quoted_value_is_one_line)
{
	ck_assert_ptr_null(strpbrk(log_quote("one\ntwo\r\nthree"), "\r\n"));
}
END_TEST

START_TEST(a_quoted_value_is_cut_at_256_bytes)
{
	char value[1001];

	memset(value, 'x', sizeof(value));
	value[256] = '\0';
	ck_assert_uint_eq(strlen(log_quote(value)), 258);
	value[256] = 'x';
	value[1000] = '\0';
	ck_assert_uint_eq(strlen(log_quote(value)), 258);
	ck_assert_int_eq(log_quote(value)[257], '"');
}
END_TEST

START_TEST(four_quoted_values_fit_into_one_line)
{
	const char *a = log_quote("a"), *b = log_quote("b"), *c = log_quote("c"), *d = log_quote("d");

	ck_assert_str_eq(a, "\"a\"");
	ck_assert_str_eq(b, "\"b\"");
	ck_assert_str_eq(c, "\"c\"");
	ck_assert_str_eq(d, "\"d\"");
}
END_TEST

START_TEST(a_valve_lets_so_many_lines_of_a_second_through)
{
	struct log_valve valve = { .event = "http.request" };
	int written = 0;

	for (int64_t ms = 100000; ms < 101000; ms += 2)
		written += log_valve_opens(&valve, ms);
	ck_assert_int_eq(written, LOG_VALVE_LINES);
	ck_assert_uint_eq(valve.left_out, 500 - LOG_VALVE_LINES);
}
END_TEST

static void flood_twice(void *context)
{
	struct log_valve valve = { .event = "http.request" };

	(void)context;
	for (int i = 0; i < LOG_VALVE_LINES + 7; i++)
		(void)!log_valve_opens(&valve, 100000);
	log_valve_tell(&valve, 100999);
	log_valve_tell(&valve, 101000);
	log_valve_tell(&valve, 102000);
	if (log_valve_opens(&valve, 103000))
		log_info("http.request", "status=%d", 404);
}

START_TEST(what_a_valve_left_out_is_told_once)
{
	assert_said(flood_twice, "^" STAMP " warn  log[.]left_out event=http[.]request lines=7\n" STAMP
				 " info  http[.]request status=404\n$");
}
END_TEST

static void die_of_a_port(void *context)
{
	(void)context;
	die(EXIT_CONFIG, "PORT is %d, not 0..65535", 70000);
}

START_TEST(dying_says_one_sentence_and_gives_the_exit_code)
{
	struct child_end end = child_run(die_of_a_port, NULL);

	ck_assert(WIFEXITED(end.status));
	ck_assert_int_eq(WEXITSTATUS(end.status), 3);
	ck_assert_str_eq(end.said, "leadd: PORT is 70000, not 0..65535\n");
}
END_TEST

UNIT_SUITE(log)
{
	tcase_add_test(tests, a_line_has_time_level_event_and_facts);
	tcase_add_test(tests, each_event_is_one_line);
	tcase_add_test(tests, lines_below_the_least_level_are_dropped);
	tcase_add_test(tests, debug_lines_cost_nothing_until_they_are_wanted);
	tcase_add_test(tests, a_line_names_the_request_that_it_is_about);
	tcase_add_test(tests, control_bytes_cannot_forge_a_line);
	tcase_add_test(tests, a_long_line_is_cut_at_2000_bytes);
	tcase_add_test(tests, a_log_that_cannot_be_written_stops_nobody);
	tcase_add_test(tests, a_quoted_value_holds_no_quotes_of_its_own);
	tcase_add_test(tests, a_quoted_value_is_one_line);
	tcase_add_test(tests, a_quoted_value_is_cut_at_256_bytes);
	tcase_add_test(tests, four_quoted_values_fit_into_one_line);
	tcase_add_test(tests, a_valve_lets_so_many_lines_of_a_second_through);
	tcase_add_test(tests, what_a_valve_left_out_is_told_once);
	tcase_add_test(tests, dying_says_one_sentence_and_gives_the_exit_code);
}
