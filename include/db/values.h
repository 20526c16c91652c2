/* Typed parameters in, typed columns out. Scalars travel as text; arrays, and single items of them, in binary form. */
#ifndef LEADD_DB_VALUES_H
#define LEADD_DB_VALUES_H

#include "base/mem.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum { ARGS_MAX = 24 };

/*
 * The parameters of one statement, $1 first. Everything is copied into the arena, which must live until the statement
 * has been sent; start it with args_start() and add in order.
 */
struct args {
	struct arena *arena;
	int count;
	const char *values[ARGS_MAX]; /* NULL: SQL null */
	int lengths[ARGS_MAX];
	int formats[ARGS_MAX]; /* 0 text, 1 binary */
	int items[ARGS_MAX];   /* of an array; -1: it is none */
};

struct args args_start(struct arena *arena);

void args_null(struct args *args);
void args_int(struct args *args, int64_t number);
void args_int_or_null(struct args *args, int64_t number); /* 0 becomes null */
void args_bool(struct args *args, bool flag);
void args_text(struct args *args, struct text text); /* a text without bytes (at == NULL) is null */

/* Arrays; the statement casts its parameter ($1::bigint[], $2::text[], ...). Texts with at == NULL become null items.
 */
void args_ints(struct args *args, const int64_t *numbers, size_t count);         /* bigint[] */
void args_ints_or_null(struct args *args, const int64_t *numbers, size_t count); /* bigint[]; 0 becomes null */
void args_ints2(struct args *args, const int64_t *numbers, size_t count);        /* smallint[]; within 16 bits */
void args_ints4(struct args *args, const int64_t *numbers, size_t count);        /* integer[]; within 32 bits */
void args_thousandths(struct args *args, const int64_t *numbers, size_t count);  /* numeric[]; 12500 is 12.500; >= 0 */
void args_doubles(struct args *args, const double *numbers, size_t count);       /* double precision[] */
void args_texts(struct args *args, const struct text *texts, size_t count);      /* text[] */
void args_bools(struct args *args, const bool *flags, size_t count);             /* boolean[] */

/*
 * Where each of the parameters in row_params (bit 0: $1) is an array of one item, row_out gets the same parameters with
 * the items in the arrays' place, borrowed from args. Otherwise false, and row_out is left alone.
 */
bool args_one_row(const struct args *args, unsigned row_params, struct args *row_out);

/* The answer of one statement, borrowed: valid inside the callback or read step that it was given to. */
struct rows;

int rows_count(const struct rows *rows);

/* Rows changed by an INSERT, UPDATE or DELETE. */
int64_t rows_affected(const struct rows *rows);

bool row_is_null(const struct rows *rows, int row, int column);
int64_t row_int(const struct rows *rows, int row, int column);      /* null gives 0 */
bool row_bool(const struct rows *rows, int row, int column);        /* null gives false */
struct text row_text(const struct rows *rows, int row, int column); /* null gives at == NULL; ends with a NUL */

/* A numeric with three decimals ("12.500") in thousandths (12500); the column is declared numeric(n, 3). */
int64_t row_thousandths(const struct rows *rows, int row, int column);

/* A list of integers: a column of type bigint[] or integer[]. */
struct ints {
	const int64_t *at; /* NULL: the column is null, or holds a null or anything but a plain list of integers */
	size_t count;
};

struct ints row_ints(const struct rows *rows, int row, int column, struct arena *arena);

#endif
