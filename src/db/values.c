/* Parameters and answers of statements: the only file that knows how PostgreSQL writes values down. */
#include "db/values.h"

#include "db/internal.h"

#include <assert.h>
#include <endian.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT_TEXT = 0, FORMAT_BINARY = 1 };

/* Object ids of element types; fixed for ever in PostgreSQL's catalog pg_type. */
enum { OID_BOOL = 16, OID_INT8 = 20, OID_TEXT = 25 };

struct args args_start(struct arena *arena)
{
	return (struct args){ .arena = arena };
}

static void add(struct args *args, const char *value, size_t length, int format)
{
	assert(args->count < ARGS_MAX);
	assert(length <= INT_MAX);
	args->values[args->count] = value;
	args->lengths[args->count] = (int)length;
	args->formats[args->count] = format;
	args->count++;
}

void args_null(struct args *args)
{
	add(args, NULL, 0, FORMAT_TEXT);
}

void args_int(struct args *args, int64_t number)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRId64, number);

	add(args, arena_copy(args->arena, digits, (size_t)length), (size_t)length, FORMAT_TEXT);
}

void args_bool(struct args *args, bool flag)
{
	add(args, flag ? "t" : "f", 1, FORMAT_TEXT);
}

void args_text(struct args *args, struct text text)
{
	if (!text.at)
		args_null(args);
	else
		add(args, arena_copy(args->arena, text.at, text.length), text.length, FORMAT_TEXT);
}

/*
 * Arrays in binary: dimensions, whether nulls occur, element type, then for the one dimension its length and lowest
 * index, then each item as its length (-1: null) and its bytes; all numbers big-endian 32 bits. An array without
 * items has no dimension.
 * Source: array_recv() and array_send() in PostgreSQL's src/backend/utils/adt/arrayfuncs.c.
 */
struct array {
	char *bytes, *at;
};

static void put32(struct array *array, uint32_t number)
{
	uint32_t wire = htobe32(number);

	memcpy(array->at, &wire, sizeof(wire));
	array->at += sizeof(wire);
}

static struct array array_start(struct args *args, uint32_t element, size_t count, bool has_nulls, size_t items_bytes)
{
	struct array array;

	assert(count <= INT32_MAX && items_bytes < INT_MAX - 20);
	array.bytes = array.at = arena_alloc(args->arena, 20 + items_bytes, 1);
	put32(&array, count ? 1 : 0);
	put32(&array, has_nulls);
	put32(&array, element);
	if (count) {
		put32(&array, (uint32_t)count);
		put32(&array, 1);
	}
	return array;
}

static void array_end(struct args *args, const struct array *array)
{
	add(args, array->bytes, (size_t)(array->at - array->bytes), FORMAT_BINARY);
}

static void add_ints(struct args *args, const int64_t *numbers, size_t count, bool zero_is_null)
{
	size_t nulls = 0;
	struct array array;

	for (size_t i = 0; zero_is_null && i < count; i++)
		nulls += numbers[i] == 0;
	array = array_start(args, OID_INT8, count, nulls > 0, count * 4 + (count - nulls) * 8);
	for (size_t i = 0; i < count; i++) {
		uint64_t wire = htobe64((uint64_t)numbers[i]);

		if (zero_is_null && numbers[i] == 0) {
			put32(&array, UINT32_MAX);
			continue;
		}
		put32(&array, sizeof(wire));
		memcpy(array.at, &wire, sizeof(wire));
		array.at += sizeof(wire);
	}
	array_end(args, &array);
}

void args_ints(struct args *args, const int64_t *numbers, size_t count)
{
	add_ints(args, numbers, count, false);
}

void args_ints_or_null(struct args *args, const int64_t *numbers, size_t count)
{
	add_ints(args, numbers, count, true);
}

void args_texts(struct args *args, const struct text *texts, size_t count)
{
	size_t bytes = 4 * count;
	bool has_nulls = false;
	struct array array;

	for (size_t i = 0; i < count; i++) {
		bytes += texts[i].at ? texts[i].length : 0;
		has_nulls |= !texts[i].at;
	}
	array = array_start(args, OID_TEXT, count, has_nulls, bytes);
	for (size_t i = 0; i < count; i++) {
		if (!texts[i].at) {
			put32(&array, UINT32_MAX);
			continue;
		}
		put32(&array, (uint32_t)texts[i].length);
		memcpy(array.at, texts[i].at, texts[i].length);
		array.at += texts[i].length;
	}
	array_end(args, &array);
}

void args_bools(struct args *args, const bool *flags, size_t count)
{
	struct array array = array_start(args, OID_BOOL, count, false, count * 5);

	for (size_t i = 0; i < count; i++) {
		put32(&array, 1);
		*array.at++ = flags[i] ? 1 : 0;
	}
	array_end(args, &array);
}

/* -- answers ----------------------------------------------------------------------------------- */

int rows_count(const struct rows *rows)
{
	return PQntuples(rows->result);
}

int64_t rows_affected(const struct rows *rows)
{
	return strtoll(PQcmdTuples(rows->result), NULL, 10);
}

/* libpq answers an index out of range with a null and a line on stderr: to us it is a bug. */
static const char *value(const struct rows *rows, int row, int column)
{
	assert(row >= 0 && row < PQntuples(rows->result));
	assert(column >= 0 && column < PQnfields(rows->result));
	return PQgetisnull(rows->result, row, column) ? NULL : PQgetvalue(rows->result, row, column);
}

bool row_is_null(const struct rows *rows, int row, int column)
{
	return !value(rows, row, column);
}

int64_t row_int(const struct rows *rows, int row, int column)
{
	const char *digits = value(rows, row, column);

	return digits ? strtoll(digits, NULL, 10) : 0;
}

bool row_bool(const struct rows *rows, int row, int column)
{
	const char *flag = value(rows, row, column);

	return flag && *flag == 't';
}

struct text row_text(const struct rows *rows, int row, int column)
{
	const char *bytes = value(rows, row, column);

	if (!bytes)
		return (struct text){ 0 };
	return (struct text){ bytes, (size_t)PQgetlength(rows->result, row, column) };
}

int64_t row_thousandths(const struct rows *rows, int row, int column)
{
	const char *at = value(rows, row, column);
	bool negative = at && *at == '-';
	int decimals = -1; /* -1: before the point */
	int64_t number = 0;

	if (!at)
		return 0;
	for (at += negative; *at; at++) {
		if (*at == '.') {
			decimals = 0;
			continue;
		}
		assert(*at >= '0' && *at <= '9' && decimals < 3);
		number = number * 10 + (*at - '0');
		decimals += decimals >= 0;
	}
	for (int i = decimals < 0 ? 0 : decimals; i < 3; i++)
		number *= 10;
	return negative ? -number : number;
}

/* As PostgreSQL prints it: {1,-2,3}. */
struct ints row_ints(const struct rows *rows, int row, int column, struct arena *arena)
{
	struct text text = row_text(rows, row, column);
	const char *at = text.at;
	size_t count = 0;
	int64_t *items;
	char *end;

	if (!at || *at++ != '{')
		return (struct ints){ 0 };
	items = arena_alloc(arena, text.length / 2 + 1, sizeof(*items));
	while (*at != '}') {
		if (count && *at++ != ',')
			return (struct ints){ 0 };
		items[count++] = strtoll(at, &end, 10);
		if (end == at)
			return (struct ints){ 0 };
		at = end;
	}
	return (struct ints){ items, count };
}
