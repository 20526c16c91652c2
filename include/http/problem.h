/* Errors as problem+json (RFC 9457), from static descriptions; and the list of faults of an input. */
#ifndef LEADD_HTTP_PROBLEM_H
#define LEADD_HTTP_PROBLEM_H

#include "base/buf.h"

/* One kind of problem. Its type is /problems/<slug>, which the service answers with title and about. */
struct problem {
	const char *slug;
	int status;
	const char *title;       /* the same for every occurrence */
	const char *about;       /* for the page behind the type: what it means and what a client does about it */
	int retry_after_seconds; /* > 0: sent as Retry-After */
};

/* The generic ones of HTTP itself; problem_generic[] ends with NULL. */
extern const struct problem problem_malformed;         /* 400 not JSON, or a request that is not HTTP */
extern const struct problem problem_not_found;         /* 404 */
extern const struct problem problem_method;            /* 405 */
extern const struct problem problem_timeout;           /* 408: the request did not arrive in time */
extern const struct problem problem_too_large;         /* 413 */
extern const struct problem problem_target_too_long;   /* 414 */
extern const struct problem problem_media_type;        /* 415 */
extern const struct problem problem_expectation;       /* 417: other than 100-continue */
extern const struct problem problem_validation;        /* 422 */
extern const struct problem problem_headers_too_large; /* 431 */
extern const struct problem problem_not_implemented;   /* 501 */
extern const struct problem problem_unavailable;       /* 503 */
extern const struct problem problem_version;           /* 505 */
extern const struct problem problem_internal;          /* 500, our bug */
extern const struct problem *const problem_generic[];

/* Faults of one input, all of them at once: {"field": "weights[1].weight", "message": "must be ..."} */
enum { FAULTS_MAX = 100 }; /* more are counted, not kept */

struct fault {
	const char *field;   /* path as API.md writes it: "lead.phone", "weights[1].weight", "" for the body itself */
	const char *message; /* a rule: "must be between 0 and 1000000" */
};

struct faults {
	struct arena *arena; /* holds the texts */
	size_t count;        /* of all; only the first FAULTS_MAX are in items */
	struct fault *items; /* the first FAULTS_MAX; made with the first one, since most inputs have none */
};

/* An empty list in the arena. */
struct faults *faults_new(struct arena *arena);

/* Notes a fault; field is copied, the message formatted. */
void faults_add(struct faults *faults, const char *field, const char *format, ...) PRINTF_LIKE(3, 4);

/*
 * Appends the problem as a JSON object to out.
 *
 * detail:   this occurrence, a sentence for a person; NULL: none
 * instance: the request id; NULL: none
 * faults:   printed as "errors" when there are any; NULL: none
 * extra:    further members as JSON text (", \"holder\": 7") or NULL
 */
void problem_print(struct buf *out, const struct problem *problem, const char *detail, const char *instance,
		   const struct faults *faults, const char *extra);

#endif
