/* A decision as it was recorded, made again: the same operator must come of it. Pure. */
#ifndef LEADD_DOMAIN_DECISION_H
#define LEADD_DOMAIN_DECISION_H

#include "domain/assign.h"

/* A choice of the batch that gave a contact to one of the decision's operators. */
struct taking {
	int ordinal; /* place of the choice in the batch, from 0 */
	size_t seat; /* index of the operator */
	bool is_own; /* this source's strategy chose: its credits have changed */
};

/* What all choices of one batch for one source were made from: seats and links as before the batch, one link a seat. */
struct decision {
	int64_t source_id;
	enum strategy strategy;
	struct seat *seats;
	struct link *links;
	size_t count;
	const struct taking *takings; /* by ordinal; also those of other sources' contacts */
	size_t taking_count;
};

/*
 * The operators as they were when the choice with that ordinal was made.
 *
 * roster: with room for the decision's seats, links and candidates; written over
 */
void decision_at(const struct decision *decision, int ordinal, struct roster *roster);

/* A choice that was made from it. */
struct recorded_choice {
	int ordinal;
	int64_t operator_id; /* 0: nobody could take the contact */
	bool is_sticky;
	int64_t draw; /* -1: chance had no part */
};

/*
 * Whether the rule comes to the same when the choice is made again.
 *
 * roster: as above; good again only after another decision_at()
 */
bool decision_repeats(const struct decision *decision, const struct recorded_choice *recorded, struct roster *roster);

#endif
