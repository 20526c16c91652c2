/* What becomes of the drafts of a batch: their ends, and the care for those that would stop the others. */
#include "service/lanes.h"

/* -- deadlines --------------------------------------------------------------------------------- */

/* Lines are in the order of deadlines, so only their heads need a look. */
static void expire(struct intake *intake, struct line *line, int64_t now_ms, enum draft_outcome outcome)
{
	const struct queued_draft *first;

	while ((first = line_first(line)) && first->deadline_ms <= now_ms)
		end_later(intake, line_shift(line), outcome);
}

void expire_all(struct intake *intake)
{
	enum draft_outcome late = pool_is_ready(intake->pool) ? DRAFT_BUSY : DRAFT_UNAVAILABLE;
	int64_t now_ms = loop_now_ms();
	struct list *next;

	/* With the database at hand, it is a lock that others wait for, or too many before them. */
	expire(intake, &intake->suspects, now_ms, late);
	expire(intake, &intake->line, now_ms, late);
	expire(intake, &intake->bulk, now_ms, late);
	for (struct list *node = intake->parked.next; node != &intake->parked; node = next) {
		struct parked *parked = LIST_ITEM(node, struct parked, node);

		next = node->next;
		expire(intake, &parked->drafts, now_ms, DRAFT_BUSY);
		if (!intake->side.is_running)
			parked_drop_empty(parked);
	}
}

/* -- what becomes of a batch ------------------------------------------------------------------- */

/* Without a look at the lines: those that go again are left. */
static void end_or_park(struct intake *intake, struct queued_draft *queued, enum batch_outcome outcome)
{
	switch (outcome) {
	case BATCH_OF_DRAFT_STORED:
		end_later(intake, queued, DRAFT_STORED);
		break;
	case BATCH_OF_DRAFT_REPLAYED:
		end_later(intake, queued, DRAFT_REPLAYED);
		break;
	case BATCH_OF_DRAFT_KEY_REUSED:
		end_later(intake, queued, DRAFT_KEY_REUSED);
		break;
	case BATCH_OF_DRAFT_UNKNOWN_SOURCE:
		end_later(intake, queued, DRAFT_UNKNOWN_SOURCE);
		break;
	case BATCH_OF_DRAFT_SOURCE_BUSY:
		parked_add(&intake->parked, queued, PARKED_BY_SOURCE);
		break;
	case BATCH_OF_DRAFT_LEAD_BUSY:
		parked_add(&intake->parked, queued, PARKED_BY_LEAD);
		break;
	case BATCH_OF_DRAFT_KEY_BUSY:
		parked_add(&intake->parked, queued, PARKED_BY_KEY);
		break;
	case BATCH_OF_DRAFT_GOES_AGAIN:
		break;
	}
}

static struct line *line_of(struct intake *intake, const struct queued_draft *queued)
{
	return queued->is_bulk ? &intake->bulk : &intake->line;
}

void batch_stored(struct intake *intake, struct batch *batch)
{
	for (size_t i = 0; i < batch_size(batch); i++)
		end_or_park(intake, batch_draft(batch, i), batch_outcome(batch, i));
	for (size_t i = batch_size(batch); i-- > 0;) {
		struct queued_draft *queued = batch_draft(batch, i);

		if (batch_outcome(batch, i) != BATCH_OF_DRAFT_GOES_AGAIN)
			continue;
		queued->tries++;
		line_return(line_of(intake, queued), queued);
	}
}

static void put_back_in_line(struct intake *intake, struct batch *batch)
{
	for (size_t i = batch_size(batch); i-- > 0;)
		line_return(line_of(intake, batch_draft(batch, i)), batch_draft(batch, i));
}

/* With a key it is simply run again: the key's lock waits for the old transaction, then its answer is there or not. */
static void commit_lost(struct intake *intake, struct batch *batch)
{
	for (size_t i = batch_size(batch); i-- > 0;) {
		struct queued_draft *queued = batch_draft(batch, i);

		queued->is_uncertain = true;
		if (queued->draft.key.at)
			line_return(line_of(intake, queued), queued);
		else
			end_later(intake, queued, DRAFT_OUTCOME_UNKNOWN);
	}
}

void put_back(struct line *line, struct batch *batch)
{
	for (size_t i = batch_size(batch); i-- > 0;)
		line_return(line, batch_draft(batch, i));
}

void put_back_apart(struct intake *intake, struct batch *batch, enum parked_by by)
{
	for (size_t i = batch_size(batch); i-- > 0;)
		parked_return(&intake->parked, batch_draft(batch, i), by);
}

static void end_all(struct intake *intake, struct batch *batch, enum draft_outcome outcome)
{
	for (size_t i = 0; i < batch_size(batch); i++)
		end_later(intake, batch_draft(batch, i), outcome);
}

/* One contact alone failed on its own data, or on something that was deleted while it was planned. */
static void end_suspect(struct intake *intake, struct queued_draft *queued, enum db_error error)
{
	if (error == DB_DATA)
		end_later(intake, queued, DRAFT_REFUSED);
	else if (error == DB_CONFLICT && ++queued->tries < BATCH_TRIES_MAX)
		line_return(&intake->suspects, queued);
	else
		end_later(intake, queued, DRAFT_FAILED);
}

static void halve(struct intake *intake, struct batch *batch, enum db_error error)
{
	if (batch_size(batch) == 1) {
		end_suspect(intake, batch_draft(batch, 0), error);
		return;
	}
	put_back(&intake->suspects, batch);
	intake->suspects_at_once = (batch_size(batch) + 1) / 2;
}

/* A lock was waited for in vain. It is passed over; if it is of no known kind, halve down to the contact concerned. */
static void wait_apart(struct intake *intake, struct batch *batch)
{
	if (batch_size(batch) == 1 && intake->passes_over) {
		parked_add(&intake->parked, batch_draft(batch, 0), PARKED_BY_LEAD);
		return;
	}
	if (intake->passes_over) {
		halve(intake, batch, DB_BUSY);
		return;
	}
	put_back(&intake->suspects, batch);
	intake->suspects_at_once = batch_size(batch);
	intake->passes_over = true;
}

void batch_failed(struct intake *intake, struct batch *batch, enum db_error error)
{
	switch (error) {
	case DB_BUSY:
		wait_apart(intake, batch);
		break;
	case DB_UNAVAILABLE: /* nothing was stored: they wait for the database until their deadlines */
		put_back_in_line(intake, batch);
		/* A full disk answers at once, and gets no emptier by being asked all the time. */
		intake->rests = pool_is_ready(intake->pool);
		break;
	case DB_OUTCOME_UNKNOWN:
		commit_lost(intake, batch);
		break;
	case DB_RESTART: /* three times over: the database is contended beyond its means */
		end_all(intake, batch, DRAFT_BUSY);
		break;
	default:
		halve(intake, batch, error);
	}
}
