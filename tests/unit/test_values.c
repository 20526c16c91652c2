/* Parameters and answers without a server: the bytes of arrays, and what a result's texts mean. */
#include "unit/unit.h"

#include "db/internal.h"

#include <string.h>

#define BYTES(literal) literal, sizeof(literal) - 1

static void assert_bytes(const struct args *args, int index, const char *wanted, size_t length)
{
	ck_assert_int_eq(args->formats[index], 1);
	ck_assert_uint_eq((size_t)args->lengths[index], length);
	ck_assert_int_eq(memcmp(args->values[index], wanted, length), 0);
}

START_TEST(scalars_are_texts)
{
	struct arena *arena = arena_new();
	struct args args = args_start(arena);

	args_null(&args);
	args_int(&args, INT64_MIN);
	args_bool(&args, true);
	args_bool(&args, false);
	args_text(&args, (struct text){ "abcdef", 3 });
	args_text(&args, (struct text){ "", 0 });
	args_text(&args, (struct text){ 0 });
	ck_assert_int_eq(args.count, 7);
	ck_assert_ptr_null(args.values[0]);
	ck_assert_str_eq(args.values[1], "-9223372036854775808");
	ck_assert_str_eq(args.values[2], "t");
	ck_assert_str_eq(args.values[3], "f");
	ck_assert_str_eq(args.values[4], "abc");
	ck_assert_str_eq(args.values[5], "");
	ck_assert_ptr_null(args.values[6]);
	for (int i = 0; i < args.count; i++)
		ck_assert_int_eq(args.formats[i], 0);
	arena_free(&arena);
}
END_TEST

START_TEST(arrays_have_the_bytes_that_postgresql_reads)
{
	static const int64_t numbers[] = { 1, 0 };
	static const struct text texts[] = { TEXT("ab"), { 0 }, TEXT("") };
	static const bool flags[] = { true, false };
	struct arena *arena = arena_new();
	struct args args = args_start(arena);

	args_ints(&args, numbers, 2);
	assert_bytes(&args, 0,
		     BYTES("\0\0\0\1\0\0\0\0\0\0\0\24\0\0\0\2\0\0\0\1"
			   "\0\0\0\10\0\0\0\0\0\0\0\1\0\0\0\10\0\0\0\0\0\0\0\0"));
	args_ints_or_null(&args, numbers, 2);
	assert_bytes(&args, 1,
		     BYTES("\0\0\0\1\0\0\0\1\0\0\0\24\0\0\0\2\0\0\0\1"
			   "\0\0\0\10\0\0\0\0\0\0\0\1\377\377\377\377"));
	args_texts(&args, texts, 3);
	assert_bytes(&args, 2,
		     BYTES("\0\0\0\1\0\0\0\1\0\0\0\31\0\0\0\3\0\0\0\1"
			   "\0\0\0\2ab\377\377\377\377\0\0\0\0"));
	args_bools(&args, flags, 2);
	assert_bytes(&args, 3, BYTES("\0\0\0\1\0\0\0\0\0\0\0\20\0\0\0\2\0\0\0\1\0\0\0\1\1\0\0\0\1\0"));
	args_ints(&args, NULL, 0);
	assert_bytes(&args, 4, BYTES("\0\0\0\0\0\0\0\0\0\0\0\24"));
	arena_free(&arena);
}
END_TEST

/* A result with one row of these texts; NULL: null. */
static struct rows rows_of(const char *const *values, int count)
{
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc columns[8] = { 0 };
	static char name[] = "x";

	for (int i = 0; i < count; i++)
		columns[i] = (PGresAttDesc){ .name = name };
	PQsetResultAttrs(result, count, columns);
	for (int i = 0; i < count; i++) {
		char text[64] = "";

		memcpy(text, values[i] ? values[i] : "", values[i] ? strlen(values[i]) : 0);
		PQsetvalue(result, 0, i, values[i] ? text : NULL, values[i] ? (int)strlen(text) : -1);
	}
	return (struct rows){ result };
}

START_TEST(columns_are_read_by_type_and_null_has_a_value)
{
	static const char *const values[] = { NULL, "-9223372036854775808", "t", "f", "", "text" };
	struct rows rows = rows_of(values, 6);

	ck_assert_int_eq(rows_count(&rows), 1);
	ck_assert(row_is_null(&rows, 0, 0) && !row_is_null(&rows, 0, 4));
	ck_assert_int_eq(row_int(&rows, 0, 0), 0);
	ck_assert(!row_bool(&rows, 0, 0));
	ck_assert_ptr_null(row_text(&rows, 0, 0).at);
	ck_assert_int_eq(row_int(&rows, 0, 1), INT64_MIN);
	ck_assert(row_bool(&rows, 0, 2) && !row_bool(&rows, 0, 3));
	ck_assert_ptr_nonnull(row_text(&rows, 0, 4).at);
	ck_assert_uint_eq(row_text(&rows, 0, 4).length, 0);
	ck_assert(text_equals(row_text(&rows, 0, 5), TEXT("text")));
	PQclear(rows.result);
}
END_TEST

START_TEST(thousandths_are_exact)
{
	static const char *const values[] = { "12.500", "0.001", "1000000.000", "-3.250", "7", "0.5", NULL };
	static const int64_t wanted[] = { 12500, 1, 1000000000, -3250, 7000, 500, 0 };
	struct rows rows = rows_of(values, 7);

	for (int i = 0; i < 7; i++)
		ck_assert_int_eq(row_thousandths(&rows, 0, i), wanted[i]);
	PQclear(rows.result);
}
END_TEST

START_TEST(sqlstates_are_sorted_into_what_callers_can_do)
{
	static const struct {
		const char *sqlstate;
		enum db_error error;
	} cases[] = {
		{ NULL, DB_UNAVAILABLE },    { "", DB_UNAVAILABLE },      { "40001", DB_RESTART },
		{ "40P01", DB_RESTART },     { "55P03", DB_BUSY },        { "57014", DB_BUSY },
		{ "23505", DB_CONFLICT },    { "23503", DB_CONFLICT },    { "22P02", DB_DATA },
		{ "22021", DB_DATA },        { "54000", DB_DATA },        { "57P01", DB_UNAVAILABLE },
		{ "57P03", DB_UNAVAILABLE }, { "08006", DB_UNAVAILABLE }, { "25006", DB_UNAVAILABLE },
		{ "42501", DB_UNAVAILABLE }, { "53300", DB_UNAVAILABLE }, { "53100", DB_UNAVAILABLE },
		{ "XX000", DB_UNAVAILABLE }, { "42703", DB_BUG },         { "25P02", DB_BUG },
		{ "P0001", DB_BUG },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		ck_assert_msg(db_error_of(cases[i].sqlstate) == cases[i].error, "%s", cases[i].sqlstate);
	ck_assert_str_eq(db_error_name(DB_OUTCOME_UNKNOWN), "outcome-unknown");
	ck_assert_str_eq(db_error_name(DB_OK), "ok");
	ck_assert(db_error_spoils_session("25006"));
	ck_assert(!db_error_spoils_session("23505"));
}
END_TEST

UNIT_SUITE(values)
{
	tcase_add_test(tests, scalars_are_texts);
	tcase_add_test(tests, arrays_have_the_bytes_that_postgresql_reads);
	tcase_add_test(tests, columns_are_read_by_type_and_null_has_a_value);
	tcase_add_test(tests, thousandths_are_exact);
	tcase_add_test(tests, sqlstates_are_sorted_into_what_callers_can_do);
}
