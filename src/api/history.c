/* What happened to a contact: who got it, why, and who else was considered. */
#include "api/internal.h"
#include "api/problems.h"
#include "service/decisions.h"

enum { PAGE_BYTES = 512 * 1024 }; /* a page ends behind the row that passes this */

static const char *const kinds[] = { "assigned", "waiting",  "transferred", "released",
				     "closed",   "reopened", "edited",      NULL };
static const char *const exclusions[] = { "inactive", "full", "weight_zero", NULL };

static const struct field candidate_fields[] = {
	{ "operator_id", FIELD_ID, .help = "The operator.", .example = "1" },
	{ "weight", FIELD_WEIGHT, 0, 0, 1000000, .help = "Its weight at that moment.", .example = "2.5" },
	{ "load", FIELD_INTEGER, 0, 0, INT32_MAX, .help = "Its active contacts at that moment.", .example = "3" },
	{ "limit", FIELD_INTEGER, 0, 0, 1000000, .help = "Its limit at that moment.", .example = "10" },
	{ "credit", FIELD_WEIGHT, FIELD_OPTIONAL, -INT64_MAX, INT64_MAX,
	  .help = "smooth_weighted only: what it was owed, or (below 0) had been given ahead, before the choice. Each "
		  "gains its weight, and the highest credit gets the contact." },
	{ "last_contact_id", FIELD_ID, FIELD_OPTIONAL | FIELD_NULLABLE,
	  .help = "least_recent only: the newest contact there was when it last got one; null: it never got any." },
	{ "last_ordinal", FIELD_INTEGER, FIELD_OPTIONAL | FIELD_NULLABLE, 0, INT32_MAX,
	  .help = "least_recent only: the last choice of the same batch that gave it one, which is later than any "
		  "last_contact_id; null: none did." },
	{ 0 },
};

static const struct schema candidate_schema = { "Candidate", "Who could take the contact.", SCHEMA_ANSWER,
						candidate_fields };

static const struct field excluded_fields[] = {
	{ "operator_id", FIELD_ID, .help = "The operator.", .example = "2" },
	{ "weight", FIELD_WEIGHT, 0, 0, 1000000, .help = "Its weight at that moment.", .example = "1" },
	{ "load", FIELD_INTEGER, 0, 0, INT32_MAX, .help = "Its active contacts at that moment.", .example = "10" },
	{ "limit", FIELD_INTEGER, 0, 0, 1000000, .help = "Its limit at that moment.", .example = "10" },
	{ "reason", FIELD_CHOICE, .choices = exclusions, .help = "Why it could not.", .example = "\"full\"" },
	{ 0 },
};

static const struct schema excluded_schema = { "Excluded", "Who serves the source, but could not take the contact.",
					       SCHEMA_ANSWER, excluded_fields };

static const struct field decision_fields[] = {
	{ "strategy", FIELD_CHOICE, .choices = strategy_names, .help = "The source's, then.",
	  .example = "\"weighted_random\"" },
	{ "is_sticky", FIELD_BOOLEAN,
	  .help = "Whether the lead's last operator got it again, and the strategy was not asked.",
	  .example = "false" },
	{ "ordinal", FIELD_INTEGER, 0, 0, INT32_MAX,
	  .help = "Place of the choice in its batch: contacts that are stored together are chosen for one by one.",
	  .example = "0" },
	{ "draw", FIELD_WEIGHT, FIELD_NULLABLE, 0, INT64_MAX,
	  .help = "The random draw, from 0 to below range: lay the candidates end to end in their order, each as long "
		  "as its weight, and the contact is whose stretch it falls on. null: chance had no part.",
	  .example = "1.274" },
	{ "range", FIELD_WEIGHT, 0, 0, INT64_MAX, .help = "The sum of the candidates' weights.", .example = "2.5" },
	{ "candidates", FIELD_LIST, 0, 0, INT32_MAX, .schema = &candidate_schema, .help = "By operator id." },
	{ "excluded", FIELD_LIST, 0, 0, INT32_MAX, .schema = &excluded_schema, .help = "By operator id." },
	{ 0 },
};

static const struct schema decision_schema = { "Decision",
					       "What a choice was made from, as it was at that moment: enough to make "
					       "it again.",
					       SCHEMA_ANSWER, decision_fields };

