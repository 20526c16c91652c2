/* How one operator is chosen among those who may take a contact: one pure function per strategy. */
#ifndef LEADD_DOMAIN_STRATEGY_H
#define LEADD_DOMAIN_STRATEGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum strategy {
	STRATEGY_WEIGHTED_RANDOM, /* by chance, in proportion to the weights */
	STRATEGY_SMOOTH_WEIGHTED, /* in turn, in proportion to the weights, as evenly spread as they allow */
	STRATEGY_LEAST_LOADED,    /* the lowest load / limit, then the highest weight */
	STRATEGY_LEAST_RECENT     /* whose last contact is the oldest */
};

/* As stored and shown: "weighted_random", ...; by enum strategy, NULL at the end. */
extern const char *const strategy_names[];
const char *strategy_name(enum strategy strategy);

/* Returns false when there is no strategy of that name. */
bool strategy_by_name(const char *name, enum strategy *strategy_out);

/* Somebody who may take the contact: active, with a weight, below the limit. */
struct candidate {
	int64_t weight; /* thousandths, > 0 */
	int64_t credit; /* thousandths; kept by strategy_smooth_weighted() */
	int64_t load, limit;
	int64_t last_contact_id; /* 0: never had one; higher is later */
};

/* Each takes one candidate or more, in order of operator id, and returns the index of the chosen one. */

/*
 * The one on whose stretch the draw falls, candidates laid end to end: the chance of each is weight / sum of weights.
 *
 * draw: 0 .. sum of weights - 1, uniform
 */
size_t strategy_weighted_random(const struct candidate *candidates, size_t count, uint64_t draw);

/*
 * Gives each its weight as credit, takes the highest credit (the first of equals), and charges it the sum of weights.
 * The credits of who is no candidate stay frozen. Source: smooth weighted round-robin, as in nginx's upstream module.
 */
size_t strategy_smooth_weighted(struct candidate *candidates, size_t count);

/* Exact: loads and limits are compared as fractions. The first of equals. */
size_t strategy_least_loaded(const struct candidate *candidates, size_t count);

/* The first of equals. */
size_t strategy_least_recent(const struct candidate *candidates, size_t count);

#endif
