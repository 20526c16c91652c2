/*
 * How far counts are from what was expected: Pearson's sum of (seen - expected)^2 / expected.
 *
 * With n cells it is beyond CHI_SQUARE_<n - 1> in one of a thousand honest samples; seeds are fixed, so a test that
 * passed once passes always. Source: the quantiles 0.999 of the chi-square distribution.
 */
#ifndef LEADD_TESTS_UNIT_CHI_SQUARE_H
#define LEADD_TESTS_UNIT_CHI_SQUARE_H

#include <stddef.h>
#include <stdint.h>

#define CHI_SQUARE_1 10.828
#define CHI_SQUARE_2 13.816
#define CHI_SQUARE_3 16.266
#define CHI_SQUARE_4 18.467
#define CHI_SQUARE_9 27.877
#define CHI_SQUARE_99 148.230

/* weights: of any sum; a cell of weight 0 must not have been seen and counts no further. */
static inline double chi_square(const uint64_t *seen, const int64_t *weights, size_t cells)
{
	double sum = 0, weight_sum = 0, seen_sum = 0;

	for (size_t i = 0; i < cells; i++) {
		weight_sum += (double)weights[i];
		seen_sum += (double)seen[i];
	}
	for (size_t i = 0; i < cells; i++) {
		double expected = seen_sum * (double)weights[i] / weight_sum;
		double off = (double)seen[i] - expected;

		if (weights[i] > 0)
			sum += off * off / expected;
		else if (seen[i] > 0)
			return 1e300;
	}
	return sum;
}

#endif
