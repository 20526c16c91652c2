/*
 * Bodies of many rows: when all rows of a list are JSON, and its end was found, the list is JSON, and these are its
 * items; and the other way round.
 */
#include "fuzz/fuzz.h"

#include "api/internal.h"
#include "http/json.h"

#include <json-c/json.h>

static bool is_json(struct arena *arena, struct text text)
{
	const char *malformed = NULL;

	return json_check(text, faults_new(arena), &malformed);
}

struct rows {
	size_t count;
	int deepest;
	bool are_json;
	enum bulk_next end;
};

static struct rows read_rows(struct arena *arena, struct text body, bool is_ndjson)
{
	struct bulk bulk = bulk_open(body, is_ndjson);
	struct rows rows = { .are_json = true };
	struct bulk_row row;

	while ((rows.end = bulk_next(&bulk, &row)) == BULK_ROW) {
		HOLDS(row.text.length > 0);
		HOLDS(row.text.at >= body.at && row.text.at + row.text.length <= body.at + body.length);
		HOLDS(!is_ndjson || !memchr(row.text.at, '\n', row.text.length));
		rows.count++;
		rows.are_json &= is_json(arena, row.text);
		rows.deepest = row.depth > rows.deepest ? row.depth : rows.deepest;
	}
	return rows;
}

static void hold_list(struct arena *arena, struct text body)
{
	struct rows rows = read_rows(arena, body, false);
	struct faults *faults = faults_new(arena);
	const char *malformed = NULL;
	struct json_object *json = json_read(body, faults, &malformed);
	bool is_list = !malformed && json_object_is_type(json, json_type_array);

	if (rows.end == BULK_END && rows.are_json && rows.deepest < JSON_DEPTH_MAX) {
		HOLDS(!malformed);
		HOLDS(faults->count || is_list);
	}
	if (is_list && !faults->count) {
		HOLDS(rows.end == BULK_END && rows.are_json);
		HOLDS(rows.count == json_object_array_length(json));
		HOLDS(rows.deepest < JSON_DEPTH_MAX);
	}
	json_free(&json);
}

/* The first byte says which of the two forms the others are. */
void fuzz_bulk(const uint8_t *bytes, size_t length)
{
	struct arena *arena = arena_new();
	struct text body = { mem_copy(length ? bytes + 1 : bytes, length ? length - 1 : 0), length ? length - 1 : 0 };

	if (length && bytes[0] & 1)
		HOLDS(read_rows(arena, body, true).end == BULK_END);
	else
		hold_list(arena, body);
	mem_free((char *)body.at);
	arena_free(&arena);
}
