/* What the files of this layer share privately. */
#ifndef LEADD_API_INTERNAL_H
#define LEADD_API_INTERNAL_H

#include "api/api.h"
#include "api/endpoint.h"
#include "db/flow.h"
#include "http/reply.h"

#include <inttypes.h>

/* -- reading single values (values.c): each notes a fault and returns false when the rule is broken --- */

struct json_object;

struct place {
	struct arena *arena;
	struct faults *faults;
	const char *path; /* of the member, for faults */
	const char *list; /* for cursors */
	bool is_mended;   /* the JSON check found faults: numbers need not be those that were sent */
};

bool value_from_json(const struct place *place, const struct field *field, struct json_object *json,
		     struct value *value_out);
bool value_from_text(const struct place *place, const struct field *field, struct text text, struct value *value_out);

/* -- reading forms of text (forms.c) ----------------------------------------------------------- */

/* Characters of valid UTF-8. */
size_t utf8_count(struct text text);

/* Without white space (Unicode's White_Space) at both ends. */
struct text utf8_trim(struct text text);

/* Decimal digits without sign or leading zeros, 0 .. INT64_MAX; an optional minus. */
bool integer_read(struct text text, int64_t *number_out);

enum decimal_error { DECIMAL_OK = 0, DECIMAL_TOO_FINE, DECIMAL_OUT_OF_RANGE };

/* A JSON number in thousandths, exact. */
enum decimal_error thousandths_read(struct text number, int64_t *thousandths_out);

enum time_error { TIME_OK = 0, TIME_MALFORMED, TIME_NOT_A_WHOLE_HOUR };

/* RFC 3339 with an offset (a blank stands for the + that queries turn into one); whole_hour as UTC. */
enum time_error time_read(struct text text, bool whole_hour);

/* Of a time that was read: seconds since 1970, without fractions. */
int64_t time_seconds(struct text text);

/* -- bodies of many rows (bulk.c) -------------------------------------------------------------- */

/* Cuts such a body into the texts of its rows, one a call, so that a long one can be read in slices. */
struct bulk {
	const char *at, *end;
	bool is_ndjson;
	bool has_begun; /* a list: its bracket was read */
	bool is_over;   /* a list: so was the closing one */
};

enum bulk_next {
	BULK_ROW,
	BULK_END,
	BULK_BROKEN /* a list is not JSON, or the body is no list */
};

struct bulk_row {
	struct text text; /* borrowed from the body */
	int depth;        /* levels of lists and objects, as far as it is JSON */
};

struct bulk bulk_open(struct text body, bool is_ndjson);

/*
 * The next line that is not blank, or the next item of the list. What is inside of it need not be JSON; when all rows
 * of a list are, and BULK_END came behind them, then the list is JSON, and these are its items.
 */
enum bulk_next bulk_next(struct bulk *bulk, struct bulk_row *row_out);

/* -- answering (respond.c) --------------------------------------------------------------------- */

/* Which business problem, or which field's fault, a constraint of the schema stands for. */
struct conflict {
	const char *constraint;        /* NULL ends a table */
	const struct problem *problem; /* NULL: a 422 for field */
	const char *field;
	const char *message;
};

/* Ends the request with the problem that a failed statement means; conflicts may be NULL. */
void respond_failure(struct request *request, const struct db_failure *failure, const struct conflict *conflicts);

/* An empty parameter list in the request's arena. */
struct args *respond_args(struct request *request);

/* The same with the first numbers of the path. */
struct args *respond_path_args(struct request *request, int count);

void args_value(struct args *args, const struct value *value);      /* text, or null */
void args_value_int(struct args *args, const struct value *value);  /* integer, or null */
void args_value_bool(struct args *args, const struct value *value); /* boolean, or null */

/* A single statement that changes nothing -> 200 with its first column, a JSON object; 404 without a row. */
void respond_object(struct request *request, enum query query, const struct args *args);

/* The same for the one id in the path. */
void respond_object_of_path(struct request *request, enum query query);

/* A single statement that changes something and returns the JSON object of it -> 200; 404 without a row. */
void respond_change(struct request *request, enum query query, const struct args *args,
		    const struct conflict *conflicts);

