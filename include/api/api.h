/* The resources: what the app hands to them, and the one table of endpoints that it hands to the server. */
#ifndef LEADD_API_API_H
#define LEADD_API_API_H

#include "api/fields.h"
#include "base/buf.h"
#include "db/pool.h"
#include "http/router.h"
#include "service/feed.h"
#include "service/handover.h"
#include "service/intake.h"
#include "service/keyring.h"

/* request_world() of every handler. */
struct api {
	struct loop *loop;
	struct pool *pool; /* for all but the batches */
	struct intake *intake;
	struct handover *handover;
	struct keyring *keyring; /* NULL: no key is needed */
	struct feed *feed;
	bool (*is_ready)(void *app); /* whether the service can do its work now */
	void (*print_metrics)(void *app, struct buf *out);
	void *app;
	size_t bulk_bytes; /* of the bulk requests that are under way */
	size_t bulk_bytes_max;
	struct buf openapi; /* the document, printed once at start */
	struct {
		size_t count;       /* those under way */
		struct list played; /* of them, in turn */
		struct deferred next;
	} simulations;
	struct events *events; /* event streams */
};

/* Sets up what is not an option: the rest is zero or the caller's. Owned by the caller: api_done(). */
void api_init(struct api *api);

/* A key to be made, as a body says it, and the rules between its members: for the command line as well. */
enum { KEY_NAME, KEY_ROLE, KEY_SOURCE_ID, KEY_OPERATOR_ID };
extern const struct schema key_draft_schema;
void key_check_draft(const struct value *body, struct faults *faults);
/* After the server was freed. */
void api_done(struct api *api);

/* Ends the event streams that were opened with a key: their clients come again, and are asked for it anew. */
void api_end_keyed_streams(struct api *api);

/* Ends all event streams, and takes on no more. */
void api_stop(struct api *api);

void api_print_metrics(const struct api *api, struct buf *out);

/* All endpoints; ends with a row without a path. */
extern const struct route api_routes[];

/* For server_options.admit: reads and checks query and body by the endpoint's tables, then calls its handler. */
void api_admit(struct request *request);

/* For server_options.turn_away: what there is no room for at this moment, by its endpoint. */
const char *api_turn_away(const struct request *request);

/* Prints the OpenAPI 3.1 document of these routes; needs_keys: where keys are needed. */
void openapi_print(struct buf *out, const struct route *routes, bool needs_keys);

#endif
