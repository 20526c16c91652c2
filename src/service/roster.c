/* What decides, read from the answers of a transaction that holds the load rows locked. */
#include "service/internal.h"

#include <stdlib.h>

static int by_number(const void *a, const void *b)
{
	int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;

	return (first > second) - (first < second);
}

size_t ids_sort_distinct(int64_t *ids, size_t count)
{
	size_t distinct = 0;

	qsort(ids, count, sizeof(*ids), by_number);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || ids[i] != ids[distinct - 1])
			ids[distinct++] = ids[i];
	return distinct;
}

static int seat_by_operator(const void *a, const void *b)
{
	int64_t first = ((const struct seat *)a)->operator_id, second = ((const struct seat *)b)->operator_id;

	return (first > second) - (first < second);
}

bool stuck_has(const struct stuck_sources *stuck, int64_t source_id)
{
	return stuck->count && bsearch(&source_id, stuck->ids, stuck->count, sizeof(*stuck->ids), by_number);
}

struct roster roster_read(struct arena *arena, const struct rows *loads, const struct rows *link_rows,
			  struct stuck_sources *stuck_out)
{
	size_t seat_count = (size_t)rows_count(loads), link_rows_count = (size_t)rows_count(link_rows);
	struct seat *seats = arena_alloc(arena, seat_count, sizeof(*seats));
	struct link *links = arena_alloc(arena, link_rows_count, sizeof(*links));
	size_t link_count = 0;

	*stuck_out = (struct stuck_sources){ arena_alloc(arena, link_rows_count, sizeof(int64_t)), 0 };
	for (size_t i = 0; i < seat_count; i++)
		seats[i] = (struct seat){ .operator_id = row_int(loads, (int)i, 0),
					  .load = row_int(loads, (int)i, 1),
					  .last_contact_id = row_int(loads, (int)i, 2) };
	for (int row = 0; row < (int)link_rows_count; row++) {
		int64_t source_id = row_int(link_rows, row, 0);
		struct seat key = { .operator_id = row_int(link_rows, row, 1) };
		struct seat *seat = bsearch(&key, seats, seat_count, sizeof(*seats), seat_by_operator);

		if (!seat) {
			if (!stuck_has(stuck_out, source_id))
				stuck_out->ids[stuck_out->count++] = source_id;
			continue;
		}
		seat->is_active = row_bool(link_rows, row, 3);
		seat->limit = row_int(link_rows, row, 4);
		links[link_count++] = (struct link){ .source_id = source_id,
						     .seat = (size_t)(seat - seats),
						     .weight = row_thousandths(link_rows, row, 2),
						     .credit = row_int(link_rows, row, 5) };
	}
	return (struct roster){ .seats = seats,
				.seat_count = seat_count,
				.links = links,
				.link_count = link_count,
				.candidates = arena_alloc(arena, link_count, sizeof(struct candidate)),
				.candidate_links = arena_alloc(arena, link_count, sizeof(size_t)) };
}