static const struct field history_fields[] = {
	{ "at", FIELD_TIME, .help = "When.", .example = "\"2026-01-31T09:00:00.000000Z\"" },
	{ "kind", FIELD_CHOICE, .choices = kinds, .help = "What.", .example = "\"assigned\"" },
	{ "from", FIELD_ID, FIELD_NULLABLE, .help = "The operator who held the contact before; null: nobody.",
	  .example = "null" },
	{ "to", FIELD_ID, FIELD_NULLABLE, .help = "The operator who holds it since; null: nobody.", .example = "1" },
	{ "operator_id", FIELD_ID, FIELD_NULLABLE, .help = "Whom it concerns: to, or else from.", .example = "1" },
	{ "actor", FIELD_TEXT, 0, 0, 204,
	  .help = "api: a request; key:NAME: a request with that key; system: the service by itself; else the database "
		  "role of a change made in psql.",
	  .example = "\"api\"" },
	{ "reason", FIELD_TEXT, FIELD_NULLABLE, 0, INT64_MAX,
	  .help = "How the operator was chosen (a strategy, sticky, manual, forced), or why nobody could be.",
	  .example = "\"weighted_random\"" },
	{ "decision", FIELD_OBJECT, FIELD_NULLABLE, .schema = &decision_schema,
	  .help = "Who was considered; null where nobody was to be chosen." },
	{ 0 },
};

static const struct schema history_schema = { "HistoryEntry", "Something that happened to a contact.", SCHEMA_ANSWER,
					      history_fields };

enum { LIMIT, CURSOR };

static const struct field history_query[] = { [LIMIT] = FIELD_OF_LIMIT, [CURSOR] = FIELD_OF_CURSOR, { 0 } };

#define LIST_NAME "history"

const struct endpoint contacts_history_endpoint = {
	.id = "listContactHistory",
	.tag = "Contacts",
	.summary = "What happened to a contact",
	.about = "Every assignment and change, oldest first, whoever made it. Where an operator was chosen, or nobody "
		 "could be, the decision says from whom.",
	.query = history_query,
	.list = LIST_NAME,
	.answers = { { 200, "A page of its history.", ANSWER_PAGE, &history_schema } },
};

/* -- a decision -------------------------------------------------------------------------------- */

static void print_operator(struct buf *json, const struct link *link, const struct seat *seat, bool is_first)
{
	buf_string(json, is_first ? "{\"operator_id\":" : ",{\"operator_id\":");
	buf_int(json, seat->operator_id);
	buf_string(json, ",\"weight\":");
	buf_thousandths(json, link->weight);
	buf_string(json, ",\"load\":");
	buf_int(json, seat->load);
	buf_string(json, ",\"limit\":");
	buf_int(json, seat->limit);
}

static void print_strategy_state(struct buf *json, const struct decision *decision, const struct roster *roster,
				 size_t seat, int ordinal)
{
	int last_ordinal;

	if (decision->strategy == STRATEGY_SMOOTH_WEIGHTED) {
		buf_string(json, ",\"credit\":");
		buf_thousandths(json, roster->links[seat].credit);
	}
	if (decision->strategy != STRATEGY_LEAST_RECENT)
		return;
	last_ordinal = decision_last_ordinal(decision, seat, ordinal);
	buf_string(json, ",\"last_contact_id\":");
	if (decision->seats[seat].last_contact_id)
		buf_int(json, decision->seats[seat].last_contact_id);
	else
		buf_string(json, "null");
	buf_string(json, ",\"last_ordinal\":");
	if (last_ordinal >= 0)
		buf_int(json, last_ordinal);
	else
		buf_string(json, "null");
}

static void print_operators(struct buf *json, const struct decision *decision, const struct roster *roster, int ordinal)
{
	bool is_first = true;

	buf_string(json, ",\"candidates\":[");
	for (size_t i = 0; i < roster->link_count; i++) {
		if (!link_is_candidate(roster, &roster->links[i]))
			continue;
		print_operator(json, &roster->links[i], &roster->seats[i], is_first);
		print_strategy_state(json, decision, roster, i, ordinal);
		buf_char(json, '}');
		is_first = false;
	}
	is_first = true;
	buf_string(json, "],\"excluded\":[");
	for (size_t i = 0; i < roster->link_count; i++) {
		enum waiting_reason exclusion = link_exclusion(roster, &roster->links[i]);

		if (!exclusion)
			continue;
		print_operator(json, &roster->links[i], &roster->seats[i], is_first);
		buf_printf(json, ",\"reason\":\"%s\"}", waiting_reason_name(exclusion));
		is_first = false;
	}
	buf_char(json, ']');
}

