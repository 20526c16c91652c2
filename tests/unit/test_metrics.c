/* Histograms, and the format that they and single numbers are printed in. */
#include "base/loop.h"
#include "base/metrics.h"
#include "unit/unit.h"

#include <stdio.h>

static const struct scale scale_small = { .per_unit = 1, .bounds = { 1, 10 } };

static struct histogram histogram_of(const struct scale *scale, const int64_t *values, size_t count)
{
	struct histogram histogram = { .scale = scale };

	for (size_t i = 0; i < count; i++)
		histogram_note(&histogram, values[i]);
	return histogram;
}

START_TEST(a_value_on_a_bound_belongs_below_it)
{
	const int64_t values[] = { 0, 1, 2, 10, 11, 1000 };
	struct histogram histogram = histogram_of(&scale_small, values, COUNT_OF(values));

	ck_assert_uint_eq(histogram.counts[0], 2);
	ck_assert_uint_eq(histogram.counts[1], 2);
	ck_assert_uint_eq(histogram.counts[2], 2);
	ck_assert_int_eq(histogram.sum, 1024);
	ck_assert_uint_eq(histogram_count(&histogram), 6);
}
END_TEST

START_TEST(buckets_are_printed_summed_up)
{
	const int64_t values[] = { 1, 5, 6, 1000 };
	struct histogram histogram = histogram_of(&scale_small, values, COUNT_OF(values));
	struct buf out;

	buf_init(&out);
	metrics_histogram(&out, "m", "", &histogram);
	ck_assert_str_eq(out.bytes, "m_bucket{le=\"1\"} 1\nm_bucket{le=\"10\"} 3\nm_bucket{le=\"+Inf\"} 4\n"
				    "m_sum 1012\nm_count 4\n");
	buf_done(&out);
}
END_TEST

START_TEST(microseconds_are_printed_as_seconds)
{
	const int64_t values[] = { 400, 12000000 };
	struct histogram histogram = histogram_of(&scale_durations, values, COUNT_OF(values));
	struct buf out;

	buf_init(&out);
	metrics_histogram(&out, "m", "a=\"b\"", &histogram);
	ck_assert_ptr_nonnull(
		strstr(out.bytes, "m_bucket{a=\"b\",le=\"0.0005\"} 1\nm_bucket{a=\"b\",le=\"0.001\"} 1\n"));
	ck_assert_ptr_nonnull(strstr(out.bytes, "m_bucket{a=\"b\",le=\"10\"} 1\nm_bucket{a=\"b\",le=\"+Inf\"} 2\n"
						"m_sum{a=\"b\"} 12.000400\nm_count{a=\"b\"} 2\n"));
	buf_clear(&out);
	metrics_sample_us(&out, "m", "", 1000001);
	ck_assert_str_eq(out.bytes, "m 1.000001\n");
	buf_done(&out);
}
END_TEST

START_TEST(a_metric_begins_with_its_help_and_its_type)
{
	struct buf out;

	buf_init(&out);
	metrics_counter(&out, "m_total", "What it counts.", 18446744073709551615u);
	metrics_begin(&out, "g", METRIC_GAUGE, "What it is.");
	metrics_sample(&out, "g", "pool=\"lane\"", 2);
	ck_assert_str_eq(out.bytes,
			 "# HELP m_total What it counts.\n# TYPE m_total counter\nm_total 18446744073709551615\n"
			 "# HELP g What it is.\n# TYPE g gauge\ng{pool=\"lane\"} 2\n");
	buf_done(&out);
}
END_TEST

/* -- the turns of the loop --------------------------------------------------------------------- */

enum { BUSY_MS = 30, WAIT_MS = 100 };

struct worker {
	struct loop *loop;
	struct timer *timer;
	int calls;
};

/* A short turn, a wait, a long turn. */
static void work(void *context)
{
	struct worker *worker = context;
	int64_t until_ms = loop_now_ms() + BUSY_MS;

	if (worker->calls++ == 0) {
		timer_start(worker->timer, WAIT_MS);
		return;
	}
	while (loop_now_ms() < until_ms)
		;
	loop_stop(worker->loop);
}

START_TEST(a_long_turn_of_the_loop_is_told_and_waiting_is_none)
{
	struct loop *loop = loop_new();
	struct worker worker = { .loop = loop };
	double longest = 0, sum = 0;
	int64_t started_us;
	struct buf out;

	worker.timer = timer_new(loop, work, &worker);
	timer_start(worker.timer, 0);
	started_us = loop_now_us();
	loop_run(loop);
	buf_init(&out);
	loop_print_metrics(loop, &out);
	ck_assert_int_eq(sscanf(strstr(out.bytes, "\nleadd_loop_turn_longest_seconds "),
				"\nleadd_loop_turn_longest_seconds %lf", &longest),
			 1);
	ck_assert_int_eq(
		sscanf(strstr(out.bytes, "leadd_loop_turn_seconds_sum "), "leadd_loop_turn_seconds_sum %lf", &sum), 1);
	ck_assert_double_ge(longest, BUSY_MS / 1000.0 - 0.001);
	ck_assert_double_ge(sum, longest);
	ck_assert_double_le(sum, (double)(loop_now_us() - started_us - WAIT_MS * 1000) / 1e6 +
					 0.01); /* the wait is not in it */
	buf_done(&out);
	timer_free(&worker.timer);
	loop_free(&loop);
}
END_TEST

UNIT_SUITE(metrics)
{
	tcase_add_test(tests, a_value_on_a_bound_belongs_below_it);
	tcase_add_test(tests, buckets_are_printed_summed_up);
	tcase_add_test(tests, microseconds_are_printed_as_seconds);
	tcase_add_test(tests, a_metric_begins_with_its_help_and_its_type);
	tcase_add_test(tests, a_long_turn_of_the_loop_is_told_and_waiting_is_none);
}
