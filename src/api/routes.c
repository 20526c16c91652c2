/* THE table of all endpoints, and of who may use them. To add one: docs/CONTRIBUTING.md. */
#include "api/internal.h"

enum { BODY = 128 * 1024, BULK = 1024 * 1024 }; /* bytes */

/* Whose keys open an endpoint; nobody needs one where none is named. */
enum {
	OPEN = 0,
	ADMINS = ROLE_ADMIN,
	SUPERVISORS = ROLE_SUPERVISOR | ADMINS,
	OPERATORS = ROLE_OPERATOR | SUPERVISORS, /* what is their own; the handler sees to that */
	INGEST = ROLE_INGEST | SUPERVISORS,
	EVERY_KEY = ROLE_INGEST | OPERATORS
};

#define TAKES(handler, body_max) handler, body_max, &handler##_endpoint
#define TAKES_BODY(handler) TAKES(handler, BODY), false
#define TAKES_BULK(handler) TAKES(handler, BULK), false
#define READS_BODY(handler) TAKES(handler, BODY), true
#define WITHOUT_BODY(handler) TAKES(handler, 0), false

const struct route api_routes[] = {
	{ HTTP_POST, "/api/v1/operators/", SUPERVISORS, TAKES_BODY(operators_create) },
	{ HTTP_GET, "/api/v1/operators/", SUPERVISORS, WITHOUT_BODY(operators_list) },
	{ HTTP_GET, "/api/v1/operators/{operator_id}", OPERATORS, WITHOUT_BODY(operators_read) },
	{ HTTP_PATCH, "/api/v1/operators/{operator_id}", SUPERVISORS, TAKES_BODY(operators_change) },
	{ HTTP_DELETE, "/api/v1/operators/{operator_id}", SUPERVISORS, WITHOUT_BODY(operators_delete) },

	{ HTTP_POST, "/api/v1/sources/", SUPERVISORS, TAKES_BODY(sources_create) },
	{ HTTP_GET, "/api/v1/sources/", SUPERVISORS, WITHOUT_BODY(sources_list) },
	{ HTTP_GET, "/api/v1/sources/{source_id}", OPERATORS, WITHOUT_BODY(sources_read) },
	{ HTTP_PATCH, "/api/v1/sources/{source_id}", SUPERVISORS, TAKES_BODY(sources_change) },
	{ HTTP_DELETE, "/api/v1/sources/{source_id}", SUPERVISORS, WITHOUT_BODY(sources_delete) },
	{ HTTP_GET, "/api/v1/sources/{source_id}/weights/", SUPERVISORS, WITHOUT_BODY(weights_list) },
	{ HTTP_PUT, "/api/v1/sources/{source_id}/weights/", SUPERVISORS, TAKES_BODY(weights_replace) },
	{ HTTP_PUT, "/api/v1/sources/{source_id}/weights/{operator_id}", SUPERVISORS, TAKES_BODY(weights_set) },
	{ HTTP_DELETE, "/api/v1/sources/{source_id}/weights/{operator_id}", SUPERVISORS, WITHOUT_BODY(weights_delete) },
	{ HTTP_POST, "/api/v1/sources/{source_id}/simulate", SUPERVISORS, READS_BODY(sources_simulate) },

	{ HTTP_GET, "/api/v1/leads/", SUPERVISORS, WITHOUT_BODY(leads_list) },
	{ HTTP_GET, "/api/v1/leads/{lead_id}", OPERATORS, WITHOUT_BODY(leads_read) },
	{ HTTP_PATCH, "/api/v1/leads/{lead_id}", SUPERVISORS, TAKES_BODY(leads_change) },

	{ HTTP_POST, "/api/v1/contacts/", INGEST, TAKES_BODY(contacts_create) },
	{ HTTP_GET, "/api/v1/contacts/", OPERATORS, WITHOUT_BODY(contacts_list) },
	{ HTTP_POST, "/api/v1/contacts/batch", INGEST, TAKES_BULK(contacts_create_many) },
	{ HTTP_GET, "/api/v1/contacts/{contact_id}", OPERATORS, WITHOUT_BODY(contacts_read) },
	{ HTTP_PATCH, "/api/v1/contacts/{contact_id}", OPERATORS, TAKES_BODY(contacts_change) },
	{ HTTP_GET, "/api/v1/contacts/{contact_id}/history", SUPERVISORS, WITHOUT_BODY(contacts_history) },
	{ HTTP_POST, "/api/v1/contacts/{contact_id}/assign", SUPERVISORS, TAKES_BODY(contacts_assign) },
	{ HTTP_POST, "/api/v1/contacts/{contact_id}/release", SUPERVISORS, TAKES_BODY(contacts_release) },

	{ HTTP_GET, "/api/v1/distribution/load/", SUPERVISORS, WITHOUT_BODY(distribution_load) },
	{ HTTP_GET, "/api/v1/distribution/sources/{source_id}", SUPERVISORS, WITHOUT_BODY(distribution_source) },
	{ HTTP_GET, "/api/v1/events", OPERATORS, WITHOUT_BODY(events_stream) },

	{ HTTP_POST, "/api/v1/keys/", ADMINS, TAKES_BODY(keys_create) },
	{ HTTP_GET, "/api/v1/keys/", ADMINS, WITHOUT_BODY(keys_list) },
	{ HTTP_GET, "/api/v1/keys/current", EVERY_KEY, WITHOUT_BODY(keys_current) },
	{ HTTP_GET, "/api/v1/keys/{key_id}", ADMINS, WITHOUT_BODY(keys_read) },
	{ HTTP_DELETE, "/api/v1/keys/{key_id}", ADMINS, WITHOUT_BODY(keys_revoke) },

	{ HTTP_GET, "/health/live", OPEN, WITHOUT_BODY(meta_live) },
	{ HTTP_GET, "/health/ready", OPEN, WITHOUT_BODY(meta_ready) },
	{ HTTP_GET, "/metrics", SUPERVISORS, WITHOUT_BODY(meta_metrics) },
	{ HTTP_GET, "/openapi.json", OPEN, WITHOUT_BODY(meta_openapi) },
	{ HTTP_GET, "/docs", OPEN, WITHOUT_BODY(meta_docs) },
	{ HTTP_GET, "/redoc", OPEN, WITHOUT_BODY(meta_redoc) },
	{ HTTP_GET, "/problems/", OPEN, WITHOUT_BODY(meta_problems) },
	{ HTTP_GET, "/problems/{slug:text}", OPEN, WITHOUT_BODY(meta_problem) },
	{ HTTP_GET, "/assets/{file:text}", OPEN, WITHOUT_BODY(meta_asset) },
	{ HTTP_GET, "/assets/{folder:text}/{file:text}", OPEN, WITHOUT_BODY(meta_asset) },
	{ HTTP_GET, "/", OPEN, WITHOUT_BODY(meta_root) },
	{ 0 },
};
