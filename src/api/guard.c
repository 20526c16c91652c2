/* Who sent a request, and whether its route is open to them. */
#include "api/internal.h"
#include "api/problems.h"

#include <strings.h>

/* Where no key is needed. */
static const struct caller anybody = { .role = ROLE_ADMIN };

struct admission {
	struct key_question question;
	struct request *request;
	void (*admitted)(struct request *request, const struct caller *caller);
};

/* Of "Bearer KEY"; another scheme is for somebody on the way, such as a proxy. */
static const char *bearer_of(const char *authorization)
{
	static const char scheme[] = "Bearer";
	const size_t length = sizeof(scheme) - 1;

	if (!authorization || strncasecmp(authorization, scheme, length) != 0 || authorization[length] != ' ')
		return NULL;
	return authorization + length + strspn(authorization + length, " ");
}

/* Source: RFC 6750, section 3: the error is named only to who sent a key. */
static void refuse_unknown(struct request *request, bool has_key)
{
	reply_header(request, "WWW-Authenticate",
		     has_key ? "Bearer realm=\"leadd\", error=\"invalid_token\"" : "Bearer realm=\"leadd\"");
	reply_problem(request, &problem_unauthorized,
		      has_key ? "The key is not known here, or it was revoked." : "The request has no key.");
}

static void admit(struct admission *admission)
{
	struct request *request = admission->request;
	const struct caller *caller = &admission->question.caller;

	request_set_key(request, caller->key_id);
	if (request_route(request)->roles & caller->role)
		admission->admitted(request, caller);
	else
		reply_problem(request, &problem_forbidden, NULL);
}

static void settle(struct admission *admission, enum key_answer answer)
{
	struct request *request = admission->request;

	switch (answer) {
	case KEY_KNOWN:
		admit(admission);
		return;
	case KEY_UNKNOWN:
		refuse_unknown(request, true);
		return;
	case KEY_UNAVAILABLE:
		reply_problem(request, &problem_unavailable, "The key cannot be looked up now.");
		return;
	case KEY_ASKED:
		return;
	}
}

static void on_answered(struct key_question *question, enum key_answer answer)
{
	settle(question->context, answer);
}

void guard_admit(struct request *request, void (*admitted)(struct request *request, const struct caller *caller))
{
	struct api *api = request_world(request);
	const char *key = bearer_of(request_header(request, "Authorization"));
	struct admission *admission;

	if (!api->keyring || !request_route(request)->roles) {
		admitted(request, &anybody);
		return;
	}
	if (!key)
		key = request_header(request, "X-API-Key");
	if (!key) {
		refuse_unknown(request, false);
		return;
	}
	admission = arena_alloc(request_arena(request), 1, sizeof(*admission));
	*admission = (struct admission){ .request = request, .admitted = admitted };
	admission->question =
		(struct key_question){ .arena = request_arena(request), .answered = on_answered, .context = admission };
	settle(admission, keyring_ask(api->keyring, text_of(key), &admission->question));
}

int64_t guard_operator(const struct request *request)
{
	return request_checked(request)->caller->operator_id;
}

bool guard_allows_source(const struct caller *caller, int64_t source_id)
{
	return !caller->source_id || caller->source_id == source_id;
}

int guard_sign(struct flow *flow, const struct request *request)
{
	const struct caller *caller = request_checked(request)->caller;
	struct args args = flow_args(flow);

	if (!caller->key_id)
		return 0;
	args_text(&args, caller->actor);
	args_null(&args);
	args_bool(&args, false);
	flow_ask(flow, Q_HISTORY_AS, &args);
	return 1;
}
