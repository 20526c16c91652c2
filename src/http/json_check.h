/* What the parts of the JSON check share: the cursor, and where in the document it stands. */
#ifndef LEADD_HTTP_JSON_CHECK_H
#define LEADD_HTTP_JSON_CHECK_H

#include "http/json.h"

/* One open list or object. */
struct json_level {
	bool is_list;
	size_t index;     /* in a list: of the present item */
	struct text name; /* in an object: of the present member, unescaped */
};

/* A member of an object that is still open; those of all open objects stand in one stack. */
struct json_member {
	struct text name; /* unescaped */
	size_t order;
};

struct json_check {
	const char *start, *at, *end;
	struct faults *faults;
	const char *why; /* set once: it is not JSON */
	int depth;
	struct json_level levels[JSON_DEPTH_MAX];
	struct json_member *members;
	size_t member_count, member_capacity;
};

/* Notes that the text is no JSON, at the cursor; returns false. */
bool json_refuse(struct json_check *check, const char *why);

/* Notes a fault of the present value; name: of a member of the present object, or NULL for what the cursor is in. */
void json_fault(struct json_check *check, const struct text *name, const char *rule);

/* Reads a string from its opening quote; the content is unescaped only where the caller wants it (content_out). */
bool json_check_string(struct json_check *check, struct text *content_out);

/* Reads a number. */
bool json_check_number(struct json_check *check);

#endif
