/* Histograms, and the text format of Prometheus (version 0.0.4). */
#include "base/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { US_PER_SECOND = 1000000 };

const struct scale scale_durations = {
	.per_unit = US_PER_SECOND,
	.bounds = { 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000, 1000000, 2000000, 5000000,
		    10000000 },
};

static size_t bound_count(const struct scale *scale)
{
	size_t count = 0;

	while (count < SCALE_BOUNDS_MAX && scale->bounds[count])
		count++;
	return count;
}

void histogram_note(struct histogram *histogram, int64_t value)
{
	const int64_t *bounds = histogram->scale->bounds;
	size_t bucket = 0;

	while (bucket < SCALE_BOUNDS_MAX && bounds[bucket] && value > bounds[bucket])
		bucket++;
	histogram->counts[bucket]++;
	histogram->sum += value;
}

uint64_t histogram_count(const struct histogram *histogram)
{
	uint64_t count = 0;

	for (size_t i = 0; i < COUNT_OF(histogram->counts); i++)
		count += histogram->counts[i];
	return count;
}

/* -- printing ---------------------------------------------------------------------------------- */

static const char *const kind_words[] = { "counter", "gauge", "histogram" };

void metrics_begin(struct buf *out, const char *name, enum metric_kind kind, const char *help)
{
	assert(!strpbrk(help, "\\\n"));
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind_words[kind]);
}

/* Everything up to the value. */
static void print_head(struct buf *out, const char *name, const char *suffix, const char *labels)
{
	assert(!strpbrk(labels, "\\\n"));
	buf_string(out, name);
	buf_string(out, suffix);
	if (*labels) {
		buf_char(out, '{');
		buf_string(out, labels);
		buf_char(out, '}');
	}
	buf_char(out, ' ');
}

static void print_us(struct buf *out, int64_t us)
{
	buf_printf(out, "%" PRId64 ".%06" PRId64 "\n", us / US_PER_SECOND, us % US_PER_SECOND);
}

void metrics_sample(struct buf *out, const char *name, const char *labels, uint64_t value)
{
	print_head(out, name, "", labels);
	buf_printf(out, "%" PRIu64 "\n", value);
}

void metrics_sample_us(struct buf *out, const char *name, const char *labels, int64_t us)
{
	print_head(out, name, "", labels);
	print_us(out, us);
}

static void print_bucket(struct buf *out, const char *name, const char *labels, const char *bound, uint64_t count)
{
	buf_printf(out, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", name, labels, *labels ? "," : "", bound, count);
}

void metrics_histogram(struct buf *out, const char *name, const char *labels, const struct histogram *histogram)
{
	const struct scale *scale = histogram->scale;
	uint64_t count = 0;
	char bound[32];

	for (size_t i = 0; i < bound_count(scale); i++) {
		count += histogram->counts[i];
		snprintf(bound, sizeof(bound), "%g", (double)scale->bounds[i] / (double)scale->per_unit);
		print_bucket(out, name, labels, bound, count);
	}
	count = histogram_count(histogram);
	print_bucket(out, name, labels, "+Inf", count);
	print_head(out, name, "_sum", labels);
	if (scale->per_unit == US_PER_SECOND)
		print_us(out, histogram->sum);
	else
		buf_printf(out, "%" PRId64 "\n", histogram->sum);
	print_head(out, name, "_count", labels);
	buf_printf(out, "%" PRIu64 "\n", count);
}

void metrics_counter(struct buf *out, const char *name, const char *help, uint64_t value)
{
	metrics_begin(out, name, METRIC_COUNTER, help);
	metrics_sample(out, name, "", value);
}

void metrics_gauge(struct buf *out, const char *name, const char *help, uint64_t value)
{
	metrics_begin(out, name, METRIC_GAUGE, help);
	metrics_sample(out, name, "", value);
}
