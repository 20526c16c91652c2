/* What record.c wrote, read back. Rows may have been changed by hand: nothing in them is taken for granted. */
#include "service/decisions.h"

#include <limits.h>

/* Of the fragment, in its order. */
enum {
	STRATEGY,
	OPERATOR_IDS,
	WEIGHTS,
	ARE_ACTIVE,
	LIMITS,
	LOADS,
	CREDITS,
	LAST_CONTACT_IDS,
	TAKEN_ORDINALS,
	TAKEN_SEATS,
	TAKEN_OWN
};

static const int64_t count_max = 1000000000; /* weights in thousandths, limits and loads are not above it */

/* One list of the row; false when it has not as many items, or one outside of the range. */
static bool read_list(struct arena *arena, const struct rows *rows, int row, int column, size_t count, int64_t least,
		      int64_t most, const int64_t **items_out)
{
	struct ints ints = row_ints(rows, row, column, arena);

	if (!ints.at || ints.count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (ints.at[i] < least || ints.at[i] > most)
			return false;
	*items_out = ints.at;
	return true;
}

static bool read_operators(struct arena *arena, const struct rows *rows, int row, int column, struct decision *decision)
{
	const int64_t *weights, *active, *limits, *loads, *credits = NULL, *last = NULL;
	struct ints ids = row_ints(rows, row, column + OPERATOR_IDS, arena);

	if (!ids.at || !read_list(arena, rows, row, column + WEIGHTS, ids.count, 0, count_max, &weights) ||
	    !read_list(arena, rows, row, column + ARE_ACTIVE, ids.count, 0, 1, &active) ||
	    !read_list(arena, rows, row, column + LIMITS, ids.count, 0, count_max, &limits) ||
	    !read_list(arena, rows, row, column + LOADS, ids.count, 0, count_max, &loads))
		return false;
	if (decision->strategy == STRATEGY_SMOOTH_WEIGHTED &&
	    !read_list(arena, rows, row, column + CREDITS, ids.count, -INT64_MAX / 4, INT64_MAX / 4, &credits))
		return false;
	if (decision->strategy == STRATEGY_LEAST_RECENT &&
	    !read_list(arena, rows, row, column + LAST_CONTACT_IDS, ids.count, 0, INT64_MAX, &last))
		return false;
	decision->count = ids.count;
	decision->seats = arena_alloc(arena, ids.count, sizeof(*decision->seats));
	decision->links = arena_alloc(arena, ids.count, sizeof(*decision->links));
	for (size_t i = 0; i < ids.count; i++) {
		decision->seats[i] = (struct seat){ .operator_id = ids.at[i],
						    .load = loads[i],
						    .limit = limits[i],
						    .last_contact_id = last ? last[i] : 0,
						    .is_active = active[i] };
		decision->links[i] = (struct link){ .source_id = decision->source_id,
						    .seat = i,
						    .weight = weights[i],
						    .credit = credits ? credits[i] : 0 };
	}
	return true;
}

static bool read_takings(struct arena *arena, const struct rows *rows, int row, int column, struct decision *decision)
{
	const int64_t *ordinals, *seats, *own;
	struct taking *takings;
	size_t count;

	if (row_is_null(rows, row, column + TAKEN_ORDINALS))
		return true; /* a single contact */
	count = row_ints(rows, row, column + TAKEN_ORDINALS, arena).count;
	if (!read_list(arena, rows, row, column + TAKEN_ORDINALS, count, 0, INT_MAX, &ordinals) ||
	    !read_list(arena, rows, row, column + TAKEN_SEATS, count, 1, (int64_t)decision->count, &seats) ||
	    !read_list(arena, rows, row, column + TAKEN_OWN, count, 0, 1, &own))
		return false;
	takings = arena_alloc(arena, count, sizeof(*takings));
	for (size_t i = 0; i < count; i++)
		takings[i] = (struct taking){ (int)ordinals[i], (size_t)(seats[i] - 1), own[i] };
	decision->takings = takings;
	decision->taking_count = count;
	return true;
}

bool decision_read(struct arena *arena, const struct rows *rows, int row, int column, int64_t source_id,
		   struct decision *decision_out)
{
	struct text strategy = row_text(rows, row, column + STRATEGY);

	*decision_out = (struct decision){ .source_id = source_id };
	return strategy.at && strategy_by_name(strategy.at, &decision_out->strategy) &&
	       read_operators(arena, rows, row, column, decision_out) &&
	       read_takings(arena, rows, row, column, decision_out);
}

struct roster decision_roster(struct arena *arena, const struct decision *decision)
{
	return (struct roster){ .seats = arena_alloc(arena, decision->count, sizeof(struct seat)),
				.links = arena_alloc(arena, decision->count, sizeof(struct link)),
				.candidates = arena_alloc(arena, decision->count, sizeof(struct candidate)),
				.candidate_links = arena_alloc(arena, decision->count, sizeof(size_t)) };
}

int64_t decision_range(const struct roster *roster)
{
	return roster->link_count ? (int64_t)assign_range(roster, roster->links[0].source_id) : 0;
}

int decision_last_ordinal(const struct decision *decision, size_t seat, int ordinal)
{
	int last = -1;

	for (size_t i = 0; i < decision->taking_count && decision->takings[i].ordinal < ordinal; i++)
		if (decision->takings[i].seat == seat)
			last = decision->takings[i].ordinal;
	return last;
}
