/* The rule of this product: which operator gets a contact. Pure: no clock, no I/O, no database. */
#ifndef LEADD_DOMAIN_ASSIGN_H
#define LEADD_DOMAIN_ASSIGN_H

#include "base/rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An operator as the batch found it under its lock. Several sources may share it. */
struct seat {
	int64_t operator_id;
	int64_t load;  /* active contacts */
	int64_t limit; /* most active contacts that it takes */
	bool is_active;
};

/* An operator's weight for one source. */
struct link {
	int64_t source_id;
	size_t seat;    /* index into seats */
	int64_t weight; /* thousandths, >= 0 */
};

/* All that decides. Planning raises the loads. */
struct roster {
	struct seat *seats;
	size_t seat_count;
	const struct link *links; /* ordered by source_id; within a source in a fixed order, such as operator id */
	size_t link_count;
};

/* Why nobody took a contact: of those linked, the one nearest to taking it tells. */
enum waiting_reason {
	WAITING_NOT = 0,     /* somebody took it */
	WAITING_FULL,        /* an active operator with a weight was at its limit */
	WAITING_INACTIVE,    /* operators with a weight are all inactive */
	WAITING_WEIGHT_ZERO, /* all weights are 0 */
	WAITING_NO_OPERATORS /* the source has no operators at all */
};

/* As stored and shown: "full", ...; NULL for WAITING_NOT. */
const char *waiting_reason_name(enum waiting_reason reason);

enum { NOBODY = -1 };

struct choice {
	ptrdiff_t seat; /* index into seats, or NOBODY */
	enum waiting_reason reason;
	uint64_t draw; /* 0 .. sum of the candidates' weights - 1; 0 without candidates */
};

/* Whether an operator may take a contact through this link: active, with a weight, below its limit. */
bool link_is_candidate(const struct roster *roster, const struct link *link);

/* The sum of the weights of a source's candidates, in thousandths: the range of a draw. 0: no candidates. */
uint64_t assign_range(const struct roster *roster, int64_t source_id);

/*
 * The candidate on whose stretch of the range the draw falls, candidates laid end to end in the order of links:
 * so each has the chance weight / sum of the candidates' weights.
 *
 * draw: 0 .. assign_range() - 1, uniform
 * Returns an index into seats. The roster stays as it is.
 */
size_t assign_pick(const struct roster *roster, int64_t source_id, uint64_t draw);

/*
 * Plans contacts in their order: each choice fills a place before the next one is made.
 *
 * source_ids: the source of each contact;  choices_out: one per contact
 */
void assign_plan(struct roster *roster, const int64_t *source_ids, size_t count, struct rng *rng,
		 struct choice *choices_out);

#endif
