/* Between openapi.c, which prints paths, openapi_problems.c, and openapi_schemas.c: what they take and give. */
#ifndef LEADD_API_OPENAPI_H
#define LEADD_API_OPENAPI_H

#include "api/internal.h"

/* ,"headers": {...} of an answer; headers: of enum answer_headers */
void openapi_print_headers(struct buf *out, unsigned headers);

/* The answers with problems, each with a comma in front; is_locked: a key is needed. */
void openapi_print_problems(struct buf *out, const struct route *route, const struct endpoint *endpoint,
			    bool is_locked);

/* A JSON Schema of one field; in a query, forms of text stand for other types. */
void openapi_print_field(struct buf *out, const struct field *field, enum schema_use use, bool is_query);

/* {"$ref": ...} */
void openapi_print_ref(struct buf *out, const struct schema *schema);

/* An example object from the fields' examples; those that have none, and hold no other fields, are left out. */
void openapi_print_example(struct buf *out, const struct schema *schema);

/* "Name": {...} for each schema that the routes use, directly or within another, and for the problem. */
void openapi_print_schemas(struct buf *out, const struct route *routes);

#endif
