/*
 * The waiting line of new contacts, and the one lane that turns them into batches.
 *
 * While a batch is in flight the rest wait; on its commit the lane takes what has gathered. No timer delays anything:
 * an idle service starts a batch at the end of the loop turn in which a contact arrived.
 */
#ifndef LEADD_SERVICE_INTAKE_H
#define LEADD_SERVICE_INTAKE_H

#include "base/buf.h"
#include "base/digest.h"
#include "base/list.h"
#include "base/text.h"
#include "db/pool.h"
#include "domain/assign.h"

/* A member of the lead that a contact may carry along: given or not; given as null clears it. */
struct lead_member {
	bool is_given;
	struct text text; /* at == NULL: null */
};

/* A contact as it was asked for, checked. */
struct contact_draft {
	struct text external_id;
	int64_t source_id;
	struct text message; /* at == NULL: null */
	struct text payload; /* a JSON object as text; at == NULL: null */
	struct lead_member name, phone, email;
	struct text key; /* of idempotency; at == NULL: none */
};

enum draft_outcome {
	DRAFT_STORED,
	DRAFT_REPLAYED,        /* its key came before with the same contact: answer is the first one's; nothing new */
	DRAFT_KEY_REUSED,      /* its key came before with another contact: nothing was stored */
	DRAFT_UNKNOWN_SOURCE,  /* nothing was stored, the lead neither */
	DRAFT_REFUSED,         /* the database cannot store one of its values */
	DRAFT_UNAVAILABLE,     /* the database is away or the line is full: not stored */
	DRAFT_BUSY,            /* a lock that it needs is held, or too many wait: not stored */
	DRAFT_OUTCOME_UNKNOWN, /* stored or not: the connection was lost in the commit; with a key: and stays away */
	DRAFT_FAILED           /* our bug */
};

enum { MOMENT_BYTES = 40 };

/* What became of it; good when the outcome is DRAFT_STORED. DRAFT_REPLAYED: only id. */
struct contact_result {
	int64_t id, lead_id;
	int64_t operator_id; /* 0: waits for one */
	enum waiting_reason waiting_reason;
	char created_at[MOMENT_BYTES]; /* RFC 3339; also when it was assigned */
};

/* What waits in the line. Embedded in what the caller keeps for it; everything in it must live until done(). */
struct queued_draft {
	struct contact_draft draft;
	struct contact_result result;
	void (*done)(struct queued_draft *queued, enum draft_outcome outcome);
	void *context;
	struct text actor; /* who sent it, as history will say; at == NULL: the service's interface */
	bool is_bulk;      /* one of many: waits in the second line, so that it delays no single ones */

	/*
	 * Only with a key. render makes the answer that is stored with the key, from draft and result; it is called
	 * before the commit, more than once when the batch is repeated, and allocates in arena, which lives until done.
	 * answer is good then for DRAFT_STORED and DRAFT_REPLAYED.
	 */
	struct text (*render)(const struct queued_draft *queued);
	struct arena *arena;
	struct text answer;

	/* the intake's own */
	uint8_t digest[DIGEST_BYTES]; /* of the draft without its key; only with a key */
	int64_t key_lock;             /* the number that stands for the key among advisory locks */
	struct list node;
	int64_t deadline_ms;
	int64_t again_until_ms; /* from then on it takes what it gets, so that it is stored before its deadline */
	int tries;
	bool is_uncertain; /* a commit with it was lost: it may be stored */
	enum draft_outcome outcome;
};

struct intake;
struct feed;

struct intake_options {
	struct pool *pool;       /* two connections: the lane's, and one for what waits for somebody's lock */
	size_t batch_max;        /* contacts in one transaction */
	size_t line_max;         /* contacts waiting; one more is refused */
	int64_t wait_ms;         /* longest wait before a contact is given up as unavailable */
	int64_t line_wait_ms;    /* a single one that is expected to wait longer than that for its batch is refused */
	uint64_t seed;           /* for the draws */
	const struct feed *feed; /* whether what is stored is told */
};

struct intake *intake_new(struct loop *loop, const struct intake_options *options);

/* What became of the contacts, who waits, and how the batches do. */
void intake_print_metrics(const struct intake *intake, struct buf *out);

/* From now on nothing is started, a backlog neither: nothing waits or runs, and nothing will when it is freed. */
void intake_stop(struct intake *intake);

/* Only when nothing waits or runs: after the server was drained. */
void intake_free(struct intake **intake);

/*
 * Joins the line. done comes exactly once, never before this call returned, and in order of arrival as far as one
 * lane serves them.
 * Returns false, and done will not come, when the line is full or too slow, or the database has been away for a while.
 */
bool intake_submit(struct intake *intake, struct queued_draft *queued) MUST_CHECK;

/*
 * Whether a single contact would be taken in now: asked first, one that would be refused is not even read. When it is
 * not it counts as turned away.
 */
bool intake_has_room(struct intake *intake) MUST_CHECK;

/*
 * Assigns waiting contacts of these automatic sources, oldest first, as far as there is room: with the next batch, or
 * in one of its own. Sources beyond DRAIN_MAX are left out. done comes once, never before this returned; is_drained is
 * false when somebody else's lock, or the database, was in the way. One call at a time.
 */
enum { DRAIN_MAX = 64 };
void intake_drain(struct intake *intake, const int64_t *source_ids, size_t count,
		  void (*done)(void *context, bool is_drained), void *context);

/* Calls on_waiting(context) after contacts of automatic sources were stored without an operator. One listener. */
void intake_on_waiting(struct intake *intake, void (*on_waiting)(void *context), void *context);

/* Calls on_change(context) whenever its database went away or came back. One listener. */
void intake_on_change(struct intake *intake, void (*on_change)(void *context), void *context);

#endif