/* Of the statement's answer. */
enum { ID, AT, KIND, FROM, TO, ACTOR, REASON, SOURCE_ID, ORDINAL, DRAW, DECISION };

static void print_decision(struct buf *json, struct arena *arena, const struct rows *rows, int row)
{
	int ordinal = (int)row_int(rows, row, ORDINAL);
	struct decision decision;
	struct roster roster;

	if (!decision_read(arena, rows, row, DECISION, row_int(rows, row, SOURCE_ID), &decision)) {
		buf_string(json, "null");
		return;
	}
	roster = decision_roster(arena, &decision);
	decision_at(&decision, ordinal, &roster);
	buf_printf(json,
		   "{\"strategy\":\"%s\",\"is_sticky\":%s,\"ordinal\":%d,\"draw\":", strategy_name(decision.strategy),
		   text_equals(row_text(rows, row, REASON), TEXT("sticky")) ? "true" : "false", ordinal);
	if (row_is_null(rows, row, DRAW))
		buf_string(json, "null");
	else
		buf_thousandths(json, row_int(rows, row, DRAW));
	buf_string(json, ",\"range\":");
	buf_thousandths(json, decision_range(&roster));
	print_operators(json, &decision, &roster, ordinal);
	buf_char(json, '}');
}

/* -- the page ---------------------------------------------------------------------------------- */

static void print_id(struct buf *json, const char *name, const struct rows *rows, int row, int column)
{
	buf_printf(json, ",\"%s\":", name);
	if (row_is_null(rows, row, column))
		buf_string(json, "null");
	else
		buf_int(json, row_int(rows, row, column));
}

static void print_row(struct buf *json, const struct rows *rows, int row)
{
	struct arena *arena = arena_new();

	buf_string(json, "{\"at\":");
	buf_json(json, row_text(rows, row, AT));
	buf_string(json, ",\"kind\":");
	buf_json(json, row_text(rows, row, KIND));
	print_id(json, "from", rows, row, FROM);
	print_id(json, "to", rows, row, TO);
	print_id(json, "operator_id", rows, row, row_is_null(rows, row, TO) ? FROM : TO);
	buf_string(json, ",\"actor\":");
	buf_json(json, row_text(rows, row, ACTOR));
	buf_string(json, ",\"reason\":");
	buf_json_or_null(json, row_text(rows, row, REASON));
	buf_string(json, ",\"decision\":");
	print_decision(json, arena, rows, row);
	buf_char(json, '}');
	arena_free(&arena);
}

static void print_page(struct buf *json, struct request *request, const struct rows *rows)
{
	int64_t limit = request_checked(request)->query[LIMIT].integer;
	int count = row_is_null(rows, 0, ID) ? 0 : rows_count(rows), row = 0;

	buf_string(json, "{\"items\":[");
	for (; row < count && row < limit && json->length < PAGE_BYTES; row++) {
		if (row)
			buf_char(json, ',');
		print_row(json, rows, row);
	}
	buf_string(json, "],\"next_cursor\":");
	if (row < count)
		buf_printf(json, "\"%s\"}",
			   cursor_print(request_arena(request), LIST_NAME, row_int(rows, row - 1, ID)));
	else
		buf_string(json, "null}");
}

static void on_history(void *context, const struct db_failure *failure, const struct rows *rows)
{
	struct request *request = context;
	struct buf json;

	if (failure->error) {
		respond_failure(request, failure, NULL);
		return;
	}
	if (rows_count(rows) == 0) {
		reply_problem(request, &problem_not_found, NULL);
		return;
	}
	buf_init(&json);
	print_page(&json, request, rows);
	reply_json_take(request, 200, &json);
	buf_done(&json);
}

void contacts_history(struct request *request)
{
	struct api *api = request_world(request);
	const struct value *query = request_checked(request)->query;
	struct args *args = respond_page_args(request, &query[LIMIT], &query[CURSOR], false);

	args_int(args, request_path_number(request, 0));
	pool_read(api->pool, Q_CONTACT_HISTORY, args, on_history, request);
}
