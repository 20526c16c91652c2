/* Queries along their tables of fields. */
#include "api/fields.h"
#include "base/buf.h"
#include "unit/fake_request.h"
#include "unit/unit.h"

#include <stdio.h>

enum { LIMIT, CURSOR, ACTIVE, OPERATOR, STATUS, FROM, EXACT, LEAD };

static const char *const statuses[] = { "active", "waiting", NULL };

static const struct field fields[] = {
	[LIMIT] = { "limit", FIELD_INTEGER, 0, 1, 200, "50" },
	[CURSOR] = { "cursor", FIELD_CURSOR },
	[ACTIVE] = { "is_active", FIELD_BOOLEAN },
	[OPERATOR] = { "operator_id", FIELD_ID_OR_NONE },
	[STATUS] = { "status", FIELD_CHOICE, .choices = statuses },
	[FROM] = { "from", FIELD_HOUR },
	[EXACT] = { "external_id", FIELD_EXACT, 0, 1, 255 },
	[LEAD] = { "lead_id", FIELD_ID },
	{ 0 },
};

static const struct field demanding_fields[] = {
	{ "needed", FIELD_TEXT, FIELD_REQUIRED, .min = 2, .max = 10 },
	{ 0 },
};

static struct request *request;
static struct faults *faults;

static void end(void)
{
	if (request)
		fake_request_free(&request);
}

static const struct value *read_as(const struct field *table, const char *query)
{
	end();
	request = fake_request_new(query, TEXT(""));
	faults = faults_new(request_arena(request));
	return fields_read_query(request, table, "operators", faults);
}

static const struct value *good(const char *query)
{
	const struct value *values = read_as(fields, query);

	ck_assert_msg(faults->count == 0, "%s: %s %s", query, faults->items[0].field, faults->items[0].message);
	return values;
}

static void assert_faults(const struct field *table, const char *query, const char *wanted)
{
	struct buf lines;

	read_as(table, query);
	buf_init(&lines);
	for (size_t i = 0; i < faults->count; i++)
		buf_printf(&lines, "%s: %s\n", faults->items[i].field, faults->items[i].message);
	ck_assert_str_eq(lines.bytes, wanted);
	buf_done(&lines);
}

START_TEST(nothing_given_leaves_fallbacks_and_nulls)
{
	const struct value *values = good("");

	ck_assert_int_eq(values[LIMIT].integer, 50);
	ck_assert(!values[LIMIT].is_given && !values[LIMIT].is_null);
	for (size_t i = CURSOR; i <= LEAD; i++)
		ck_assert(!values[i].is_given && values[i].is_null);
}
END_TEST

START_TEST(each_parameter_is_read_by_its_type)
{
	const struct value *values = good("limit=200&is_active=false&operator_id=7&status=waiting&lead_id=12"
					  "&from=2026-01-31T12:30:00%2B05:30&external_id=tg%3A1+2");

	ck_assert_int_eq(values[LIMIT].integer, 200);
	ck_assert_int_eq(values[ACTIVE].integer, 0);
	ck_assert_int_eq(values[OPERATOR].integer, 7);
	ck_assert_int_eq(values[LEAD].integer, 12);
	ck_assert(text_equals(values[STATUS].text, TEXT("waiting")));
	ck_assert(text_equals(values[FROM].text, TEXT("2026-01-31T12:30:00+05:30")));
	ck_assert(text_equals(values[EXACT].text, TEXT("tg:1 2")));
	ck_assert(values[ACTIVE].is_given && !values[ACTIVE].is_null);
}
END_TEST

START_TEST(the_word_none_stands_for_no_id)
{
	const struct value *values = good("operator_id=none");

	ck_assert(values[OPERATOR].is_given && !values[OPERATOR].is_null);
	ck_assert_int_eq(values[OPERATOR].integer, 0);
}
END_TEST

START_TEST(a_plus_that_became_a_blank_is_put_back_in_a_time)
{
	ck_assert(text_equals(good("from=2026-01-31T12:00:00+02:00")[FROM].text, TEXT("2026-01-31T12:00:00+02:00")));
}
END_TEST

START_TEST(a_cursor_of_this_list_gives_its_id)
{
	struct arena *arena = arena_new();
	char *query = arena_printf(arena, "cursor=%s", cursor_print(arena, "operators", 77));

	ck_assert_int_eq(good(query)[CURSOR].integer, 77);
	query = arena_printf(arena, "cursor=%s", cursor_print(arena, "sources", 77));
	assert_faults(fields, query, "cursor: is not a cursor of this list\n");
	arena_free(&arena);
}
END_TEST

