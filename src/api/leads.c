/* Leads: people who make contact. They come into being with their first contact. */
#include "api/internal.h"
#include "api/problems.h"

enum { NAME, PHONE, EMAIL };

const struct field lead_input_fields[] = {
	[NAME] = { "name", FIELD_TEXT, FIELD_NULLABLE, 0, 200, .help = "As the client wrote it.",
		   .example = "\"Maria Petrova\"" },
	[PHONE] = { "phone", FIELD_TEXT, FIELD_NULLABLE, 0, 50, .help = "As the client wrote it.",
		    .example = "\"+7 900 000-00-00\"" },
	[EMAIL] = { "email", FIELD_TEXT, FIELD_NULLABLE, 0, 254, .help = "As the client wrote it.",
		    .example = "\"maria@example.com\"" },
	{ 0 },
};

static const struct schema change_schema = { "LeadChange", "What is to be changed of a lead.", SCHEMA_CHANGE,
					     lead_input_fields };

static const struct field answer_fields[] = {
	{ "id", FIELD_ID, .help = "Never reused.", .example = "5" },
	{ "external_id", FIELD_EXACT, 0, 1, 255,
	  .help = "The id that the outside world gives the lead; unique, compared exactly.",
	  .example = "\"tg:123456789\"" },
	{ "name", FIELD_TEXT, FIELD_NULLABLE, 0, 200, .help = "As the client wrote it.",
	  .example = "\"Maria Petrova\"" },
	{ "phone", FIELD_TEXT, FIELD_NULLABLE, 0, 50, .help = "As the client wrote it.",
	  .example = "\"+7 900 000-00-00\"" },
	{ "email", FIELD_TEXT, FIELD_NULLABLE, 0, 254, .help = "As the client wrote it.",
	  .example = "\"maria@example.com\"" },
	{ "contact_count", FIELD_INTEGER, 0, 0, INT64_MAX, .help = "Contacts of any status.", .example = "1" },
	{ "created_at", FIELD_TIME, .help = "When its first contact came.",
	  .example = "\"2026-01-31T09:00:00.000000Z\"" },
	{ "updated_at", FIELD_TIME, .help = "When the lead itself last changed.",
	  .example = "\"2026-01-31T09:00:00.000000Z\"" },
	{ "contacts", FIELD_LIST, 0, 0, 100, .schema = &contact_schema,
	  .help = "Its newest contacts: 10 in a list, 100 for a single lead. The rest: "
		  "GET /api/v1/contacts/?lead_id=" },
	{ 0 },
};

static const struct schema lead_schema = { "Lead", "Somebody who made contact.", SCHEMA_ANSWER, answer_fields };

enum { LIMIT, CURSOR, EXTERNAL_ID, BEGINNING };

static const struct field list_query[] = {
	[LIMIT] = FIELD_OF_LIMIT,
	[CURSOR] = FIELD_OF_CURSOR,
	[EXTERNAL_ID] = { "external_id", FIELD_EXACT, 0, 1, 255, .help = "Exactly this external id.",
			  .example = "\"tg:123456789\"" },
	[BEGINNING] = { "q", FIELD_TEXT, 0, 2, 255,
			.help = "Beginning of the external id, the phone or the email; case is ignored.",
			.example = "\"maria@\"" },
	{ 0 },
};

const struct endpoint leads_list_endpoint = {
	.id = "listLeads",
	.tag = "Leads",
	.summary = "List leads",
	.about = "Newest first, each with its 10 newest contacts.",
	.query = list_query,
	.list = "leads",
	.answers = { { 200, "A page of leads.", ANSWER_PAGE, &lead_schema } },
};

/* What a LIKE pattern gives a meaning to is meant as itself here. */
static struct text escaped_for_like(struct arena *arena, struct text text)
{
	char *escaped = arena_alloc(arena, text.length * 2 + 1, 1);
	size_t length = 0;

	for (size_t i = 0; i < text.length; i++) {
		if (strchr("\\%_", text.at[i]))
			escaped[length++] = '\\';
		escaped[length++] = text.at[i];
	}
	return (struct text){ escaped, length };
}

void leads_list(struct request *request)
{
	const struct value *query = request_checked(request)->query;
	struct args *args = respond_page_args(request, &query[LIMIT], &query[CURSOR], true);

	args_value(args, &query[EXTERNAL_ID]);
	if (query[BEGINNING].is_null)
		args_null(args);
	else
		args_text(args, escaped_for_like(request_arena(request), query[BEGINNING].text));
	respond_page(request, leads_list_endpoint.list, Q_LEAD_LIST, args);
}

const struct endpoint leads_read_endpoint = {
	.id = "readLead",
	.tag = "Leads",
	.summary = "Read a lead",
	.about = "With its 100 newest contacts.",
	.answers = { { 200, "The lead.", ANSWER_OBJECT, &lead_schema } },
};

void leads_read(struct request *request)
{
	struct args *args = respond_path_args(request, 1);

	args_int_or_null(args, guard_operator(request));
	respond_object(request, Q_LEAD_READ, args);
}

const struct endpoint leads_change_endpoint = {
	.id = "changeLead",
	.tag = "Leads",
	.summary = "Change a lead",
	.about = "Members that are not given stay as they are; null clears one.",
	.body = &change_schema,
	.body_example = "{\"phone\":\"+44 20 7946 0958\"}",
	.answers = { { 200, "The lead as it is now.", ANSWER_OBJECT, &lead_schema } },
};

enum { CHANGED, READ };

static void ask_change(struct flow *flow)
{
	const struct operation *operation = flow_context(flow);
	struct args change = flow_args(flow), id = flow_args(flow);

	args_int(&id, request_path_number(operation->request, 0));
	args_int_or_null(&id, guard_operator(operation->request));
	args_int(&change, request_path_number(operation->request, 0));
	for (int member = NAME; member <= EMAIL; member++) {
		args_bool(&change, operation->input[member].is_given);
		args_value(&change, &operation->input[member]);
	}
	flow_ask(flow, Q_LEAD_UPDATE, &change);
	flow_ask(flow, Q_LEAD_READ, &id);
}

static enum flow_next read_change(struct flow *flow)
{
	struct operation *operation = flow_context(flow);

	operation_take_json(operation, flow_rows(flow, READ));
	return FLOW_NEXT;
}

static const struct flow_step change_steps[] = {
	{ "change", ask_change, read_change },
	{ 0 },
};

void leads_change(struct request *request)
{
	operation_start(operation_new(request, NULL, operation_reply), change_steps);
}
