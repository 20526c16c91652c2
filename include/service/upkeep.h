/* What has to be done now and then: old idempotency keys go, decisions are summed up by the hour. In short slices. */
#ifndef LEADD_SERVICE_UPKEEP_H
#define LEADD_SERVICE_UPKEEP_H

#include "db/pool.h"

struct upkeep;

/* Owned by the caller: upkeep_free(). Several processes may do it on one database. */
struct upkeep *upkeep_new(struct loop *loop, struct pool *pool, uint64_t seed);

/* Takes up nothing new. */
void upkeep_stop(struct upkeep *upkeep);

/* Only when nothing runs: after the pool was freed. */
void upkeep_free(struct upkeep **upkeep);

#endif