START_TEST(all_faults_are_told_at_once)
{
	assert_faults(fields,
		      "limit=0&cursor=x&is_active=yes&operator_id=0&status=gone&from=2026-01-31T12:30:00Z"
		      "&external_id=+x&lead_id=-1&color=red",
		      "limit: must be between 1 and 200\n"
		      "cursor: is not a cursor of this list\n"
		      "is_active: must be true or false\n"
		      "operator_id: must be an id or the word none\n"
		      "status: must be one of: active, waiting\n"
		      "from: must be a whole hour such as 2026-01-31T12:00:00Z\n"
		      "external_id: must not begin or end with white space\n"
		      "lead_id: must be an id: a positive integer\n"
		      "color: is not a parameter of this request\n");
}
END_TEST

START_TEST(a_parameter_without_a_value_is_a_fault)
{
	assert_faults(fields, "limit=&is_active&lead_id=",
		      "limit: must be an integer\nis_active: must be true or false\n"
		      "lead_id: must be an id: a positive integer\n");
}
END_TEST

START_TEST(numbers_that_are_almost_integers_are_refused)
{
	static const char *const values[] = {
		"1.0", "1e1", "%2B5", "05", "0x5", "5%20", "%205", "99999999999999999999"
	};

	for (size_t i = 0; i < COUNT_OF(values); i++) {
		char query[64];

		snprintf(query, sizeof(query), "limit=%s", values[i]);
		assert_faults(fields, query, "limit: must be an integer\n");
	}
}
END_TEST

START_TEST(a_parameter_given_twice_is_a_fault)
{
	assert_faults(fields, "limit=5&limit=5", "limit: is given more than once\n");
	assert_faults(fields, "limit=5&li%6dit=6", "limit: is given more than once\n");
}
END_TEST

START_TEST(names_compare_exactly)
{
	assert_faults(fields, "Limit=5&limit%20=5&=5&limi=5",
		      "Limit: is not a parameter of this request\nlimit : is not a parameter of this request\n"
		      ": is not a parameter of this request\nlimi: is not a parameter of this request\n");
}
END_TEST

START_TEST(an_endpoint_without_a_table_takes_no_parameters)
{
	assert_faults(NULL, "", "");
	assert_faults(NULL, "limit=5", "limit: is not a parameter of this request\n");
}
END_TEST

START_TEST(a_required_parameter_is_required)
{
	assert_faults(demanding_fields, "", "needed: is required\n");
	assert_faults(demanding_fields, "needed=+x+", "needed: must have 2 to 10 characters\n");
	assert_faults(demanding_fields, "needed=xy", "");
}
END_TEST

START_TEST(visible_text_is_ascii_without_blanks)
{
	static const struct field keys[] = { { "key", FIELD_VISIBLE, 0, 2, 5, .help = "A key." }, { 0 } };
	static const char *const wrong[] = { "key=a",   "key=abcdef", "key=a+b",   "key=+ab",
					     "key=ab+", "key=a%09b",  "key=ab%7F", "key=%C3%A9a" };

	ck_assert(text_equals(read_as(keys, "key=!a~")->text, TEXT("!a~")));
	assert_faults(keys, "key=%21%7E%22ab", "");
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		assert_faults(keys, wrong[i], "key: must have 2 to 5 characters, all visible ASCII\n");
}
END_TEST

UNIT_SUITE(query_fields)
{
	tcase_add_checked_fixture(tests, NULL, end);
	tcase_add_test(tests, nothing_given_leaves_fallbacks_and_nulls);
	tcase_add_test(tests, each_parameter_is_read_by_its_type);
	tcase_add_test(tests, the_word_none_stands_for_no_id);
	tcase_add_test(tests, a_plus_that_became_a_blank_is_put_back_in_a_time);
	tcase_add_test(tests, a_cursor_of_this_list_gives_its_id);
	tcase_add_test(tests, all_faults_are_told_at_once);
	tcase_add_test(tests, a_parameter_without_a_value_is_a_fault);
	tcase_add_test(tests, numbers_that_are_almost_integers_are_refused);
	tcase_add_test(tests, a_parameter_given_twice_is_a_fault);
	tcase_add_test(tests, names_compare_exactly);
	tcase_add_test(tests, an_endpoint_without_a_table_takes_no_parameters);
	tcase_add_test(tests, a_required_parameter_is_required);
	tcase_add_test(tests, visible_text_is_ascii_without_blanks);
}
