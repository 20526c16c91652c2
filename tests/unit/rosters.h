/* Rosters for the tests of the domain: the scratch that choosing needs, and whole lists of contacts planned. */
#ifndef LEADD_TESTS_UNIT_ROSTERS_H
#define LEADD_TESTS_UNIT_ROSTERS_H

#include "domain/assign.h"

enum { LINKS_MAX = 1000 };

/* A roster of at most LINKS_MAX links. All of them share one scratch: it tells of the newest choice of any. */
struct roster roster_of(struct seat *seats, size_t seat_count, struct link *links, size_t link_count);

/* A random roster of several sources that share operators, with all that can be in it. */
enum { WORLD_SEATS = 10, WORLD_SOURCES = 4, WORLD_LINKS = WORLD_SEATS * WORLD_SOURCES };

struct world {
	struct seat seats[WORLD_SEATS];
	struct link links[WORLD_LINKS];
	struct roster roster;
};

/*
 * Links of weight 0, credits, operators that are inactive, full, above their limit or never had a contact, sources
 * without links. Ids of sources are 10, 20, ..., of operators 1, 2, ...
 */
void world_fill(struct world *world, struct rng *rng);

/* A contact of any source and strategy; for every third one somebody is sticky, who may not even exist. */
struct wish random_wish(struct rng *rng);

/* Plans contacts of strategy weighted_random in their order, nobody sticky. */
void plan(struct roster *roster, const int64_t *source_ids, size_t count, struct rng *rng, struct choice *choices_out);

/* Whom weighted_random would choose; the roster stays as it is. */
ptrdiff_t seat_at(const struct roster *roster, int64_t source_id, uint64_t draw);

#endif
