/* Between openapi.c, which prints paths, and openapi_schemas.c, which prints what they take and give. */
#ifndef LEADD_API_OPENAPI_H
#define LEADD_API_OPENAPI_H

#include "api/internal.h"

/* A JSON Schema of one field; in a query, forms of text stand for other types. */
void openapi_print_field(struct buf *out, const struct field *field, enum schema_use use, bool is_query);

/* {"$ref": ...} */
void openapi_print_ref(struct buf *out, const struct schema *schema);

/* An example object from the fields' examples; those that have none, and hold no other fields, are left out. */
void openapi_print_example(struct buf *out, const struct schema *schema);

/* "Name": {...} for each schema that the routes use, directly or within another, and for the problem. */
void openapi_print_schemas(struct buf *out, const struct route *routes);

#endif
