/*
 * Gives one contact that exists to an operator, or back to waiting: by a person's word, or by the rule of its source.
 * It is compare and set: who holds the contact is read before any lock is waited for, and when somebody else turns out
 * to hold it behind the lock, nothing is changed. So no choice of the rule overwrites a person's.
 */
#ifndef LEADD_SERVICE_TRANSFER_H
#define LEADD_SERVICE_TRANSFER_H

#include "base/rng.h"
#include "base/text.h"
#include "db/pool.h"
#include "domain/assign.h"
#include "service/feed.h"

enum transfer_kind {
	TRANSFER_BY_HAND, /* to the operator that is named */
	TRANSFER_BY_RULE, /* the strategy of its source chooses, the place of who holds it counted as free */
	TRANSFER_RELEASE  /* back to waiting */
};

enum transfer_outcome {
	TRANSFER_DONE, /* also where it was so already: then nothing was changed */
	TRANSFER_UNKNOWN_CONTACT,
	TRANSFER_UNKNOWN_OPERATOR,
	TRANSFER_OTHER_VERSION, /* is_wanted said no */
	TRANSFER_CLOSED,        /* the contact is */
	TRANSFER_OVERTAKEN,     /* somebody was faster: who says who holds it now; without an id nobody does */
	TRANSFER_INACTIVE,      /* the operator who is named; who says who */
	TRANSFER_FULL,          /* the same */
	TRANSFER_NOBODY,        /* nobody may take it; reason says why */
	TRANSFER_AGAIN          /* its own: its source, or who serves it, changed while it waited for the locks */
};

/* Embedded in what the caller keeps for it; everything in it must live until done(). */
struct transfer {
	enum transfer_kind kind;
	int64_t contact_id;
	int64_t operator_id; /* TRANSFER_BY_HAND */
	bool is_forced;      /* the same: although that one is inactive or full */
	const char *actor;   /* who asks for it, as history will say; NULL: the service's interface */
	struct arena *arena; /* for the texts below */
	const struct feed *feed;

	/* Whether it is to be done to that version of the contact; NULL: to any. */
	bool (*is_wanted)(const struct transfer *transfer, int64_t version);
	void (*done)(struct transfer *transfer, const struct db_failure *failure);
	void *context;

	/* what became of it; good when nothing failed */
	enum transfer_outcome outcome;
	struct text json; /* TRANSFER_DONE: the contact as it is now */
	int64_t version;
	struct transfer_holder {
		int64_t id; /* 0: nobody */
		struct text name;
		int64_t load, limit; /* TRANSFER_FULL */
	} who;
	enum waiting_reason reason;

	/* its own */
	struct pool *pool;
	struct rng rng;
	int tries;
	int64_t until_ms; /* for all of them */
	bool is_seen;     /* what follows was read, before any lock */
	int64_t source_id, holder_id;
	struct transfer_plan *plan; /* of this attempt */
};

/* done comes exactly once, never before this returned. */
void transfer_start(struct pool *pool, struct transfer *transfer);

#endif
