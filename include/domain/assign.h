/* The rule of this product: which operator gets a contact. Pure: no clock, no I/O, no database. */
#ifndef LEADD_DOMAIN_ASSIGN_H
#define LEADD_DOMAIN_ASSIGN_H

#include "base/rng.h"
#include "domain/strategy.h"

/* An operator as the batch found it under its lock. Several sources may share it. */
struct seat {
	int64_t operator_id;
	int64_t load;            /* active contacts */
	int64_t limit;           /* most active contacts that it takes */
	int64_t last_contact_id; /* grows with each contact that it gets; 0: never */
	bool is_active;
};

/*
 * A choice by smooth_weighted counts no credit beyond so many sums of all the source's weights, on either side. While
 * the weights stay nobody gets there; credits from the time of much larger weights do, and would win for ages.
 */
enum { CREDIT_SUMS_MAX = 4 };

/* An operator's weight for one source. */
struct link {
	int64_t source_id;
	size_t seat;    /* index into seats */
	int64_t weight; /* thousandths, >= 0 */
	int64_t credit; /* of strategy smooth_weighted, in thousandths */
};

/* All that decides. Planning changes loads, credits and last contacts. */
struct roster {
	struct seat *seats;
	size_t seat_count;
	struct link *links; /* ordered by source_id; within a source by operator id */
	size_t link_count;
	struct candidate *candidates; /* room for link_count: those of the contact planned last */
	size_t *candidate_links;      /* the same; index into links */
	size_t candidate_count;
	int64_t turn; /* counts the choices: whoever was chosen last is the most recent */
};

/* A contact that wants an operator. */
struct wish {
	int64_t source_id;
	enum strategy strategy;
	int64_t sticky_operator_id; /* gets it if eligible; 0: nobody */
};

/* Why nobody took a contact: of those linked, the one nearest to taking it tells. */
enum waiting_reason {
	WAITING_NOT = 0,      /* somebody took it */
	WAITING_FULL,         /* an active operator with a weight was at its limit */
	WAITING_INACTIVE,     /* operators with a weight are all inactive */
	WAITING_WEIGHT_ZERO,  /* all weights are 0 */
	WAITING_NO_OPERATORS, /* the source has no operators at all */
	WAITING_QUEUED        /* not the rule's: there is room, but older ones that wait go first */
};

/* As stored and shown: "full", ...; NULL for WAITING_NOT. */
const char *waiting_reason_name(enum waiting_reason reason);

enum { NOBODY = -1 };

struct choice {
	ptrdiff_t seat; /* index into seats, or NOBODY */
	enum waiting_reason reason;
	bool is_sticky; /* the wish's sticky operator was free, and nobody else was considered */
	bool is_drawn;  /* chance decided: draw is good */
	uint64_t draw;  /* 0 .. sum of the candidates' weights - 1 */
};

/* A source's links: index of the first one, how many. */
struct link_range {
	size_t first, count;
};
struct link_range roster_links_of(const struct roster *roster, int64_t source_id);

/* Whether an operator may take a contact through this link: active, with a weight, below its limit. */
bool link_is_candidate(const struct roster *roster, const struct link *link);

/*
 * Why an operator may not, as history names it: WAITING_WEIGHT_ZERO, WAITING_INACTIVE or WAITING_FULL; WAITING_NOT
 * for a candidate.
 */
enum waiting_reason link_exclusion(const struct roster *roster, const struct link *link);

/* Fills one place of an operator, who is then the most recent of all. */
void roster_take(struct roster *roster, size_t seat);

/* The sum of the weights of a source's candidates, in thousandths: the range of a draw. 0: no candidates. */
uint64_t assign_range(const struct roster *roster, int64_t source_id);

/*
 * Chooses for one contact, given its draw, and fills the place: the rule as a whole. Without candidates nobody.
 *
 * draw: 0 .. assign_range() - 1, uniform; looked at by STRATEGY_WEIGHTED_RANDOM alone
 */
struct choice assign_with_draw(struct roster *roster, const struct wish *wish, uint64_t draw);

/* The same, drawing where chance decides. */
struct choice assign_one(struct roster *roster, const struct wish *wish, struct rng *rng);

/*
 * Adds the chance that each operator of the source had in the choice that was made last: weight / sum of the
 * candidates' weights for weighted_random and smooth_weighted; where neither chance nor turns decide, 1 for the one
 * who was chosen.
 *
 * links: the source's;  chances: one per link of it
 */
void assign_add_chances(const struct roster *roster, struct link_range links, const struct wish *wish,
			const struct choice *choice, double *chances);

#endif
