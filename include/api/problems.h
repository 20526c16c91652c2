/* The business problems in one list, and the page that explains each. Those of HTTP itself are in http/problem.h. */
#ifndef LEADD_API_PROBLEMS_H
#define LEADD_API_PROBLEMS_H

#include "http/problem.h"

static const struct problem problem_cross_site = {
	.slug = "cross-site",
	.status = 403,
	.title = "A page of another site sent it",
	.about = "By the header Sec-Fetch-Site the browser says that a page of another origin sent this request. Such "
		 "pages change nothing here, whoever looks at them. Nothing was done.",
};

static const struct problem problem_unauthorized = {
	.slug = "unauthorized",
	.status = 401,
	.title = "A key is needed",
	.about =
		"This service is open to bearers of a key only: send it as Authorization: Bearer KEY, or as X-API-Key: "
		"KEY. The request had none, or one that is not known here or was revoked. Nothing was done. An "
		"administrator makes keys.",
};

static const struct problem problem_forbidden = {
	.slug = "forbidden",
	.status = 403,
	.title = "The key does not open this",
	.about = "The key is good, but its role does not allow this request: ingest sends contacts, perhaps of one "
		 "source only; operator reads its own contacts, edits their messages and closes them; supervisor "
		 "does everything but keys; admin does all. Nothing was done.",
};

static const struct problem problem_conflict = {
	.slug = "conflict",
	.status = 409,
	.title = "It conflicts with what is stored",
	.about = "The request is well formed, but what is stored now does not allow it: a name that is taken, "
		 "something that is still in use, an operator without room. The detail says which. Read the "
		 "resource again, and decide anew.",
};

static const struct problem problem_version_mismatch = {
	.slug = "version-mismatch",
	.status = 412,
	.title = "It has changed meanwhile",
	.about = "If-Match named another version than the one that is stored: somebody changed the resource since "
		 "you read it. Nothing was changed. Read it again, and repeat the change if it still makes sense.",
};

static const struct problem problem_outcome_unknown = {
	.slug = "outcome-unknown",
	.status = 503,
	.title = "Stored or not: nobody knows",
	.about = "The connection to the database was lost while the change was being committed. It may have been "
		 "stored. Look before you repeat it. A contact that was sent with an Idempotency-Key needs no look: "
		 "send the same again with the same key, and it is stored once.",
	.retry_after_seconds = 1,
};

static const struct problem problem_unstorable = {
	.slug = "unstorable",
	.status = 422,
	.title = "The database cannot store one of the values",
	.about = "A value passed the service's checks, but the database refused to hold it. Nothing was stored.",
};

static const struct problem problem_key_reused = {
	.slug = "key-reused",
	.status = 422,
	.title = "The key came before with another contact",
	.about =
		"An Idempotency-Key names one contact, for 24 hours. This key came before, with a contact that differs "
		"from this one in at least one member. Nothing was stored. Send the same contact again to get the "
		"first answer again, or another one with a key of its own.",
};

static const struct problem *const problem_business[] = {
	&problem_cross_site, &problem_unauthorized,     &problem_forbidden,
	&problem_conflict,   &problem_version_mismatch, &problem_outcome_unknown,
	&problem_unstorable, &problem_key_reused,       NULL,
};

#endif
