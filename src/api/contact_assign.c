/* Who holds a contact: assigned by hand, chosen again, given back. The work is service/transfer's. */
#include "api/internal.h"
#include "api/problems.h"
#include "service/transfer.h"

#include <inttypes.h>

enum { OPERATOR_ID, FORCE };

static const struct field assign_fields[] = {
	[OPERATOR_ID] = { "operator_id", FIELD_ID,
			  .help = "Who gets the contact; it need not serve the source. Without it the strategy of the "
				  "source chooses.",
			  .example = "1" },
	[FORCE] = { "force", FIELD_BOOLEAN, .fallback = "false",
		    .help = "With operator_id only. Although that operator is inactive or full; history then says "
			    "forced.",
		    .example = "false" },
	{ 0 },
};

static const struct schema assign_schema = { "ContactAssignment", "Who is to hold a contact.", SCHEMA_DRAFT,
					     assign_fields };

static const struct field release_fields[] = { { 0 } };
static const struct schema release_schema = { "ContactRelease", "Nothing is to be said.", SCHEMA_DRAFT,
					      release_fields };

static void check_assign(const struct value *body, struct faults *faults)
{
	if (body[FORCE].is_given && !body[OPERATOR_ID].is_given)
		faults_add(faults, "force", "goes only with operator_id");
}

const struct endpoint contacts_assign_endpoint = {
	.check = check_assign,
	.id = "assignContact",
	.tag = "Contacts",
	.summary = "Assign a contact, or choose again",
	.about = "With operator_id by hand: to whom a waiting contact goes, or an active one is transferred. An "
		 "operator who is inactive or full is refused unless force is true; one who holds the contact already "
		 "keeps it, unchanged. With {} the strategy of the source chooses again, the place of the present "
		 "operator counted as free; who is chosen again keeps the contact, unchanged, and when nobody may take "
		 "it nothing changes. When somebody else assigns the same contact at the same moment, one goes "
		 "through and the other is told who holds it.",
	.body = &assign_schema,
	.takes_if_match = true,
	.answers = { { 200, "The contact as it is now.", ANSWER_OBJECT, &contact_schema, ANSWER_HAS_ETAG } },
	.problems = { &problem_conflict, &problem_version_mismatch },
};

const struct endpoint contacts_release_endpoint = {
	.id = "releaseContact",
	.tag = "Contacts",
	.summary = "Give a contact back to wait",
	.about = "It waits in the place of its age: of an automatic source it is assigned again as soon as somebody "
		 "has room. One that waits stays as it is.",
	.body = &release_schema,
	.is_body_optional = true,
	.takes_if_match = true,
	.answers = { { 200, "The contact as it is now.", ANSWER_OBJECT, &contact_schema, ANSWER_HAS_ETAG } },
	.problems = { &problem_conflict, &problem_version_mismatch },
};

static const char *why_nobody(enum waiting_reason reason)
{
	switch (reason) {
	case WAITING_FULL:
		return "the operators of its source who are active are full";
	case WAITING_INACTIVE:
		return "the operators of its source are inactive";
	case WAITING_WEIGHT_ZERO:
		return "all weights of its source are 0";
	default:
		return "its source has no operators";
	}
}

static void reply_overtaken(struct request *request, const struct transfer_holder *who)
{
	if (who->id)
		reply_problem(request, &problem_conflict,
			      "Somebody was faster: operator %" PRId64
			      " (%s) holds the contact now. Nothing was changed.",
			      who->id, who->name.at);
	else
		reply_problem(request, &problem_conflict,
			      "Somebody was faster: the contact was released and waits. Nothing was changed.");
}

static void reply_outcome(struct request *request, const struct transfer *transfer)
{
	const struct transfer_holder *who = &transfer->who;
	struct faults *faults = faults_new(request_arena(request));

	switch (transfer->outcome) {
	case TRANSFER_DONE:
		reply_version(request, transfer->version);
		reply_json(request, 200, transfer->json);
		return;
	case TRANSFER_UNKNOWN_CONTACT:
		reply_problem(request, &problem_not_found, NULL);
		return;
	case TRANSFER_UNKNOWN_OPERATOR:
		faults_add(faults, "operator_id", "there is no operator %" PRId64, transfer->operator_id);
		reply_faults(request, faults);
		return;
	case TRANSFER_OTHER_VERSION:
		reply_problem(request, &problem_version_mismatch, NULL);
		return;
	case TRANSFER_CLOSED:
		reply_problem(request, &problem_conflict, "The contact is closed; reopen it first.");
		return;
	case TRANSFER_OVERTAKEN:
		reply_overtaken(request, who);
		return;
	case TRANSFER_INACTIVE:
		reply_problem(request, &problem_conflict,
			      "Operator %" PRId64 " (%s) is inactive; \"force\": true assigns all the same.", who->id,
			      who->name.at);
		return;
	case TRANSFER_FULL:
		reply_problem(request, &problem_conflict,
			      "Operator %" PRId64 " (%s) is full, with %" PRId64 " of %" PRId64
			      " contacts; \"force\": true assigns all the same.",
			      who->id, who->name.at, who->load, who->limit);
		return;
	case TRANSFER_NOBODY:
	case TRANSFER_AGAIN:
		reply_problem(request, &problem_conflict, "Nobody may take the contact: %s. Nothing was changed.",
			      why_nobody(transfer->reason));
	}
}

static void on_done(struct transfer *transfer, const struct db_failure *failure)
{
	struct request *request = transfer->context;

	if (failure->error)
		respond_failure(request, failure, NULL);
	else
		reply_outcome(request, transfer);
}

static bool is_wanted(const struct transfer *transfer, int64_t version)
{
	return version_is_wanted(transfer->context, version);
}

static void start(struct request *request, enum transfer_kind kind, int64_t operator_id, bool is_forced)
{
	struct api *api = request_world(request);
	struct transfer *transfer = arena_alloc(request_arena(request), 1, sizeof(*transfer));

	transfer->kind = kind;
	transfer->contact_id = request_path_number(request, 0);
	transfer->operator_id = operator_id;
	transfer->is_forced = is_forced;
	transfer->actor = request_checked(request)->caller->actor.at;
	transfer->arena = request_arena(request);
	transfer->feed = api->feed;
	transfer->is_wanted = is_wanted;
	transfer->done = on_done;
	transfer->context = request;
	transfer_start(api->pool, transfer);
}

void contacts_assign(struct request *request)
{
	const struct value *body = request_checked(request)->body;

	if (body[OPERATOR_ID].is_given)
		start(request, TRANSFER_BY_HAND, body[OPERATOR_ID].integer, body[FORCE].integer);
	else
		start(request, TRANSFER_BY_RULE, 0, false);
}

void contacts_release(struct request *request)
{
	start(request, TRANSFER_RELEASE, 0, false);
}
