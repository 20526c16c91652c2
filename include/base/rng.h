/* A seedable random generator; the same seed gives the same draws for ever. Not for secrets. */
#ifndef LEADD_BASE_RNG_H
#define LEADD_BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state[4];
};

/*
 * Seeds the generator; any number will do, 0 too.
 * Source: xoshiro256** by Blackman and Vigna, its state filled by splitmix64 (https://prng.di.unimi.it/).
 */
void rng_seed(struct rng *rng, uint64_t seed);

/* A seed from the system's entropy (getrandom). */
uint64_t rng_entropy(void);

/* Uniform over 64 bits. */
uint64_t rng_next(struct rng *rng);

/*
 * Uniform over 0 .. limit - 1, without bias; limit >= 1.
 * Source: rejection of the incomplete last range, as in OpenBSD's arc4random_uniform(3).
 */
uint64_t rng_below(struct rng *rng, uint64_t limit);

#endif
