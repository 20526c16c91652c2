/* A waiting line that knows its length, and how long one waits in it. */
#ifndef LEADD_SERVICE_LINE_H
#define LEADD_SERVICE_LINE_H

#include "service/intake.h"

struct line {
	struct list drafts; /* struct queued_draft, in the order of deadlines: that of arrival */
	size_t length;
};

void line_init(struct line *line);

/*
 * Puts a draft into its place: a line's first one is what has to be given up first. The one looks for the place from
 * the end on, the other, for a draft that was tried, from the beginning on.
 */
void line_append(struct line *line, struct queued_draft *queued);
void line_return(struct line *line, struct queued_draft *queued);

/* The first one, which stays; NULL: nobody waits. */
struct queued_draft *line_first(const struct line *line);

/* The same, taken out. */
struct queued_draft *line_shift(struct line *line);

enum { PACE_ROUNDS = 8 };

/*
 * How long a lane has taken of late from one take out of the line to the next, failed and repeated batches included.
 * Zeroed it is ready.
 */
struct pace {
	int64_t rounds_us[PACE_ROUNDS];
	unsigned count; /* of all that were noted */
	int64_t round_us;
};

void pace_note(struct pace *pace, int64_t round_us);

/*
 * How long somebody with so many before him is expected to wait until his batch starts: the one that runs, and those
 * that the others fill. 0 while nothing is known.
 *
 * ahead: contacts in the line
 * batch_max: contacts that a round takes, 1 or more
 */
int64_t pace_wait_us(const struct pace *pace, size_t ahead, size_t batch_max);

#endif
