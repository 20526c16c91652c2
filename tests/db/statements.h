/* Statements of the tests' own; pools of the tests are given these in place of sql/queries. */
#ifndef LEADD_TESTS_DB_STATEMENTS_H
#define LEADD_TESTS_DB_STATEMENTS_H

#include "queries.h"

enum {
	T_ONE,
	T_PID,
	T_SLEEP,        /* $1 seconds */
	T_ECHO,         /* $1 text, $2 bigint, $3 boolean, $4 numeric(12, 3) */
	T_ECHO_INTS,    /* $1 bigint[] -> a row for each */
	T_ECHO_TEXTS,   /* $1 text[] */
	T_ECHO_BOOLS,   /* $1 boolean[] */
	T_ECHO_NUMBERS, /* $1 integer[], $2 numeric[], $3 double precision[] -> of each its text */
	T_NOTE_ROWS,    /* $1 note, rows: $2 bigint, $3 text, $4 boolean -> note and rows as text, by a list */
	T_NOTE_ROWS_ONE,
	T_DIMENSIONS, /* $1 bigint[], $2 text[], $3 boolean[] -> array_ndims, or 0 */
	T_SETTING,    /* $1 name -> value */
	T_SET_LOCAL,  /* $1 name, $2 value; for this transaction */
	T_ADD,        /* $1 id, $2 name */
	T_ADD_SLOWLY, /* $1 id, $2 seconds */
	T_ADD_ALL,    /* $1 ids */
	T_RENAME,     /* $1 id, $2 name */
	T_NAME,       /* $1 id */
	T_COUNT,
	T_ADD_LATE,           /* $1 thing id; whether it exists is checked at commit */
	T_ADD_COMMITS_SLOWLY, /* its commit takes 30 s */
	T_DIVIDE,             /* 1 / $1 */
	T_COUNT_OF_TESTS
};

extern const struct query_text test_statements[T_COUNT_OF_TESTS];

/* The tables, run once in each database. */
extern const char test_tables[];

/* For functions that take an enum query. */
#define Q(test_statement) ((enum query)(test_statement))

#endif
