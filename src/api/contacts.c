/* Contacts: single inquiries, as they are shown and listed. */
#include "api/internal.h"
#include "api/problems.h"

#include <inttypes.h>

const char *const contact_statuses[] = { "active", "waiting", "closed", NULL };

/* -- what is shown ----------------------------------------------------------------------------- */

static const char *const waiting_reasons[] = {
	"no_operators", "inactive", "full", "weight_zero", "queued", "released", NULL,
};

static const struct field answer_fields[] = {
	{ "id", FIELD_ID, .help = "Never reused.", .example = "42" },
	{ "lead_id", FIELD_ID, .help = "Whose contact it is.", .example = "5" },
	{ "lead_external_id", FIELD_EXACT, 0, 1, 255, .help = "The same, as the outside world names it.",
	  .example = "\"tg:123456789\"" },
	{ "source_id", FIELD_ID, .help = "Where it came from.", .example = "1" },
	{ "operator_id", FIELD_ID, FIELD_NULLABLE, .help = "Who holds it, or held it last; null: nobody yet.",
	  .example = "1" },
	{ "status", FIELD_CHOICE, .choices = contact_statuses,
	  .help = "active: an operator holds it and it counts in the load; waiting: nobody was available; "
		  "closed: done.",
	  .example = "\"active\"" },
	{ "message", FIELD_TEXT, FIELD_NULLABLE, 0, 10000, .help = "What the lead said.",
	  .example = "\"Good morning, is the flat still free?\"" },
	{ "payload", FIELD_JSON, FIELD_NULLABLE, .help = "Whatever else the source knows.",
	  .example = "{\"campaign\": \"spring\"}" },
	{ "created_at", FIELD_TIME, .help = "When it came in.", .example = "\"2026-01-31T09:00:00.000000Z\"" },
	{ "assigned_at", FIELD_TIME, FIELD_NULLABLE, .help = "When its operator got it.",
	  .example = "\"2026-01-31T09:00:00.000000Z\"" },
	{ "closed_at", FIELD_TIME, FIELD_NULLABLE, .help = "When it was closed.", .example = "null" },
	{ "version", FIELD_INTEGER, 0, 1, INT32_MAX, .help = "Grows with each change; also the ETag.", .example = "1" },
	{ "waiting_reason", FIELD_CHOICE, FIELD_NULLABLE | FIELD_OPTIONAL, .choices = waiting_reasons,
	  .help = "In a list with status=waiting only. Why nobody could take it: the source has no_operators, all with "
		  "a weight are inactive, those who are active are full, all weights are zero; queued: older "
		  "ones go first; or it was released.",
	  .example = "null" },
	{ "waiting_seconds", FIELD_INTEGER, FIELD_OPTIONAL, 0, INT64_MAX,
	  .help = "In a list with status=waiting only. Since it came in.", .example = "0" },
	{ 0 },
};

const struct schema contact_schema = { "Contact", "A single inquiry of a lead through a source.", SCHEMA_ANSWER,
				       answer_fields };

/* -- list -------------------------------------------------------------------------------------- */

enum { LIMIT, CURSOR, STATUS, FILTER_OPERATOR, FILTER_SOURCE, FILTER_LEAD, CREATED_FROM, CREATED_TO };

static const struct field list_query[] = {
	[LIMIT] = FIELD_OF_LIMIT,
	[CURSOR] = FIELD_OF_CURSOR,
	[STATUS] = { "status", FIELD_CHOICE, .choices = contact_statuses,
		     .help = "Only those; waiting lists the oldest first, with waiting_reason and waiting_seconds.",
		     .example = "\"waiting\"" },
	[FILTER_OPERATOR] = { "operator_id", FIELD_ID_OR_NONE, .help = "Only this operator's, or none's.",
			      .example = "1" },
	[FILTER_SOURCE] = { "source_id", FIELD_ID, .help = "Only from this source.", .example = "1" },
	[FILTER_LEAD] = { "lead_id", FIELD_ID, .help = "Only of this lead.", .example = "5" },
	[CREATED_FROM] = { "created_from", FIELD_TIME, .help = "Created at that time or later.",
			   .example = "\"2026-01-31T00:00:00Z\"" },
	[CREATED_TO] = { "created_to", FIELD_TIME, .help = "Created before that time.",
			 .example = "\"2026-02-01T00:00:00Z\"" },
	{ 0 },
};

/* The names that cursors carry: a page of one order cannot be gone on with in the other. */
#define NEWEST_FIRST "contacts"
#define OLDEST_FIRST "waiting"

/* Whether the oldest come first: those that wait, of whatever operator but one. */
static bool is_of_waiting(const struct value *query)
{
	const struct value *operator= & query[FILTER_OPERATOR];

	return text_equals(query[STATUS].text, TEXT("waiting")) && (!operator->is_given || operator->integer == 0);
}

/* One that is a cursor of neither has been noted. */
static void check_cursor(const struct value *query, struct faults *faults)
{
	const char *other = is_of_waiting(query) ? NEWEST_FIRST : OLDEST_FIRST;

	if (query[CURSOR].is_given && cursor_read(other, query[CURSOR].text))
		faults_add(faults, "cursor", "is not a cursor of this list");
}

const struct endpoint contacts_list_endpoint = {
	.id = "listContacts",
	.tag = "Contacts",
	.summary = "List contacts",
	.about = "Newest first; with status=waiting oldest first, each with waiting_reason and waiting_seconds.",
	.query = list_query,
	.list = NEWEST_FIRST "|" OLDEST_FIRST,
	.check_query = check_cursor,
	.answers = { { 200, "A page of contacts.", ANSWER_PAGE, &contact_schema } },
};

/* A waiting contact has no operator, so that filter either changes nothing or leaves nothing. */
static void list_waiting(struct request *request, const struct value *query)
{
	struct args *args = respond_page_args(request, &query[LIMIT], &query[CURSOR], false);

	args_value_int(args, &query[FILTER_SOURCE]);
	args_value_int(args, &query[FILTER_LEAD]);
	args_value(args, &query[CREATED_FROM]);
	args_value(args, &query[CREATED_TO]);
	respond_page(request, OLDEST_FIRST, Q_CONTACT_LIST_WAITING, args);
}

void contacts_list(struct request *request)
{
	const struct value *query = request_checked(request)->query;
	const struct value *operator= & query[FILTER_OPERATOR];
	bool is_none = operator->is_given && operator->integer == 0;
	int64_t own = guard_operator(request);
	struct args *args;

	if (own && operator->is_given && operator->integer != own) {
		reply_problem(request, &problem_forbidden, GUARD_OPERATOR_RULE, own);
		return;
	}
	if (!own && is_of_waiting(query)) {
		list_waiting(request, query);
		return;
	}
	args = respond_page_args(request, &query[LIMIT], &query[CURSOR], true);
	args_value(args, &query[STATUS]);
	args_int_or_null(args, own ? own : operator->integer);
	if (is_none)
		args_bool(args, true);
	else
		args_null(args);
	args_value_int(args, &query[FILTER_SOURCE]);
	args_value_int(args, &query[FILTER_LEAD]);
	args_value(args, &query[CREATED_FROM]);
	args_value(args, &query[CREATED_TO]);
	respond_page(request, NEWEST_FIRST, Q_CONTACT_LIST, args);
}
