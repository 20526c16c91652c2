/* Decisions as they were recorded, read back from assignment_decisions. */
#ifndef LEADD_SERVICE_DECISIONS_H
#define LEADD_SERVICE_DECISIONS_H

#include "db/values.h"
#include "domain/decision.h"

/* How many columns sql/fragments/decision_columns.sql has. */
enum { DECISION_COLUMNS = 11 };

/*
 * Reads the columns from `column` on into the arena.
 * Returns false when there is no decision in that row, or none that could have been recorded.
 */
MUST_CHECK bool decision_read(struct arena *arena, const struct rows *rows, int row, int column, int64_t source_id,
			      struct decision *decision_out);

/* A roster with room for a decision's operators, for decision_at(). */
struct roster decision_roster(struct arena *arena, const struct decision *decision);

/* The sum of the candidates' weights: draws lie below it. */
int64_t decision_range(const struct roster *roster);

/*
 * Which choice of the batch before that ordinal was the last to give the operator a contact; -1: none did, and the
 * seat's last_contact_id tells.
 */
int decision_last_ordinal(const struct decision *decision, size_t seat, int ordinal);

#endif
