/* A single contact: read, close, reopen, edit. */
#include "api/internal.h"
#include "api/problems.h"

#include <inttypes.h>
#include <stdio.h>

enum { STATUS, MESSAGE, PAYLOAD };

static const char *const given_statuses[] = { "active", "closed", NULL };

static const struct field change_fields[] = {
	[STATUS] = { "status", FIELD_CHOICE, .choices = given_statuses,
		     .help = "closed frees the operator's place, once, however often it is sent. active reopens a "
			     "closed contact with its operator, if that one is active and has room; without an "
			     "operator it waits again.",
		     .example = "\"closed\"" },
	[MESSAGE] = { "message", FIELD_TEXT, FIELD_NULLABLE, 0, 10000, .help = "What the lead said.",
		      .example = "\"Good morning, is the flat still free?\"" },
	[PAYLOAD] = { "payload", FIELD_JSON, FIELD_NULLABLE, 0, 65536, .help = "Replaces it as a whole.",
		      .example = "{\"campaign\": \"spring\"}" },
	{ 0 },
};

static const struct schema change_schema = { "ContactChange", "What is to be changed of a contact.", SCHEMA_CHANGE,
					     change_fields };

void reply_version(struct request *request, int64_t version)
{
	reply_header(request, "ETag", arena_printf(request_arena(request), "\"%" PRId64 "\"", version));
}

/* Source: RFC 9110, 13.1.1: "*" or a list of entity tags, compared strongly. */
bool version_is_wanted(const struct request *request, int64_t version)
{
	const char *if_match = request_header(request, "If-Match");
	char wanted[32];
	size_t length = (size_t)snprintf(wanted, sizeof(wanted), "\"%" PRId64 "\"", version);

	if (!if_match)
		return true;
	while (*if_match) {
		size_t item = strcspn(if_match, ",");
		size_t end = item;

		while (end && (if_match[end - 1] == ' ' || if_match[end - 1] == '\t'))
			end--;
		if ((end == 1 && *if_match == '*') || (end == length && memcmp(if_match, wanted, length) == 0))
			return true;
		if_match += item;
		if_match += strspn(if_match, ", \t");
	}
	return false;
}

/* -- read -------------------------------------------------------------------------------------- */

const struct endpoint contacts_read_endpoint = {
	.id = "readContact",
	.tag = "Contacts",
	.summary = "Read a contact",
	.answers = { { 200, "The contact.", ANSWER_OBJECT, &contact_schema, ANSWER_HAS_ETAG } },
};

static void on_read(void *context, const struct db_failure *failure, const struct rows *rows)
{
	struct request *request = context;

	if (failure->error) {
		respond_failure(request, failure, NULL);
		return;
	}
	if (rows_count(rows) == 0) {
		reply_problem(request, &problem_not_found, NULL);
		return;
	}
	reply_version(request, row_int(rows, 0, 1));
	reply_json(request, 200, row_text(rows, 0, 0));
}

void contacts_read(struct request *request)
{
	struct api *api = request_world(request);
	struct args *args = respond_path_args(request, 1);

	args_int_or_null(args, guard_operator(request));
	pool_read(api->pool, Q_CONTACT_READ, args, on_read, request);
}

/* -- change ------------------------------------------------------------------------------------ */

const struct endpoint contacts_change_endpoint = {
	.id = "changeContact",
	.tag = "Contacts",
	.summary = "Close, reopen or edit a contact",
	.about = "Members that are not given stay as they are. With If-Match nothing is changed unless the version is "
		 "that one.",
	.body = &change_schema,
	.body_example = "{\"status\":\"closed\"}",
	.takes_if_match = true,
	.answers = { { 200, "The contact as it is now.", ANSWER_OBJECT, &contact_schema, ANSWER_HAS_ETAG } },
	.problems = { &problem_conflict, &problem_version_mismatch },
};

/* The contact as it was found under its lock; what the change makes of it. */
struct change {
	const char *status; /* to be set; NULL: it stays */
	int read;           /* which statement reads it again */
};

enum { CONTACT, SEAT_LOAD, SEAT };
enum { VERSION, HELD_STATUS, HOLDER }; /* columns of the contact */

static void ask_lock(struct flow *flow)
{
	const struct operation *operation = flow_context(flow);
	struct args id = flow_args(flow);

	args_int(&id, request_path_number(operation->request, 0));
	flow_ask(flow, Q_CONTACT_LOCK, &id);
	if (!operation->input[STATUS].is_given)
		return; /* an edit is no business of the load */
	flow_ask(flow, Q_CONTACT_SEAT_LOCK, &id);
	flow_ask(flow, Q_CONTACT_SEAT, &id);
}

static bool refuse(struct operation *operation, const struct problem *problem, const char *detail)
{
	operation->problem = problem;
	operation->detail = detail;
	return false;
}

