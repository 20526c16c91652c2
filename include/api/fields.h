/*
 * Tables of fields: one row says what a member may be. From the same rows a body or query is read and checked,
 * and the OpenAPI document is printed; so they cannot disagree.
 */
#ifndef LEADD_API_FIELDS_H
#define LEADD_API_FIELDS_H

#include "base/text.h"
#include "http/problem.h"
#include "http/request.h"

#include <stdbool.h>
#include <stdint.h>

enum field_type {
	FIELD_ID,         /* integer > 0 */
	FIELD_ID_OR_NONE, /* the same or the word "none"; queries only */
	FIELD_INTEGER,    /* min .. max */
	FIELD_WEIGHT,     /* number min .. max with at most three decimals; integer holds thousandths */
	FIELD_SHARE,      /* number 0 .. 1; answers only */
	FIELD_NUMBER,     /* number min .. max; answers only */
	FIELD_BOOLEAN,
	FIELD_TEXT,    /* min .. max characters after trimming */
	FIELD_EXACT,   /* min .. max characters, kept as they are; white space at an end is refused */
	FIELD_VISIBLE, /* min .. max visible ASCII characters: no blanks, nothing else */
	FIELD_CHOICE,  /* one of choices */
	FIELD_TIME,    /* RFC 3339 */
	FIELD_HOUR,    /* the same, on a whole hour */
	FIELD_CURSOR,  /* next_cursor of the page before; integer holds the id, text the cursor */
	FIELD_JSON,    /* any JSON object, at most max bytes; text holds it */
	FIELD_OBJECT,  /* members as schema says */
	FIELD_LIST     /* min .. max items as schema says */
};

enum field_flags {
	FIELD_REQUIRED = 1,
	FIELD_NULLABLE = 2,
	FIELD_OPTIONAL = 4 /* answers: the member may be absent */
};

struct schema;

struct field {
	const char *name; /* NULL ends a table */
	enum field_type type;
	unsigned flags;
	int64_t min, max;
	const char *fallback;       /* what stands for a member that is not given, as JSON; NULL: none */
	const char *const *choices; /* ends with NULL */
	const struct schema *schema;
	const char *help;
	const char *example; /* as JSON */
};

enum schema_use {
	SCHEMA_DRAFT,  /* a body that makes something: required members, fallbacks */
	SCHEMA_CHANGE, /* a body that changes something: only the members given */
	SCHEMA_ANSWER  /* what the service says: all members are there */
};

struct schema {
	const char *name; /* in the OpenAPI document */
	const char *about;
	enum schema_use use;
	const struct field *fields;
};

/* What was read for one field; at the same index as its row. */
struct value {
	bool is_given; /* the client named it; false also where the fallback stands in */
	bool is_null;  /* nothing here: given as null, or neither given nor a fallback */
	/* ID, INTEGER, BOOLEAN (0, 1), WEIGHT (thousandths), CURSOR; ID_OR_NONE (0: none); TIME, HOUR (since 1970) */
	int64_t integer;
	struct text text;      /* all forms of text, JSON; WEIGHT as decimal text; at == NULL when is_null */
	struct value *members; /* OBJECT: one per field of its schema */
	struct value **items;  /* LIST: the members of each item */
	size_t count;
};

/*
 * Reads a body. Everything lives in the request's arena.
 *
 * Returns one value per field; where something is wrong it is noted in faults (all of it, with paths such as
 * "weights[1].weight") and the values are not to be used. NULL with *malformed_out set: the body is not JSON.
 */
struct value *fields_read_body(struct request *request, const struct schema *schema, struct faults *faults,
			       const char **malformed_out);

/* The same for any text; values live in the arena, faults and *malformed_out in that of faults. */
struct value *fields_read_text(struct arena *arena, struct text text, const struct schema *schema,
			       struct faults *faults, const char **malformed_out);

/*
 * Reads the query: unknown names and names given twice are faults too.
 *
 * list: name of the list, checked against a cursor's; NULL where there is none
 */
struct value *fields_read_query(struct request *request, const struct field *fields, const char *list,
				struct faults *faults);

/* The token of a list's cursor, opaque to clients, URL-safe; in the arena. */
const char *cursor_print(struct arena *arena, const char *list, int64_t id);

/* The id in a token of that list ("a|b": of one of these lists), or 0 when it is none. */
int64_t cursor_read(const char *list, struct text token);

#endif
