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
enum {
	OID_BOOL = 16,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_TEXT = 25,
	OID_FLOAT8 = 701,
	OID_NUMERIC = 1700
};

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
	args->items[args->count] = -1;
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

void args_int_or_null(struct args *args, int64_t number)
{
	if (number)
		args_int(args, number);
	else
		args_null(args);
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
	size_t count;
};

enum { ITEM_LENGTH_AT = 20, ITEM_AT = 24 }; /* of the first one */

static void put(struct array *array, uint64_t number, int bytes)
{
	while (bytes-- > 0)
		*array->at++ = (char)(number >> 8 * bytes);
}

static void put32(struct array *array, uint32_t number)
{
	put(array, number, 4);
}

static struct array array_start(struct args *args, uint32_t element, size_t count, bool has_nulls, size_t items_bytes)
{
	struct array array;

	assert(count <= INT32_MAX && items_bytes < INT_MAX - ITEM_LENGTH_AT);
	array.bytes = array.at = arena_alloc(args->arena, ITEM_LENGTH_AT + items_bytes, 1);
	array.count = count;
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
	args->items[args->count - 1] = (int)array->count;
}

bool args_one_row(const struct args *args, unsigned row_params, struct args *row_out)
{
	for (int i = 0; i < args->count; i++)
		if (row_params >> i & 1 && args->items[i] != 1)
			return false;
	*row_out = *args;
	for (int i = 0; i < args->count; i++) {
		uint32_t length;

		if (!(row_params >> i & 1))
			continue;
		memcpy(&length, args->values[i] + ITEM_LENGTH_AT, sizeof(length));
		length = be32toh(length);
		row_out->values[i] = length == UINT32_MAX ? NULL : args->values[i] + ITEM_AT;
		row_out->lengths[i] = length == UINT32_MAX ? 0 : (int)length;
		row_out->items[i] = -1;
	}
	return true;
}

static void add_numbers(struct args *args, uint32_t element, int bytes, const int64_t *numbers, size_t count,
			bool zero_is_null)
{
	size_t nulls = 0;
	struct array array;

	for (size_t i = 0; zero_is_null && i < count; i++)
		nulls += numbers[i] == 0;
	array = array_start(args, element, count, nulls > 0, count * 4 + (count - nulls) * (size_t)bytes);
	for (size_t i = 0; i < count; i++) {
		if (zero_is_null && numbers[i] == 0) {
			put32(&array, UINT32_MAX);
			continue;
		}
		assert(bytes == 8 || numbers[i] >> (8 * bytes - 1) == 0 || numbers[i] >> (8 * bytes - 1) == -1);
		put32(&array, (uint32_t)bytes);
		put(&array, (uint64_t)numbers[i], bytes);
	}
	array_end(args, &array);
}

void args_ints(struct args *args, const int64_t *numbers, size_t count)
{
	add_numbers(args, OID_INT8, 8, numbers, count, false);
}

void args_ints_or_null(struct args *args, const int64_t *numbers, size_t count)
{
	add_numbers(args, OID_INT8, 8, numbers, count, true);
}

void args_ints2(struct args *args, const int64_t *numbers, size_t count)
{
	add_numbers(args, OID_INT2, 2, numbers, count, false);
}

void args_ints4(struct args *args, const int64_t *numbers, size_t count)
{
	add_numbers(args, OID_INT4, 4, numbers, count, false);
}

void args_doubles(struct args *args, const double *numbers, size_t count)
{
	struct array array = array_start(args, OID_FLOAT8, count, false, count * 12);

	for (size_t i = 0; i < count; i++) {
		uint64_t bits;

		memcpy(&bits, &numbers[i], sizeof(bits));
		put32(&array, sizeof(bits));
		put(&array, bits, sizeof(bits));
	}
	array_end(args, &array);
}

/*
 * A numeric: how many digits of base 10000, the power of the first one, sign, decimals to show, then the digits.
 * Source: numeric_recv() in PostgreSQL's src/backend/utils/adt/numeric.c.
 */
void args_thousandths(struct args *args, const int64_t *numbers, size_t count)
{
	enum { BASE = 10000, DIGITS_MAX = 6, HEAD_BYTES = 8, DECIMALS = 3 };
	struct array array = array_start(args, OID_NUMERIC, count, false, count * (4 + HEAD_BYTES + 2 * DIGITS_MAX));

	for (size_t i = 0; i < count; i++) {
		int digits[DIGITS_MAX] = { (int)(numbers[i] % 1000 * (BASE / 1000)) },
		    last = 0; /* of lowest power first */

		assert(numbers[i] >= 0);
		for (int64_t whole = numbers[i] / 1000; whole > 0; whole /= BASE)
			digits[++last] = (int)(whole % BASE);
		put32(&array, (uint32_t)(HEAD_BYTES + 2 * (last + 1)));
		put(&array, (uint64_t)last + 1, 2);
		put(&array, (uint64_t)last - 1, 2);
		put(&array, 0, 2);
		put(&array, DECIMALS, 2);
		for (int k = last; k >= 0; k--)
			put(&array, (uint64_t)digits[k], 2);
	}
	array_end(args, &array);
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
