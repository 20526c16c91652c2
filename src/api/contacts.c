/* Contacts: single inquiries. Creating one is the reason why this service exists. */
#include "api/internal.h"
#include "api/problems.h"

#include <inttypes.h>
#include <stdio.h>

const char *const contact_statuses[] = { "active", "waiting", "closed", NULL };

/* -- what a client gives ----------------------------------------------------------------------- */

enum { EXTERNAL_ID, SOURCE_ID, MESSAGE, PAYLOAD, LEAD };
enum { LEAD_NAME, LEAD_PHONE, LEAD_EMAIL };

static const struct schema lead_members_schema = { "LeadMembers",
						   "What the contact says of its lead: the members given replace "
						   "the lead's, null clears one.",
						   SCHEMA_CHANGE, lead_input_fields };

static const struct field draft_fields[] = {
	[EXTERNAL_ID] = { "lead_external_id", FIELD_EXACT, FIELD_REQUIRED, 1, 255,
			  .help = "Who makes contact: the id that the outside world gives the lead. The lead is "
				  "made when it is new.",
			  .example = "\"tg:123456789\"" },
	[SOURCE_ID] = { "source_id", FIELD_ID, FIELD_REQUIRED, .help = "Where the contact comes from.",
			.example = "1" },
	[MESSAGE] = { "message", FIELD_TEXT, FIELD_NULLABLE, 0, 10000, .help = "What the lead said.",
		      .example = "\"Good morning, is the flat still free?\"" },
	[PAYLOAD] = { "payload", FIELD_JSON, FIELD_NULLABLE, 0, 65536,
		      .help = "Whatever else the source knows. Numbers fit 64 bits; others are sent as text.",
		      .example = "{\"campaign\": \"spring\"}" },
	[LEAD] = { "lead", FIELD_OBJECT, .schema = &lead_members_schema, .help = "Changes of the lead itself." },
	{ 0 },
};

static const struct schema draft_schema = { "ContactDraft", "A contact that comes in.", SCHEMA_DRAFT, draft_fields };

static const char *const waiting_reasons[] = { "no_operators", "inactive", "full", "weight_zero", "released", NULL };

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
		  "a weight are inactive, those who are active are full, all weights are zero; or it was released.",
	  .example = "null" },
	{ "waiting_seconds", FIELD_INTEGER, FIELD_OPTIONAL, 0, INT64_MAX,
	  .help = "In a list with status=waiting only. Since it came in.", .example = "0" },
	{ 0 },
};

const struct schema contact_schema = { "Contact", "A single inquiry of a lead through a source.", SCHEMA_ANSWER,
				       answer_fields };

/* -- create ------------------------------------------------------------------------------------ */

const struct endpoint contacts_create_endpoint = {
	.id = "createContact",
	.tag = "Contacts",
	.summary = "Take in a contact",
	.about = "Recognises the lead by its external id, or makes it, and hands the contact to one operator of the "
		 "source: at random in proportion to the weights, among those who are active and below their limit. "
		 "When nobody is available the contact is stored all the same, with status waiting.",
	.body = &draft_schema,
	.answers = { { 201, "The contact was stored.", ANSWER_OBJECT, &contact_schema, ANSWER_HAS_LOCATION } },
	.problems = { &problem_not_found },
};

/* As sql/fragments/contact_columns.sql prints it; a test holds the two together. */
static void print_new_contact(struct buf *json, const struct contact_draft *draft, const struct contact_result *result)
{
	bool is_assigned = result->operator_id != 0;

	buf_string(json, "{\"id\":");
	buf_int(json, result->id);
	buf_string(json, ",\"lead_id\":");
	buf_int(json, result->lead_id);
	buf_string(json, ",\"lead_external_id\":");
	buf_json(json, draft->external_id);
	buf_string(json, ",\"source_id\":");
	buf_int(json, draft->source_id);
	buf_string(json, ",\"operator_id\":");
	if (is_assigned)
		buf_int(json, result->operator_id);
	else
		buf_string(json, "null");
	buf_string(json, is_assigned ? ",\"status\":\"active\",\"message\":" : ",\"status\":\"waiting\",\"message\":");
	buf_json_or_null(json, draft->message);
	buf_string(json, ",\"payload\":");
	buf_text(json, draft->payload.at ? draft->payload : TEXT("null"));
	buf_string(json, ",\"created_at\":\"");
	buf_string(json, result->created_at);
	buf_string(json, "\",\"assigned_at\":");
	buf_json_or_null(json, text_of(is_assigned ? result->created_at : NULL));
	buf_string(json, ",\"closed_at\":null,\"version\":1}");
}

