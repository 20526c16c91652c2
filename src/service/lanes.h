/* The intake from within: its lines, its two lanes, and what becomes of a batch. */
#ifndef LEADD_SERVICE_LANES_H
#define LEADD_SERVICE_LANES_H

#include "base/metrics.h"
#include "service/intake_batch.h"
#include "service/internal.h"
#include "service/line.h"

/* A lane runs one batch at a time. */
struct lane {
	struct intake *intake;
	struct batch *batch;
	bool is_running;
	bool rests; /* what it ran last met locks: nothing parked is tried before the next tick */
	int64_t started_us;
};

enum { ENDS = DRAFT_FAILED + 1 };

/* What has become of contacts and batches since the start; printed by intake_metrics.c. */
struct intake_numbers {
	uint64_t ended[ENDS];    /* by draft_outcome */
	uint64_t stored_waiting; /* of those DRAFT_STORED: without an operator */
	uint64_t turned_away;    /* never joined the line */
	uint64_t drained;
	uint64_t failed_batches;
	struct histogram sizes, durations; /* of committed batches */
};

/* The request to drain backlogs. */
struct drain {
	int64_t source_ids[DRAIN_MAX];
	size_t count;
	size_t next, at_once; /* the batch at hand: these of the sources */
	bool is_wanted, is_running;
	bool passes_over; /* somebody kept a lock too long */
	bool has_failed;  /* for some of them */
	void (*done)(void *context, bool is_drained);
	void *context;
};

struct intake {
	struct loop *loop;
	struct pool *pool;
	size_t batch_max, line_max;
	int64_t wait_ms, line_wait_ms;
	struct rng rng;
	size_t queued; /* all drafts that are not done */

	struct line line;       /* in order of arrival */
	struct line bulk;       /* the second line: contacts that came many at once, a few of them in each batch */
	struct pace pace;       /* of the first line */
	int64_t round_since_us; /* when a batch was last taken out of the lines; 0: what follows is not to be counted */

	/*
	 * A batch that fails for the sake of one contact comes back here, and goes again in halves until that one
	 * is alone. Always before the line.
	 */
	struct line suspects;
	size_t suspects_at_once;

	/* Drafts of a batch that waited too long for a lock: the next batch passes over what is locked. */
	bool passes_over;
	int64_t wary_until_ms; /* until then no lock is waited for that somebody outside may keep for long */

	struct list parked; /* sources, leads and keys that wait apart */
	struct lane main, side;
	struct parked *side_parked; /* whose contacts the side lane runs, or ran last; NULL: it drains */
	struct drain drain;
	struct deferred start; /* at the end of the turn, so that arrivals of one turn ride together */
	struct timer *expiry;  /* runs while anything is queued */
	bool rests;            /* a batch failed on account of the server: nothing starts before the next tick */
	bool is_stopped;       /* nothing starts any more */
	struct list ended;     /* drafts whose outcome is known */
	struct deferred tell;  /* them, after the next batch has started */
	int64_t away_since_ms; /* when the database went away; 0: it is there */
	int64_t back_since_ms; /* when it came back */
	void (*on_change)(void *context);
	void *on_change_context;
	void (*on_waiting)(void *context);
	void *on_waiting_context;
	struct intake_numbers numbers;
};

/* How long a single contact that comes now is expected to wait, from its socket until it is in a batch. */
int64_t intake_wait_us(const struct intake *intake);

/* They count what has happened. */
void numbers_init(struct intake_numbers *numbers);
void numbers_note_end(struct intake_numbers *numbers, const struct queued_draft *queued);
void numbers_note_batch(struct intake_numbers *numbers, const struct lane *lane, const struct db_failure *failure);

/* Its done() comes once the next batches have started. */
void end_later(struct intake *intake, struct queued_draft *queued, enum draft_outcome outcome);

/* Back to where they came from, or to another line: to their places in the order of deadlines. */
void put_back(struct line *line, struct batch *batch);

/* The same, to where they were parked. */
void put_back_apart(struct intake *intake, struct batch *batch, enum parked_by by);

/* Gives up what has waited until its deadline. */
void expire_all(struct intake *intake);

/* Each draft to its end, to where it waits apart, or back to its line. */
void batch_stored(struct intake *intake, struct batch *batch);
void batch_failed(struct intake *intake, struct batch *batch, enum db_error error);

#endif
