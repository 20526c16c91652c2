/* Walks bodies and queries along their tables of fields, and gathers every fault on the way. */
#include "api/fields.h"

#include "api/internal.h"
#include "http/json.h"

#include <inttypes.h>
#include <json-c/json.h>

struct walk {
	struct arena *arena;
	struct faults *faults;
	enum schema_use use;
	bool is_mended; /* as of struct place */
};

static size_t field_count(const struct field *fields)
{
	size_t count = 0;

	while (fields && fields[count].name)
		count++;
	return count;
}

static const char *join(const struct walk *walk, const char *path, const char *name)
{
	return *path ? arena_printf(walk->arena, "%s.%s", path, name) : name;
}

static struct value *read_object(const struct walk *walk, const char *path, const struct schema *schema,
				 struct json_object *json);

static void read_list(const struct walk *walk, const char *path, const struct field *field, struct json_object *json,
		      struct value *out)
{
	size_t count = json_object_array_length(json);

	if (count < (size_t)field->min || count > (size_t)field->max) {
		faults_add(walk->faults, path, "must have %" PRId64 " to %" PRId64 " items", field->min, field->max);
		return;
	}
	out->items = arena_alloc(walk->arena, count, sizeof(*out->items));
	out->count = count;
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(json, i);
		const char *at = arena_printf(walk->arena, "%s[%zu]", path, i);

		if (json_object_is_type(item, json_type_object))
			out->items[i] = read_object(walk, at, field->schema, item);
		else
			faults_add(walk->faults, at, "must be an object");
	}
}

static void read_member(const struct walk *walk, const char *path, const struct field *field, struct json_object *json,
			struct value *out)
{
	struct place place = {
		.arena = walk->arena, .faults = walk->faults, .path = path, .is_mended = walk->is_mended
	};

	out->is_given = true;
	if (field->type == FIELD_OBJECT && json_object_is_type(json, json_type_object))
		out->members = read_object(walk, path, field->schema, json);
	else if (field->type == FIELD_LIST && json_object_is_type(json, json_type_array))
		read_list(walk, path, field, json, out);
	else
		value_from_json(&place, field, json, out); /* what it finds wrong it has noted */
}

/* Fallbacks are written in the tables as JSON, and so read like what a client sends. */
static void read_fallback(const struct walk *walk, const struct field *field, struct value *out)
{
	struct json_object *json = json_tokener_parse(field->fallback);

	read_member(walk, field->name, field, json, out);
	json_object_put(json);
	out->is_given = false;
}

static void note_unknown(const struct walk *walk, const char *path, const struct field *fields,
			 struct json_object *json)
{
	json_object_object_foreach(json, name, ignored)
	{
		const struct field *field = fields;

		(void)ignored;
		while (field->name && strcmp(field->name, name) != 0)
			field++;
		if (!field->name)
			faults_add(walk->faults, join(walk, path, name), "is not known here");
	}
}

static struct value *read_object(const struct walk *walk, const char *path, const struct schema *schema,
				 struct json_object *json)
{
	const struct field *fields = schema->fields;
	size_t count = field_count(fields);
	struct value *values = arena_alloc(walk->arena, count ? count : 1, sizeof(*values));
	/* Inside a change's lists the items are whole drafts. */
	struct walk inner = *walk;

	inner.use = schema->use;
	for (size_t i = 0; i < count; i++) {
		const char *at = join(walk, path, fields[i].name);
		struct json_object *member;

		if (json_object_object_get_ex(json, fields[i].name, &member))
			read_member(&inner, at, &fields[i], member, &values[i]);
		else if (inner.use == SCHEMA_DRAFT && fields[i].flags & FIELD_REQUIRED)
			faults_add(walk->faults, at, "is required");
		else if (inner.use == SCHEMA_DRAFT && fields[i].fallback)
			read_fallback(&inner, &fields[i], &values[i]);
		else
			values[i].is_null = true;
	}
	note_unknown(walk, path, fields, json);
	return values;
}

struct value *fields_read_text(struct arena *arena, struct text text, const struct schema *schema,
			       struct faults *faults, const char **malformed_out)
{
	struct walk walk = { .arena = arena, .faults = faults, .use = schema->use };
	size_t count = faults->count;
	struct json_object *json = json_read(text, faults, malformed_out);
	struct value *values = NULL;

	walk.is_mended = faults->count > count;
	if (json_object_is_type(json, json_type_object))
		values = read_object(&walk, "", schema, json);
	else if (!*malformed_out && !faults->count) /* what else is wrong has been noted */
		faults_add(faults, "", "must be a JSON object");
	json_object_put(json);
	return values;
}

struct value *fields_read_body(struct request *request, const struct schema *schema, struct faults *faults,
			       const char **malformed_out)
{
	return fields_read_text(request_arena(request), request_body(request), schema, faults, malformed_out);
}

static const struct field *find_field(const struct field *fields, struct text name)
{
	for (; fields && fields->name; fields++)
		if (text_equals(name, text_of(fields->name)))
			return fields;
	return NULL;
}

struct value *fields_read_query(struct request *request, const struct field *fields, const char *list,
				struct faults *faults)
{
	struct walk walk = { .arena = request_arena(request), .faults = faults, .use = SCHEMA_DRAFT };
	size_t count = field_count(fields);
	struct value *values = arena_alloc(walk.arena, count ? count : 1, sizeof(*values));
	const struct query_parameter *parameters;
	size_t parameter_count = request_query(request, &parameters);

	for (size_t i = 0; i < parameter_count; i++) {
		const char *name = arena_copy(walk.arena, parameters[i].name.at, parameters[i].name.length);
		const struct field *field = find_field(fields, parameters[i].name);
		struct place place = { .arena = walk.arena, .faults = faults, .path = name, .list = list };
		struct value *value;

		if (!field) {
			faults_add(faults, name, "is not a parameter of this request");
			continue;
		}
		value = &values[field - fields];
		if (value->is_given)
			faults_add(faults, name, "is given more than once");
		value->is_given = true;
		value_from_text(&place, field, parameters[i].value, value); /* what it finds wrong it has noted */
	}
	for (size_t i = 0; i < count; i++) {
		if (values[i].is_given)
			continue;
		if (fields[i].fallback)
			read_fallback(&walk, &fields[i], &values[i]);
		else if (fields[i].flags & FIELD_REQUIRED)
			faults_add(faults, fields[i].name, "is required");
		else
			values[i].is_null = true;
	}
	return values;
}
