/* Taking in a contact: the reason why this service exists. What one of many shares with a single one is here too. */
#include "api/internal.h"
#include "api/problems.h"

#include <inttypes.h>

/* -- what a client gives ----------------------------------------------------------------------- */

enum { EXTERNAL_ID, SOURCE_ID, MESSAGE, PAYLOAD, LEAD };
enum { LEAD_NAME, LEAD_PHONE, LEAD_EMAIL };

static const struct schema lead_members_schema = { "LeadMembers",
						   "What the contact says of its lead: the members given replace "
						   "the lead's, null clears one.",
						   SCHEMA_CHANGE, lead_input_fields };

/* A single contact's fields are the same without the first. */
static const struct field row_fields[] = {
	[CONTACT_ROW_KEY] = { "idempotency_key", FIELD_VISIBLE, 0, 1, 255,
			      .help = "As the header Idempotency-Key of a single contact; the keys are the same." },
	[CONTACT_ROW_DRAFT + EXTERNAL_ID] = { "lead_external_id", FIELD_EXACT, FIELD_REQUIRED, 1, 255,
					      .help = "Who makes contact: the id that the outside world gives the "
						      "lead. The lead is made when it is new.",
					      .example = "\"tg:123456789\"" },
	[CONTACT_ROW_DRAFT + SOURCE_ID] = { "source_id", FIELD_ID, FIELD_REQUIRED,
					    .help = "Where the contact comes from.", .example = "1" },
	[CONTACT_ROW_DRAFT + MESSAGE] = { "message", FIELD_TEXT, FIELD_NULLABLE, 0, 10000,
					  .help = "What the lead said.",
					  .example = "\"Good morning, is the flat still free?\"" },
	[CONTACT_ROW_DRAFT + PAYLOAD] = { "payload", FIELD_JSON, FIELD_NULLABLE, 0, 65536,
					  .help = "Whatever else the source knows. Numbers fit 64 bits; others are "
						  "sent as text.",
					  .example = "{\"campaign\": \"spring\"}" },
	[CONTACT_ROW_DRAFT +
		LEAD] = { "lead", FIELD_OBJECT, .schema = &lead_members_schema, .help = "Changes of the lead itself." },
	{ 0 },
};

static const struct schema draft_schema = { "ContactDraft", "A contact that comes in.", SCHEMA_DRAFT,
					    row_fields + CONTACT_ROW_DRAFT };

const struct schema contact_row_schema = { "ContactRow", "A contact that comes in, one of many.", SCHEMA_DRAFT,
					   row_fields };

static struct lead_member member_of(const struct value *lead, int member)
{
	if (!lead->members)
		return (struct lead_member){ 0 };
	return (struct lead_member){ lead->members[member].is_given, lead->members[member].text };
}

struct contact_draft contact_draft_of(const struct value *values, struct text key)
{
	return (struct contact_draft){
		.external_id = values[EXTERNAL_ID].text,
		.source_id = values[SOURCE_ID].integer,
		.message = values[MESSAGE].text,
		.payload = values[PAYLOAD].text,
		.name = member_of(&values[LEAD], LEAD_NAME),
		.phone = member_of(&values[LEAD], LEAD_PHONE),
		.email = member_of(&values[LEAD], LEAD_EMAIL),
		.key = key,
	};
}

/* -- what comes of it -------------------------------------------------------------------------- */

/* As sql/fragments/contact_columns.sql prints it; a test holds the two together. */
void contact_print(struct buf *json, const struct contact_draft *draft, const struct contact_result *result)
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

struct text contact_render(const struct queued_draft *queued)
{
	struct text answer;
	struct buf json;

	buf_init(&json);
	contact_print(&json, &queued->draft, &queued->result);
	answer = (struct text){ arena_copy(queued->arena, json.bytes, json.length), json.length };
	buf_done(&json);
	return answer;
}

