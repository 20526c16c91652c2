/* What is known of an endpoint beyond its path: its input, its answers, its words. Printed as OpenAPI. */
#ifndef LEADD_API_ENDPOINT_H
#define LEADD_API_ENDPOINT_H

#include "api/fields.h"
#include "http/problem.h"
#include "service/keyring.h"

enum answer_shape {
	ANSWER_EMPTY,
	ANSWER_OBJECT, /* the schema */
	ANSWER_PAGE,   /* {"items": [schema], "next_cursor": text | null} */
	ANSWER_ITEMS,  /* {"items": [schema]} */
	ANSWER_OTHER   /* see content_type */
};

enum answer_headers {
	ANSWER_HAS_LOCATION = 1,
	ANSWER_HAS_ETAG = 2,
	ANSWER_HAS_RETRY_AFTER = 4,
	ANSWER_MAY_BE_REPLAYED = 8, /* then with Idempotency-Replayed */
	ANSWER_HAS_CHALLENGE = 16   /* WWW-Authenticate */
};

struct answer {
	int status; /* 0 ends the list */
	const char *about;
	enum answer_shape shape;
	const struct schema *schema;
	unsigned headers;
	const char *content_type; /* ANSWER_OTHER; of other shapes: what a client that asks for it gets instead */
};

enum { ANSWERS_MAX = 3, PROBLEMS_MAX = 4 };

struct endpoint {
	const char *id; /* operationId */
	const char *tag;
	const char *summary, *about;
	const struct field *query; /* NULL: takes none; any parameter is a fault */
	const struct schema *body; /* NULL: takes none */
	/* JSON that forms begin with, and may send: of a change one member. NULL: all that have examples. */
	const char *body_example;
	const struct field *bulk; /* instead of it: many rows, as a list or as NDJSON, which its handler reads */
	/* Rules between members; may be NULL. Notes faults; what else is at fault is not good but safe to look at. */
	void (*check)(const struct value *body, struct faults *faults);
	void (*check_query)(const struct value *query, struct faults *faults); /* the same between parameters */
	/* Asked before anything is read: why it is answered with 503, NULL: it is served. May be NULL. */
	const char *(*turn_away)(const struct request *request);
	const char *list;      /* that its cursors belong to; "a|b": its answers are pages of either */
	bool is_body_optional; /* an empty one stands for {} */
	bool takes_if_match;
	bool takes_idempotency_key;
	bool takes_last_event_id;
	bool is_open;   /* does not need the database */
	bool is_hidden; /* serves a person's browser: not in the OpenAPI document */
	struct answer answers[ANSWERS_MAX];
	const struct problem *problems[PROBLEMS_MAX]; /* its own, beyond those that follow from path, body and query */
};

/* The checked input of a request, made before its handler runs. */
struct input {
	const struct caller *caller; /* never NULL; where no key is needed it may do all */
	const struct value *query;   /* one per row of endpoint.query */
	const struct value *body;    /* one per field of endpoint.body */
	struct text key;             /* of idempotency; at == NULL: none */
	bool is_ndjson;              /* of endpoint.bulk: the rows are lines, not the items of a list */
};

const struct input *request_checked(const struct request *request);

#endif
