/* Between simulate.c, which takes a case and plays it, and simulate_case.c, which reads what it starts from. */
#ifndef LEADD_API_SIMULATE_H
#define LEADD_API_SIMULATE_H

#include "api/internal.h"
#include "domain/assign.h"

/* The body's members. */
enum { SIMULATE_CONTACTS, SIMULATE_LAST, SIMULATE_WEIGHTS, SIMULATE_STRATEGY, SIMULATE_OPERATORS, SIMULATE_SEED };

/* Those of an item of its operators. */
enum { OVERRIDE_ID, OVERRIDE_ACTIVE, OVERRIDE_LIMIT };

/* One operator of the case, beside its seat and its link, which have the same index. */
struct player {
	const char *name;
	int64_t assigned;
	int64_t full_at; /* -1: has room */
};

struct simulation {
	const struct weights *weights; /* of the draft */
	struct wish wish;              /* what every contact is like */
	struct roster roster;          /* one source; each seat has its link */
	struct player *players;
	double *chances; /* per link: the sum of what it had in each choice */
	struct rng rng;
	int64_t seed, contacts, done, first_waiting_at;
	struct operation *operation; /* its extra is the simulation */
	struct list node;            /* of those that are played */
};

/* One step that reads the case: the roster, the players and the number of contacts; or what is wrong with it. */
extern const struct flow_step simulation_case_steps[];

#endif