const struct problem *contact_refusal(const struct contact_draft *draft, enum draft_outcome outcome,
				      struct arena *arena, const char **detail_out)
{
	*detail_out = NULL;
	switch (outcome) {
	case DRAFT_KEY_REUSED:
		*detail_out = "The contact was not stored: its idempotency key came before with another contact.";
		return &problem_key_reused;
	case DRAFT_UNKNOWN_SOURCE:
		*detail_out = arena_printf(arena, "There is no source %" PRId64 ".", draft->source_id);
		return &problem_not_found;
	case DRAFT_REFUSED:
		return &problem_unstorable;
	case DRAFT_UNAVAILABLE:
		*detail_out = "The contact was not stored: the database is away.";
		return &problem_unavailable;
	case DRAFT_BUSY:
		*detail_out = draft->key.at ? "The contact was not stored: a first attempt with its key may still be "
					      "running, something that it needs is held locked, or too many wait "
					      "before it."
					    : "The contact was not stored: something that it needs is held locked, or "
					      "too many wait before it.";
		return &problem_unavailable;
	case DRAFT_OUTCOME_UNKNOWN:
		return &problem_outcome_unknown;
	case DRAFT_STORED: /* no refusals */
	case DRAFT_REPLAYED:
	case DRAFT_FAILED:
		break;
	}
	return &problem_internal;
}

/* -- one --------------------------------------------------------------------------------------- */

static const char line_full[] = "The contact was not stored: too many wait before it, or the database is away.";

/* Under overload most are turned away, so that has to cost little. */
static const char *turn_away(const struct request *request)
{
	const struct api *api = request_world(request);

	return intake_has_room(api->intake) ? NULL : line_full;
}

const struct endpoint contacts_create_endpoint = {
	.id = "createContact",
	.tag = "Contacts",
	.summary = "Take in a contact",
	.about = "Recognises the lead by its external id, or makes it, and hands the contact to one operator of the "
		 "source: at random in proportion to the weights, among those who are active and below their limit. "
		 "When nobody is available the contact is stored all the same, with status waiting.\n\n"
		 "With an Idempotency-Key the request may be repeated until it is answered: the contact is stored "
		 "once, and the first answer is given again, byte for byte, for 24 hours. A request that was refused "
		 "does not use the key up.",
	.body = &draft_schema,
	.takes_idempotency_key = true,
	.turn_away = turn_away,
	.answers = { { 201, "The contact was stored, now or with an earlier request of the same key.", ANSWER_OBJECT,
		       &contact_schema, ANSWER_HAS_LOCATION | ANSWER_MAY_BE_REPLAYED } },
	.problems = { &problem_not_found, &problem_key_reused },
};

static const char contacts_path[] = "/api/v1/contacts/";

/* Path and id end where the room does. */
static const char *print_path(int64_t id, char room[sizeof(contacts_path) + INT_CHARACTERS])
{
	char *path = int_print(id, room + sizeof(contacts_path)) - (sizeof(contacts_path) - 1);

	return memcpy(path, contacts_path, sizeof(contacts_path) - 1);
}

static void reply_created(struct request *request, const struct queued_draft *queued)
{
	char room[sizeof(contacts_path) + INT_CHARACTERS];
	struct buf json;

	reply_header(request, "Location", print_path(queued->result.id, room));
	if (queued->draft.key.at) {
		reply_json(request, 201, queued->answer);
		return;
	}
	buf_init(&json);
	contact_print(&json, &queued->draft, &queued->result);
	reply_json_take(request, 201, &json);
	buf_done(&json);
}

static void on_created(struct queued_draft *queued, enum draft_outcome outcome)
{
	struct request *request = queued->context;
	const struct problem *problem;
	const char *detail;

	if (outcome == DRAFT_REPLAYED)
		reply_header(request, "Idempotency-Replayed", "true");
	if (outcome == DRAFT_REPLAYED || outcome == DRAFT_STORED) {
		reply_created(request, queued);
		return;
	}
	problem = contact_refusal(&queued->draft, outcome, request_arena(request), &detail);
	reply_problem_with(request, problem, detail,
			   outcome == DRAFT_KEY_REUSED ? ", \"errors\": [{\"field\": \"Idempotency-Key\", "
							 "\"message\": \"" KEY_REUSED_RULE "\"}]"
						       : NULL);
}

void contacts_create(struct request *request)
{
	struct api *api = request_world(request);
	const struct input *input = request_checked(request);
	struct queued_draft *queued = arena_alloc(request_arena(request), 1, sizeof(*queued));

	queued->done = on_created;
	queued->context = request;
	queued->draft = contact_draft_of(input->body, input->key);
	queued->render = contact_render;
	queued->arena = request_arena(request);
	queued->actor = input->caller->actor;
	if (!guard_allows_source(input->caller, queued->draft.source_id))
		reply_problem(request, &problem_forbidden, GUARD_SOURCE_RULE, input->caller->source_id);
	else if (!intake_submit(api->intake, queued))
		reply_problem(request, &problem_unavailable, "%s", line_full);
}
