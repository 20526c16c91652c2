/* The strategies, in exact integer arithmetic. */
#include "domain/strategy.h"

#include <string.h>

const char *const strategy_names[] = {
	[STRATEGY_WEIGHTED_RANDOM] = "weighted_random",
	[STRATEGY_SMOOTH_WEIGHTED] = "smooth_weighted",
	[STRATEGY_LEAST_LOADED] = "least_loaded",
	[STRATEGY_LEAST_RECENT] = "least_recent",
	NULL,
};

const char *strategy_name(enum strategy strategy)
{
	return strategy_names[strategy];
}

bool strategy_by_name(const char *name, enum strategy *strategy_out)
{
	for (size_t i = 0; strategy_names[i]; i++)
		if (strcmp(strategy_names[i], name) == 0) {
			*strategy_out = (enum strategy)i;
			return true;
		}
	return false;
}

size_t strategy_weighted_random(const struct candidate *candidates, size_t count, uint64_t draw)
{
	size_t picked = 0;

	while (picked + 1 < count && draw >= (uint64_t)candidates[picked].weight)
		draw -= (uint64_t)candidates[picked++].weight;
	return picked;
}

size_t strategy_smooth_weighted(struct candidate *candidates, size_t count)
{
	int64_t sum = 0;
	size_t picked = 0;

	for (size_t i = 0; i < count; i++) {
		candidates[i].credit += candidates[i].weight;
		sum += candidates[i].weight;
		if (candidates[i].credit > candidates[picked].credit)
			picked = i;
	}
	candidates[picked].credit -= sum;
	return picked;
}

/* Whether a is less loaded than b; limits are above 0, or nobody would be a candidate. */
static bool is_less_loaded(const struct candidate *a, const struct candidate *b)
{
	int64_t left = a->load * b->limit, right = b->load * a->limit;

	return left != right ? left < right : a->weight > b->weight;
}

size_t strategy_least_loaded(const struct candidate *candidates, size_t count)
{
	size_t picked = 0;

	for (size_t i = 1; i < count; i++)
		if (is_less_loaded(&candidates[i], &candidates[picked]))
			picked = i;
	return picked;
}

size_t strategy_least_recent(const struct candidate *candidates, size_t count)
{
	size_t picked = 0;

	for (size_t i = 1; i < count; i++)
		if (candidates[i].last_contact_id < candidates[picked].last_contact_id)
			picked = i;
	return picked;
}
