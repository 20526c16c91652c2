/* The rule that choices can be made again; see domain/decision.h. */
#include "app/audit.h"
#include "service/decisions.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { PAGE = 100 /* decisions in one statement; each of at most BATCH_MAX choices */ };

/* Columns of the statement. */
enum {
	BATCH_ID,
	SOURCE_ID,
	ASSIGNED,
	WAITING,
	IS_WHOLE,
	EXPECTED,
	CONTACT_IDS,
	ORDINALS,
	OPERATOR_IDS,
	DRAWS,
	STICKIES,
	DECISION
};

/* One decision and what was chosen from it. */
struct made {
	int64_t batch_id, source_id;
	bool is_whole;        /* history still knows all its choices */
	struct ints assigned; /* as the decision counts them, of each operator */
	struct ints expected; /* sum of the chances of each, in millionths */
	int64_t waiting;
	struct ints contact_ids, ordinals, operator_ids, draws, stickies; /* of each choice; operator 0: nobody */
	struct decision decision;
};

static void note(struct finding *finding, const struct made *made, const char *format, ...) PRINTF_LIKE(3, 4);

static void note(struct finding *finding, const struct made *made, const char *format, ...)
{
	char line[200];
	va_list args;

	if (finding->wrong++ >= EXAMPLES_MAX)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	buf_printf(&finding->examples, "%sbatch %" PRId64 ", source %" PRId64 ": %s",
		   finding->examples.length ? "\n" : "", made->batch_id, made->source_id, line);
}

static bool read_made(struct arena *arena, const struct rows *rows, int row, struct made *made_out)
{
	*made_out = (struct made){
		.batch_id = row_int(rows, row, BATCH_ID),
		.source_id = row_int(rows, row, SOURCE_ID),
		.is_whole = row_bool(rows, row, IS_WHOLE),
		.assigned = row_ints(rows, row, ASSIGNED, arena),
		.waiting = row_int(rows, row, WAITING),
		.expected = row_ints(rows, row, EXPECTED, arena),
		.contact_ids = row_ints(rows, row, CONTACT_IDS, arena),
		.ordinals = row_ints(rows, row, ORDINALS, arena),
		.operator_ids = row_ints(rows, row, OPERATOR_IDS, arena),
		.draws = row_ints(rows, row, DRAWS, arena),
		.stickies = row_ints(rows, row, STICKIES, arena),
	};
	return decision_read(arena, rows, row, DECISION, made_out->source_id, &made_out->decision) &&
	       made_out->assigned.at && made_out->assigned.count == made_out->decision.count && made_out->expected.at &&
	       made_out->expected.count == made_out->decision.count && made_out->ordinals.at;
}

static int64_t count_of(const struct ints *ints, int64_t number)
{
	int64_t count = 0;

	for (size_t i = 0; i < ints->count; i++)
		count += ints->at[i] == number;
	return count;
}

/* Every choice has its entry. Without some contacts there is nothing to count. */
static bool check_counts(const struct made *made, struct finding *finding)
{
	int64_t waited = count_of(&made->operator_ids, 0);

	for (size_t i = 0; i < made->assigned.count; i++) {
		int64_t operator_id = made->decision.seats[i].operator_id;
		int64_t told = count_of(&made->operator_ids, operator_id);

		if (told != made->assigned.at[i]) {
			note(finding, made, "operator %" PRId64 " got %" PRId64 ", but history says %" PRId64,
			     operator_id, made->assigned.at[i], told);
			return false;
		}
	}
	if (waited != made->waiting)
		note(finding, made, "%" PRId64 " waited, but history says %" PRId64, made->waiting, waited);
	return waited == made->waiting;
}

/* Of the choice that was made last from the roster, which gave what is recorded. */
static void add_chances(const struct roster *roster, const struct decision *decision,
			const struct recorded_choice *recorded, double *chances)
{
	struct wish wish = { .source_id = decision->source_id, .strategy = decision->strategy };
	struct choice choice = { .seat = NOBODY, .is_sticky = recorded->is_sticky };

	for (size_t i = 0; i < roster->seat_count; i++)
		if (roster->seats[i].operator_id == recorded->operator_id)
			choice.seat = (ptrdiff_t)i;
	assign_add_chances(roster, (struct link_range){ 0, roster->link_count }, &wish, &choice, chances);
}

/* Returns whether all of them came to the same; chances: of each operator, their sum. */
static bool check_choices(struct arena *arena, const struct made *made, struct finding *finding, double *chances)
{
	struct roster roster = decision_roster(arena, &made->decision);
	bool good = true;

	for (size_t i = 0; i < made->contact_ids.count; i++) {
		struct recorded_choice recorded = { .ordinal = (int)made->ordinals.at[i],
						    .operator_id = made->operator_ids.at[i],
						    .is_sticky = made->stickies.at[i],
						    .draw = made->draws.at[i] };

		finding->checked++;
		if (recorded.ordinal >= 0 && decision_repeats(&made->decision, &recorded, &roster)) {
			add_chances(&roster, &made->decision, &recorded, chances);
			continue;
		}
		good = false;
		note(finding, made, "contact %" PRId64 " went to operator %" PRId64 ", which the record does not give",
		     made->contact_ids.at[i], recorded.operator_id);
	}
	return good;
}

static void check_expected(const struct made *made, const double *chances, struct finding *finding)
{
	for (size_t i = 0; i < made->expected.count; i++) {
		double stored = (double)made->expected.at[i] / 1e6;

		if (chances[i] - stored < 2e-6 && stored - chances[i] < 2e-6)
			continue;
		note(finding, made, "operator %" PRId64 " was expected to get %.6f, but its chances come to %.6f",
		     made->decision.seats[i].operator_id, stored, chances[i]);
		return;
	}
}

static void check_made(struct arena *arena, const struct made *made, struct finding *finding)
{
	double *chances = arena_alloc(arena, made->decision.count, sizeof(*chances));
	bool is_told = made->is_whole && check_counts(made, finding);

	if (check_choices(arena, made, finding, chances) && is_told)
		check_expected(made, chances, finding);
}

/* Returns false at the end of the decisions. */
static bool check_page(const struct rows *rows, struct finding *finding, int64_t *batch_id, int64_t *source_id)
{
	struct arena *arena = arena_new();
	int count = rows_count(rows);

	for (int row = 0; row < count; row++) {
		struct made made;

		if (read_made(arena, rows, row, &made))
			check_made(arena, &made, finding);
		else
			note(finding, &made, "it cannot be read");
		*batch_id = made.batch_id;
		*source_id = made.source_id;
	}
	arena_free(&arena);
	return count == PAGE;
}

bool audit_decisions(struct command_run *run, struct finding *finding)
{
	int64_t batch_id = INT64_MAX, source_id = INT64_MAX;
	bool is_more = true;

	while (is_more && finding->checked < run->config->decisions) {
		struct args args = args_start(run->arena);
		struct rows *rows;

		args_int(&args, batch_id);
		args_int(&args, source_id);
		args_int(&args, PAGE);
		rows = once_ask(run->once, Q_AUDIT_DECISIONS, &args);
		if (!rows)
			return false;
		is_more = check_page(rows, finding, &batch_id, &source_id);
		once_free_rows(&rows);
	}
	return true;
}