/* A single DELETE -> 204; 404 when it deleted nothing. */
void respond_deletion(struct request *request, enum query query, const struct args *args,
		      const struct conflict *conflicts);

/* The same for columns items and next_id; list names the list that the cursor belongs to. */
void respond_page(struct request *request, const char *list, enum query query, const struct args *args);

/* The same for a single column items. */
void respond_items(struct request *request, enum query query, const struct args *args);

/* Starts a list's parameters with $1 limit and $2, the id where the page begins. */
struct args *respond_page_args(struct request *request, const struct value *limit, const struct value *cursor,
			       bool is_newest_first);

/* A transaction of several statements behind one request. */
struct operation {
	struct request *request;
	const struct value *input; /* the body's values */
	const struct conflict *conflicts;
	const char *list;                            /* of pages */
	void (*finish)(struct operation *operation); /* ends the request after success */
	void (*failed)(struct operation *operation); /* before the request is ended after a failure; NULL: nothing */
	const struct problem *problem; /* set by a read step that returned FLOW_ROLLBACK: what finish answers */
	const char *detail;
	struct faults *faults; /* the same, for a 422 */
	struct text json;      /* the answer, copied into the request's arena */
	int status;
	int64_t id; /* of what was made */
	int64_t version;
	void *extra; /* the resource's own */
};

struct operation *operation_new(struct request *request, const struct conflict *conflicts,
				void (*finish)(struct operation *operation));
void operation_start(struct operation *operation, const struct flow_step *steps);

/* For finish: 200 with json, or the faults, or the problem. */
void operation_reply(struct operation *operation);

/* In a read step: the first column of the only row becomes the answer; no row is a 404. */
void operation_take_json(struct operation *operation, const struct rows *rows);

/* -- who asks (guard.c) ------------------------------------------------------------------------ */

/*
 * Finds out who sent the request: calls admitted(request, caller), at once or later, or answers with 401, 403 or 503.
 * The caller lives as long as the request.
 */
void guard_admit(struct request *request, void (*admitted)(struct request *request, const struct caller *caller));

/* The operator whose contacts alone the caller may see; 0: all. */
int64_t guard_operator(const struct request *request);

/* Whether the caller may send contacts of that source. */
bool guard_allows_source(const struct caller *caller, int64_t source_id);
#define GUARD_OPERATOR_RULE "The key reads what is operator %" PRId64 "'s only."
#define GUARD_SOURCE_RULE "The key sends contacts of source %" PRId64 " only."

/*
 * In an ask step: history will name the caller's key for what this transaction changes. Asks one statement, or none
 * where there is no key; returns how many.
 */
int guard_sign(struct flow *flow, const struct request *request);
/* -- parts of the api that live as long as it does ----------------------------------------------- */

void simulations_init(struct api *api);
void events_init(struct api *api);
void events_done(struct api *api);

/* -- events (event_text.c) --------------------------------------------------------------------- */

/* The query of a stream. */
enum { EVENTS_OF_SOURCE, EVENTS_OF_OPERATOR };

/* Appends a message of a stream: one of the events, or one without a meaning of its own ("hello"). */
void event_print(struct buf *out, const struct event *event);
void event_print_word(struct buf *out, const char *name, const struct event_id *id);

/* -- the endpoints ----------------------------------------------------------------------------- */

#define DECLARE_ENDPOINT(name)                                                                                         \
	void name(struct request *request);                                                                            \
	extern const struct endpoint name##_endpoint