static void on_created(struct queued_draft *queued, enum draft_outcome outcome)
{
	struct request *request = queued->context;
	struct buf json;
	char location[64] = "/api/v1/contacts/";

	switch (outcome) {
	case DRAFT_STORED:
		snprintf(location + strlen(location), sizeof(location) - strlen(location), "%" PRId64,
			 queued->result.id);
		reply_header(request, "Location", location);
		buf_init(&json);
		print_new_contact(&json, &queued->draft, &queued->result);
		reply_json_take(request, 201, &json);
		buf_done(&json);
		return;
	case DRAFT_UNKNOWN_SOURCE:
		reply_problem(request, &problem_not_found, "There is no source %" PRId64 ".", queued->draft.source_id);
		return;
	case DRAFT_REFUSED:
		reply_problem(request, &problem_unstorable, NULL);
		return;
	case DRAFT_UNAVAILABLE:
		reply_problem(request, &problem_unavailable, "The contact was not stored: the database is away.");
		return;
	case DRAFT_BUSY:
		reply_problem(request, &problem_unavailable,
			      "The contact was not stored: something that it needs is held locked, or too many "
			      "wait before it.");
		return;
	case DRAFT_OUTCOME_UNKNOWN:
		reply_problem(request, &problem_outcome_unknown, NULL);
		return;
	case DRAFT_FAILED:
		reply_problem(request, &problem_internal, NULL);
		return;
	}
}

static struct lead_member member_of(const struct value *lead, int member)
{
	if (!lead->members)
		return (struct lead_member){ 0 };
	return (struct lead_member){ lead->members[member].is_given, lead->members[member].text };
}

void contacts_create(struct request *request)
{
	struct api *api = request_world(request);
	const struct value *body = request_checked(request)->body;
	struct queued_draft *queued = arena_alloc(request_arena(request), 1, sizeof(*queued));

	queued->done = on_created;
	queued->context = request;
	queued->draft = (struct contact_draft){
		.external_id = body[EXTERNAL_ID].text,
		.source_id = body[SOURCE_ID].integer,
		.message = body[MESSAGE].text,
		.payload = body[PAYLOAD].text,
		.name = member_of(&body[LEAD], LEAD_NAME),
		.phone = member_of(&body[LEAD], LEAD_PHONE),
		.email = member_of(&body[LEAD], LEAD_EMAIL),
	};
	if (!intake_submit(api->intake, queued))
		reply_problem(request, &problem_unavailable,
			      "The contact was not stored: the line is full, or the database is away.");
}

/* -- list, read -------------------------------------------------------------------------------- */

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

const struct endpoint contacts_list_endpoint = {
	.id = "listContacts",
	.tag = "Contacts",
	.summary = "List contacts",
	.about = "Newest first; with status=waiting oldest first, each with waiting_reason and waiting_seconds.",
	.query = list_query,
	.list = NEWEST_FIRST "|" OLDEST_FIRST,
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
	bool is_waiting = text_equals(query[STATUS].text, TEXT("waiting")) && (is_none || !operator->is_given);
	struct faults *faults;
	struct args *args;

	if (query[CURSOR].is_given && !cursor_read(is_waiting ? OLDEST_FIRST : NEWEST_FIRST, query[CURSOR].text)) {
		faults = faults_new(request_arena(request));
		faults_add(faults, "cursor", "is not a cursor of this list");
		reply_faults(request, faults);
		return;
	}
	if (is_waiting) {
		list_waiting(request, query);
		return;
	}
	args = respond_page_args(request, &query[LIMIT], &query[CURSOR], true);
	args_value(args, &query[STATUS]);
	if (operator->is_given && !is_none)
		args_int(args, operator->integer);
	else
		args_null(args);
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
