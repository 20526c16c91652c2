/*
 * Numbers about the running service: histograms to count into, and Prometheus' text format to print them in.
 *
 * Whoever does the work keeps its numbers as plain integers in a struct of its own, and prints them when it is asked.
 * Labels are constants of the program (a route's pattern, a pool's name), never anything that a client sent.
 */
#ifndef LEADD_BASE_METRICS_H
#define LEADD_BASE_METRICS_H

#include "base/buf.h"

enum { SCALE_BOUNDS_MAX = 16 };

/* Where the buckets of a histogram end. */
struct scale {
	int64_t per_unit;                 /* 1000000: values are microseconds, printed as seconds; 1: as they are */
	int64_t bounds[SCALE_BOUNDS_MAX]; /* growing, each part of its bucket; 0 ends them */
};

extern const struct scale scale_durations; /* microseconds, 0.5 ms to 10 s */

/* Zeroed it is ready, but for its scale. */
struct histogram {
	const struct scale *scale;
	uint64_t counts[SCALE_BOUNDS_MAX + 1]; /* of each bucket alone; the one behind the last bound is for the rest */
	int64_t sum;
};

void histogram_note(struct histogram *histogram, int64_t value);

/* How many values were noted. */
uint64_t histogram_count(const struct histogram *histogram);

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* Begins a metric; all its samples follow. help: one line without backslashes. */
void metrics_begin(struct buf *out, const char *name, enum metric_kind kind, const char *help);

/* One sample; labels as they are printed (pool="lane"), "" without. */
void metrics_sample(struct buf *out, const char *name, const char *labels, uint64_t value);

/* The same of microseconds, printed as seconds. */
void metrics_sample_us(struct buf *out, const char *name, const char *labels, int64_t us);

/* The samples of a histogram: its buckets, sum and count. */
void metrics_histogram(struct buf *out, const char *name, const char *labels, const struct histogram *histogram);

/* Metrics of one sample without labels. */
void metrics_counter(struct buf *out, const char *name, const char *help, uint64_t value);
void metrics_gauge(struct buf *out, const char *name, const char *help, uint64_t value);

#endif