/* Whether the contact's operator may have it again. */
static bool has_room(const struct flow *flow, struct operation *operation)
{
	const struct rows *load = flow_rows(flow, SEAT_LOAD), *seat = flow_rows(flow, SEAT);
	bool is_active = row_bool(seat, 0, 0);

	if (is_active && rows_count(load) && row_int(load, 0, 0) < row_int(seat, 0, 1))
		return true;
	return refuse(operation, &problem_conflict,
		      arena_printf(request_arena(operation->request),
				   "Operator %" PRId64 " (%s), whose contact it was, is %s.", row_int(seat, 0, 2),
				   row_text(seat, 0, 3).at, is_active ? "full" : "inactive"));
}

/* Whether the contact may take the status that was asked for, and which one it takes. */
static bool plan_status(struct flow *flow, struct operation *operation, struct change *change)
{
	const struct rows *contact = flow_rows(flow, CONTACT);
	struct text wanted = operation->input[STATUS].text, now = row_text(contact, 0, HELD_STATUS);

	change->status = NULL;
	if (!operation->input[STATUS].is_given || text_equals(wanted, now))
		return true;
	if (text_equals(wanted, TEXT("closed"))) {
		change->status = "closed";
		return true;
	}
	if (text_equals(now, TEXT("waiting")))
		return refuse(operation, &problem_conflict,
			      "The contact waits for an operator; it becomes active when one is assigned.");
	if (row_is_null(contact, 0, HOLDER)) {
		change->status = "waiting";
		return true;
	}
	if (!has_room(flow, operation))
		return false;
	change->status = "active";
	return true;
}

/* Others' contacts are none for an operator's key. */
static bool is_own(const struct operation *operation, const struct rows *contact)
{
	int64_t own = guard_operator(operation->request);

	return !own || row_int(contact, 0, HOLDER) == own;
}

static enum flow_next read_lock(struct flow *flow)
{
	struct operation *operation = flow_context(flow);
	struct change *change = operation->extra;
	const struct rows *contact = flow_rows(flow, CONTACT);

	if (rows_count(contact) == 0 || !is_own(operation, contact)) {
		refuse(operation, &problem_not_found, NULL);
		return FLOW_ROLLBACK;
	}
	if (!version_is_wanted(operation->request, row_int(contact, 0, VERSION))) {
		refuse(operation, &problem_version_mismatch, NULL);
		return FLOW_ROLLBACK;
	}
	return plan_status(flow, operation, change) ? FLOW_NEXT : FLOW_ROLLBACK;
}

static void ask_update(struct flow *flow)
{
	const struct operation *operation = flow_context(flow);
	const struct api *api = request_world(operation->request);
	struct change *change = operation->extra;
	struct args update = flow_args(flow), id = flow_args(flow);

	args_int(&id, request_path_number(operation->request, 0));
	args_null(&id); /* it was looked at under its lock */
	args_int(&update, request_path_number(operation->request, 0));
	args_text(&update, text_of(change->status));
	args_bool(&update, operation->input[MESSAGE].is_given);
	args_value(&update, &operation->input[MESSAGE]);
	args_bool(&update, operation->input[PAYLOAD].is_given);
	args_value(&update, &operation->input[PAYLOAD]);
	change->read = feed_ask(flow, api->feed) + guard_sign(flow, operation->request) + 1;
	flow_ask(flow, Q_CONTACT_UPDATE, &update);
	flow_ask(flow, Q_CONTACT_READ, &id);
}

static enum flow_next read_update(struct flow *flow)
{
	struct operation *operation = flow_context(flow);
	const struct change *change = operation->extra;

	operation_take_json(operation, flow_rows(flow, change->read));
	operation->version = row_int(flow_rows(flow, change->read), 0, 1);
	return FLOW_NEXT;
}

static const struct flow_step change_steps[] = {
	{ "lock", ask_lock, read_lock },
	{ "update", ask_update, read_update },
	{ 0 },
};

static void finish_change(struct operation *operation)
{
	if (operation->json.at)
		reply_version(operation->request, operation->version);
	operation_reply(operation);
}

/* An operator is done with a contact or notes what was said; all else is for those who supervise. */
static bool is_for_operators(const struct value *body)
{
	bool reopens = body[STATUS].is_given && !text_equals(body[STATUS].text, TEXT("closed"));

	return !reopens && !body[PAYLOAD].is_given;
}

void contacts_change(struct request *request)
{
	struct operation *operation = operation_new(request, NULL, finish_change);

	if (guard_operator(request) && !is_for_operators(operation->input)) {
		reply_problem(request, &problem_forbidden,
			      "An operator's key closes contacts and edits their messages.");
		return;
	}
	operation->extra = arena_alloc(request_arena(request), 1, sizeof(struct change));
	operation_start(operation, change_steps);
}