DECLARE_ENDPOINT(operators_create);
DECLARE_ENDPOINT(operators_list);
DECLARE_ENDPOINT(operators_read);
DECLARE_ENDPOINT(operators_change);
DECLARE_ENDPOINT(operators_delete);
DECLARE_ENDPOINT(sources_create);
DECLARE_ENDPOINT(sources_list);
DECLARE_ENDPOINT(sources_read);
DECLARE_ENDPOINT(sources_change);
DECLARE_ENDPOINT(sources_delete);
DECLARE_ENDPOINT(weights_list);
DECLARE_ENDPOINT(weights_replace);
DECLARE_ENDPOINT(weights_set);
DECLARE_ENDPOINT(weights_delete);
DECLARE_ENDPOINT(sources_simulate);
DECLARE_ENDPOINT(leads_list);
DECLARE_ENDPOINT(leads_read);
DECLARE_ENDPOINT(leads_change);
DECLARE_ENDPOINT(contacts_create);
DECLARE_ENDPOINT(contacts_create_many);
DECLARE_ENDPOINT(contacts_list);
DECLARE_ENDPOINT(contacts_read);
DECLARE_ENDPOINT(contacts_change);
DECLARE_ENDPOINT(contacts_history);
DECLARE_ENDPOINT(contacts_assign);
DECLARE_ENDPOINT(contacts_release);
DECLARE_ENDPOINT(keys_create);
DECLARE_ENDPOINT(keys_list);
DECLARE_ENDPOINT(keys_current);
DECLARE_ENDPOINT(keys_read);
DECLARE_ENDPOINT(keys_revoke);
DECLARE_ENDPOINT(distribution_load);
DECLARE_ENDPOINT(distribution_source);
DECLARE_ENDPOINT(events_stream);
DECLARE_ENDPOINT(meta_live);
DECLARE_ENDPOINT(meta_ready);
DECLARE_ENDPOINT(meta_metrics);
DECLARE_ENDPOINT(meta_openapi);
DECLARE_ENDPOINT(meta_docs);
DECLARE_ENDPOINT(meta_redoc);
DECLARE_ENDPOINT(meta_root);
DECLARE_ENDPOINT(meta_asset);
DECLARE_ENDPOINT(meta_problem);
DECLARE_ENDPOINT(meta_problems);

/* Rows that every list's query begins with. */
#define FIELD_OF_LIMIT                                                                                                 \
	{                                                                                                              \
		"limit", FIELD_INTEGER, 0, 1, 200, "50", .help = "Most items on the page.", .example = "50"            \
	}
#define FIELD_OF_CURSOR                                                                                                \
	{                                                                                                              \
		"cursor", FIELD_CURSOR, .help = "next_cursor of the page before this one."                             \
	}

/* A contact's version as its ETag; whether If-Match, if there is one, allows a change of that version. */
void reply_version(struct request *request, int64_t version);
bool version_is_wanted(const struct request *request, int64_t version);

/* Fields that more than one resource shows. */
extern const struct schema contact_schema;
extern const struct schema problem_schema;
extern const struct field idempotency_key_field;
extern const struct field lead_input_fields[]; /* name, phone, email */
extern const struct schema weights_input_schema;
extern const char *const contact_statuses[];

/* -- making contacts (contact_create.c), one or many ------------------------------------------- */

/* The fields of a contact that comes in as one of many: first its key, then those of a single one. */
enum { CONTACT_ROW_KEY, CONTACT_ROW_DRAFT };
extern const struct schema contact_row_schema;

/* From the checked values of a single one's fields. */
struct contact_draft contact_draft_of(const struct value *values, struct text key);

/* The new contact as JSON. */
void contact_print(struct buf *json, const struct contact_draft *draft, const struct contact_result *result);

/* For queued_draft.render: the same, in the draft's arena. */
struct text contact_render(const struct queued_draft *queued);

/* The problem that an outcome other than stored or replayed means; *detail_out lives in the arena, or for ever. */
const struct problem *contact_refusal(const struct contact_draft *draft, enum draft_outcome outcome,
				      struct arena *arena, const char **detail_out);

/* Its only fault when it is problem_key_reused. */
#define KEY_REUSED_RULE "came before with another contact"

/* For checks: notes each item of a list member whose operator another item names as well. operator_id comes first. */
void operators_check_once(const char *member, const struct value *list, struct faults *faults);

/* Weights as given, ready to be sent: operator ids and decimal texts. In the request's arena. */
struct weights {
	int64_t *operator_ids;
	struct text *texts;
	size_t count;
};
struct weights *weights_of(struct request *request, const struct value *list);

/* First statement of a step whose operation has such weights as its extra: unknown operators become faults. */
void weights_ask_unknown(struct flow *flow);
enum flow_next weights_read_unknown(struct flow *flow);

#endif
