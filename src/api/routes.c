/* THE table of all endpoints. To add one: docs/CONTRIBUTING.md. */
#include "api/internal.h"

enum { BODY = 128 * 1024, BULK = 1024 * 1024 }; /* bytes */

#define TAKES(handler, body_max) handler, body_max, 0, &handler##_endpoint
#define TAKES_BODY(handler) TAKES(handler, BODY), false
#define TAKES_BULK(handler) TAKES(handler, BULK), false
#define READS_BODY(handler) TAKES(handler, BODY), true
#define WITHOUT_BODY(handler) TAKES(handler, 0), false

const struct route api_routes[] = {
	{ HTTP_POST, "/api/v1/operators/", TAKES_BODY(operators_create) },
	{ HTTP_GET, "/api/v1/operators/", WITHOUT_BODY(operators_list) },
	{ HTTP_GET, "/api/v1/operators/{operator_id}", WITHOUT_BODY(operators_read) },
	{ HTTP_PATCH, "/api/v1/operators/{operator_id}", TAKES_BODY(operators_change) },
	{ HTTP_DELETE, "/api/v1/operators/{operator_id}", WITHOUT_BODY(operators_delete) },

	{ HTTP_POST, "/api/v1/sources/", TAKES_BODY(sources_create) },
	{ HTTP_GET, "/api/v1/sources/", WITHOUT_BODY(sources_list) },
	{ HTTP_GET, "/api/v1/sources/{source_id}", WITHOUT_BODY(sources_read) },
	{ HTTP_PATCH, "/api/v1/sources/{source_id}", TAKES_BODY(sources_change) },
	{ HTTP_DELETE, "/api/v1/sources/{source_id}", WITHOUT_BODY(sources_delete) },
	{ HTTP_GET, "/api/v1/sources/{source_id}/weights/", WITHOUT_BODY(weights_list) },
	{ HTTP_PUT, "/api/v1/sources/{source_id}/weights/", TAKES_BODY(weights_replace) },
	{ HTTP_PUT, "/api/v1/sources/{source_id}/weights/{operator_id}", TAKES_BODY(weights_set) },
	{ HTTP_DELETE, "/api/v1/sources/{source_id}/weights/{operator_id}", WITHOUT_BODY(weights_delete) },
	{ HTTP_POST, "/api/v1/sources/{source_id}/simulate", READS_BODY(sources_simulate) },

	{ HTTP_GET, "/api/v1/leads/", WITHOUT_BODY(leads_list) },
	{ HTTP_GET, "/api/v1/leads/{lead_id}", WITHOUT_BODY(leads_read) },
	{ HTTP_PATCH, "/api/v1/leads/{lead_id}", TAKES_BODY(leads_change) },

	{ HTTP_POST, "/api/v1/contacts/", TAKES_BODY(contacts_create) },
	{ HTTP_GET, "/api/v1/contacts/", WITHOUT_BODY(contacts_list) },
	{ HTTP_POST, "/api/v1/contacts/batch", TAKES_BULK(contacts_create_many) },
	{ HTTP_GET, "/api/v1/contacts/{contact_id}", WITHOUT_BODY(contacts_read) },
	{ HTTP_PATCH, "/api/v1/contacts/{contact_id}", TAKES_BODY(contacts_change) },
	{ HTTP_GET, "/api/v1/contacts/{contact_id}/history", WITHOUT_BODY(contacts_history) },
	{ HTTP_POST, "/api/v1/contacts/{contact_id}/assign", TAKES_BODY(contacts_assign) },
	{ HTTP_POST, "/api/v1/contacts/{contact_id}/release", TAKES_BODY(contacts_release) },

	{ HTTP_GET, "/api/v1/distribution/load/", WITHOUT_BODY(distribution_load) },
	{ HTTP_GET, "/api/v1/distribution/sources/{source_id}", WITHOUT_BODY(distribution_source) },
	{ HTTP_GET, "/api/v1/events", WITHOUT_BODY(events_stream) },

	{ HTTP_GET, "/health/live", WITHOUT_BODY(meta_live) },
	{ HTTP_GET, "/health/ready", WITHOUT_BODY(meta_ready) },
	{ HTTP_GET, "/metrics", WITHOUT_BODY(meta_metrics) },
	{ HTTP_GET, "/openapi.json", WITHOUT_BODY(meta_openapi) },
	{ HTTP_GET, "/docs", WITHOUT_BODY(meta_docs) },
	{ HTTP_GET, "/redoc", WITHOUT_BODY(meta_redoc) },
	{ HTTP_GET, "/problems/", WITHOUT_BODY(meta_problems) },
	{ HTTP_GET, "/problems/{slug:text}", WITHOUT_BODY(meta_problem) },
	{ HTTP_GET, "/assets/{file:text}", WITHOUT_BODY(meta_asset) },
	{ HTTP_GET, "/assets/{folder:text}/{file:text}", WITHOUT_BODY(meta_asset) },
	{ HTTP_GET, "/", WITHOUT_BODY(meta_root) },
	{ 0 },
};
