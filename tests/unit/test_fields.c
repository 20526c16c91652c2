/* Bodies along their tables of fields: what is read, and that every fault is told at once, with its path. */
#include "api/fields.h"
#include "base/buf.h"
#include "unit/fake_request.h"
#include "unit/unit.h"

#include <stdio.h>

/* -- the tables -------------------------------------------------------------------------------- */

enum { PHONE, AGE };

static const struct field lead_fields[] = {
	[PHONE] = { "phone", FIELD_TEXT, FIELD_NULLABLE, 0, 5 },
	[AGE] = { "age", FIELD_INTEGER, 0, 0, 150, "18" },
	{ 0 },
};

enum { OPERATOR, WEIGHT };

static const struct field weight_fields[] = {
	[OPERATOR] = { "operator_id", FIELD_ID, FIELD_REQUIRED },
	[WEIGHT] = { "weight", FIELD_WEIGHT, FIELD_REQUIRED, 0, 1000000 },
	{ 0 },
};

static const struct schema lead_schema = { "Lead", "", SCHEMA_CHANGE, lead_fields };
static const struct schema weight_schema = { "Weight", "", SCHEMA_DRAFT, weight_fields };

enum { NAME, EXACT, SOURCE, LIMIT, ACTIVE, KIND, AT, PAYLOAD, LEAD, WEIGHTS };

static const char *const kinds[] = { "call", "mail", NULL };

static const struct field fields[] = {
	[NAME] = { "name", FIELD_TEXT, FIELD_REQUIRED, 1, 5 },
	[EXACT] = { "exact", FIELD_EXACT, 0, 1, 5 },
	[SOURCE] = { "source_id", FIELD_ID },
	[LIMIT] = { "limit", FIELD_INTEGER, 0, 0, 1000, "10" },
	[ACTIVE] = { "is_active", FIELD_BOOLEAN, .fallback = "true" },
	[KIND] = { "kind", FIELD_CHOICE, FIELD_NULLABLE, .choices = kinds, .fallback = "\"call\"" },
	[AT] = { "at", FIELD_TIME },
	[PAYLOAD] = { "payload", FIELD_JSON, FIELD_NULLABLE, 0, 40 },
	[LEAD] = { "lead", FIELD_OBJECT, .schema = &lead_schema },
	[WEIGHTS] = { "weights", FIELD_LIST, 0, 0, 3, .schema = &weight_schema },
	{ 0 },
};

static const struct schema draft = { "Draft", "", SCHEMA_DRAFT, fields };
static const struct schema change = { "Change", "", SCHEMA_CHANGE, fields };

/* -- reading ----------------------------------------------------------------------------------- */

static struct request *request;
static struct faults *faults;
static const char *malformed;

static void end(void)
{
	if (request)
		fake_request_free(&request);
}

static const struct value *read_as(const struct schema *schema, const char *json)
{
	end();
	request = fake_request_new("", text_of(json));
	faults = faults_new(request_arena(request));
	malformed = NULL;
	return fields_read_body(request, schema, faults, &malformed);
}

/* The values of a body without faults. */
static const struct value *good(const struct schema *schema, const char *json)
{
	const struct value *values = read_as(schema, json);

	ck_assert_ptr_null(malformed);
	ck_assert_msg(faults->count == 0, "%s: %s %s", json, faults->items[0].field, faults->items[0].message);
	ck_assert_ptr_nonnull(values);
	return values;
}

/* All faults as lines "field: message". */
static void assert_faults(const struct schema *schema, const char *json, const char *wanted)
{
	struct buf lines;

	read_as(schema, json);
	ck_assert_ptr_null(malformed);
	buf_init(&lines);
	for (size_t i = 0; i < faults->count && i < FAULTS_MAX; i++)
		buf_printf(&lines, "%s: %s\n", faults->items[i].field, faults->items[i].message);
	ck_assert_str_eq(lines.bytes, wanted);
	buf_done(&lines);
}

static void assert_text(const struct value *value, const char *wanted)
{
	ck_assert_ptr_nonnull(value->text.at);
	ck_assert_msg(text_equals(value->text, text_of(wanted)), "\"%s\" is not \"%s\"", value->text.at, wanted);
}

/* -- what is given, and what stands in --------------------------------------------------------- */

START_TEST(each_member_is_read_by_its_type)
{
	const struct value *values =
		good(&draft, "{\"name\": \" Anna \", \"exact\": \"a  b\", \"source_id\": 7, \"limit\": 0,"
			     "\"is_active\": false, \"kind\": \"mail\", \"at\": \"2026-01-31t12:00:00z\"}");

	assert_text(&values[NAME], "Anna");
	assert_text(&values[EXACT], "a  b");
	ck_assert_int_eq(values[SOURCE].integer, 7);
	ck_assert_int_eq(values[LIMIT].integer, 0);
	ck_assert_int_eq(values[ACTIVE].integer, 0);
	assert_text(&values[KIND], "mail");
	assert_text(&values[AT], "2026-01-31T12:00:00Z");
	for (size_t i = NAME; i <= AT; i++)
		ck_assert(values[i].is_given && !values[i].is_null);
}
END_TEST

START_TEST(fallbacks_stand_in_for_what_a_draft_does_not_give)
{
	const struct value *values = good(&draft, "{\"name\": \"Anna\"}");

	ck_assert_int_eq(values[LIMIT].integer, 10);
	ck_assert_int_eq(values[ACTIVE].integer, 1);
	assert_text(&values[KIND], "call");
	ck_assert(!values[LIMIT].is_given && !values[LIMIT].is_null);
	ck_assert(!values[SOURCE].is_given && values[SOURCE].is_null);
	ck_assert_ptr_null(values[EXACT].text.at);
}
END_TEST

START_TEST(a_change_requires_nothing_and_has_no_fallbacks)
{
	const struct value *values = good(&change, "{}");

	for (size_t i = NAME; i <= WEIGHTS; i++)
		ck_assert(!values[i].is_given && values[i].is_null);
}
END_TEST

START_TEST(null_is_given_and_holds_nothing)
{
	const struct value *values = good(&draft, "{\"name\": \"A\", \"kind\": null, \"payload\": null}");

	ck_assert(values[KIND].is_given && values[KIND].is_null);
	ck_assert(values[PAYLOAD].is_given && values[PAYLOAD].is_null);
	ck_assert_ptr_null(values[KIND].text.at);
}
END_TEST

START_TEST(members_of_an_object_follow_its_own_schema)
{
	const struct value *values = good(&draft, "{\"name\": \"A\", \"lead\": {\"phone\": null}}");

	ck_assert(values[LEAD].is_given);
	ck_assert(values[LEAD].members[PHONE].is_given && values[LEAD].members[PHONE].is_null);
	ck_assert(!values[LEAD].members[AGE].is_given && values[LEAD].members[AGE].is_null);
}
END_TEST

START_TEST(items_of_a_list_keep_their_order)
{
	const struct value *values = good(&change, "{\"weights\": [{\"operator_id\": 9, \"weight\": 1.5},"
						   "{\"weight\": 30e-1, \"operator_id\": 4}]}");

	ck_assert_uint_eq(values[WEIGHTS].count, 2);
	ck_assert_int_eq(values[WEIGHTS].items[0][OPERATOR].integer, 9);
	ck_assert_int_eq(values[WEIGHTS].items[0][WEIGHT].integer, 1500);
	assert_text(&values[WEIGHTS].items[0][WEIGHT], "1.500");
	ck_assert_int_eq(values[WEIGHTS].items[1][OPERATOR].integer, 4);
	assert_text(&values[WEIGHTS].items[1][WEIGHT], "3.000");
	ck_assert_uint_eq(good(&change, "{\"weights\": []}")[WEIGHTS].count, 0);
}
END_TEST

START_TEST(weights_are_read_exactly)
{
	static const struct {
		const char *json, *text;
	} cases[] = {
		{ "0", "0.000" },
		{ "-0", "0.000" },
		{ "-0.0", "0.000" },
		{ "0.001", "0.001" },
		{ "0.1", "0.100" },
		{ "1e3", "1000.000" },
		{ "1.50000", "1.500" },
		{ "1000000", "1000000.000" },
		{ "16777.217", "16777.217" },
		{ "999999.999", "999999.999" },
		{ "0e400", "0.000" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char json[100];
		const struct value *values;

		snprintf(json, sizeof(json), "{\"weights\": [{\"operator_id\": 1, \"weight\": %s}]}", cases[i].json);
		values = good(&change, json);
		assert_text(&values[WEIGHTS].items[0][WEIGHT], cases[i].text);
	}
}
END_TEST

START_TEST(a_payload_keeps_its_numbers_and_texts)
{
	const struct value *values = good(&draft, "{\"name\": \"A\", \"payload\": { \"a\" : [0.1, 1.0, 1e2],"
						  " \"b\": \"/\\u00e4\\n\" } }");

	assert_text(&values[PAYLOAD], "{\"a\":[0.1,1.0,1e2],\"b\":\"/\xc3\xa4\\n\"}");
}
END_TEST

/* -- faults ------------------------------------------------------------------------------------ */

START_TEST(all_faults_are_told_at_once_with_their_paths)
{
	assert_faults(&draft,
		      "{\"exact\": \" x\", \"source_id\": 0, \"limit\": 1001, \"is_active\": 1, \"kind\": \"fax\","
		      "\"at\": \"today\", \"payload\": [], \"lead\": {\"phone\": \"123456\", \"fax\": \"1\"},"
		      "\"weights\": [{\"operator_id\": 1, \"weight\": 1.5}, {\"operator_id\": \"2\", \"weight\": -1}],"
		      "\"color\": \"red\"}",
		      "name: is required\n"
		      "exact: must not begin or end with white space\n"
		      "source_id: must be an id: a positive integer\n"
		      "limit: must be between 0 and 1000\n"
		      "is_active: must be true or false\n"
		      "kind: must be one of: call, mail\n"
		      "at: must be a time such as 2026-01-31T12:00:00Z\n"
		      "payload: must be an object\n"
		      "lead.phone: must have 0 to 5 characters\n"
		      "lead.fax: is not known here\n"
		      "weights[1].operator_id: must be an integer\n"
		      "weights[1].weight: must be between 0 and 1000000\n"
		      "color: is not known here\n");
}
END_TEST

START_TEST(null_is_refused_where_the_table_does_not_allow_it)
{
	assert_faults(&change, "{\"name\": null, \"limit\": null, \"lead\": null, \"weights\": null}",
		      "name: must not be null\nlimit: must not be null\nlead: must not be null\n"
		      "weights: must not be null\n");
}
END_TEST

START_TEST(a_value_of_another_type_is_refused)
{
	assert_faults(&change,
		      "{\"name\": 1, \"exact\": true, \"source_id\": 1.5, \"limit\": \"1\", \"is_active\": \"true\","
		      "\"kind\": {}, \"at\": 1, \"payload\": \"{}\", \"lead\": [], \"weights\": {}}",
		      "name: must be text\nexact: must be text\nsource_id: must be an integer\n"
		      "limit: must be an integer\nis_active: must be true or false\nkind: must be text\n"
		      "at: must be text\npayload: must be an object\nlead: must be an object\n"
		      "weights: must be a list\n");
}
END_TEST

START_TEST(lengths_are_counted_in_characters_after_trimming)
{
	assert_text(&good(&change, "{\"name\": \" \\u00e4\\u00f6\\u00fc\xf0\x9f\x98\x80z\\u3000\"}")[NAME],
		    "\xc3\xa4\xc3\xb6\xc3\xbc\xf0\x9f\x98\x80z");
	assert_faults(&change, "{\"name\": \"123456\"}", "name: must have 1 to 5 characters\n");
	assert_faults(&change, "{\"name\": \" \\t\\u00a0\"}", "name: must have 1 to 5 characters\n");
	assert_faults(&change, "{\"name\": \"\"}", "name: must have 1 to 5 characters\n");
	assert_faults(&change, "{\"exact\": \"1\\u2003\"}", "exact: must not begin or end with white space\n");
}
END_TEST

START_TEST(weights_have_three_decimals_and_a_range)
{
	static const struct {
		const char *weight, *message;
	} cases[] = {
		{ "1000000.001", "must be between 0 and 1000000" },
		{ "1e300", "must be between 0 and 1000000" },
		{ "-0.001", "must be between 0 and 1000000" },
		{ "-1e300", "must be between 0 and 1000000" },
		{ "1.2345", "must have at most three decimals" },
		{ "0.0005", "must have at most three decimals" },
		{ "\"1\"", "must be a number" },
		{ "true", "must be a number" },
		{ "null", "must not be null" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char json[100], wanted[100];

		snprintf(json, sizeof(json), "{\"weights\": [{\"operator_id\": 1, \"weight\": %s}]}", cases[i].weight);
		snprintf(wanted, sizeof(wanted), "weights[0].weight: %s\n", cases[i].message);
		assert_faults(&change, json, wanted);
	}
}
END_TEST

START_TEST(items_in_a_changes_list_are_whole_drafts)
{
	assert_faults(&change, "{\"weights\": [{}, 5, null, {\"operator_id\": 1, \"weight\": 1}]}",
		      "weights: must have 0 to 3 items\n");
	assert_faults(&change, "{\"weights\": [{}, 5, null]}",
		      "weights[0].operator_id: is required\nweights[0].weight: is required\n"
		      "weights[1]: must be an object\nweights[2]: must be an object\n");
}
END_TEST

START_TEST(a_payload_has_a_largest_size)
{
	good(&change, "{\"payload\": {\"abc\": \"12345678901234567890123456789\"}}");
	assert_faults(&change, "{\"payload\": {\"abc\": \"1234567890123456789012345678901\"}}",
		      "payload: must be at most 40 bytes of JSON\n");
}
END_TEST

START_TEST(a_body_is_one_object)
{
	static const char *const bodies[] = { "[]", "5", "\"text\"", "true", "[{\"name\": \"A\"}]" };

	for (size_t i = 0; i < COUNT_OF(bodies); i++)
		assert_faults(&draft, bodies[i], ": must be a JSON object\n");
	assert_faults(&draft, "null", ": must not be null\n");
}
END_TEST

START_TEST(what_is_not_json_is_malformed_and_no_fault)
{
	static const char *const bodies[] = { "", " ", "{", "{\"name\": \"A\"} x", "name=A", "{name: 1}", "{'a': 1}" };

	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		ck_assert_ptr_null(read_as(&draft, bodies[i]));
		ck_assert_ptr_nonnull(malformed);
		ck_assert_uint_eq(faults->count, 0);
	}
}
END_TEST

START_TEST(a_member_given_twice_is_a_fault)
{
	assert_faults(&draft, "{\"name\": \"A\", \"name\": \"B\"}", "name: must be given only once\n");
}
END_TEST

START_TEST(faults_beyond_the_hundredth_are_counted_only)
{
	struct buf json;

	buf_init(&json);
	buf_string(&json, "{\"name\": \"A\"");
	for (int i = 0; i < 250; i++)
		buf_printf(&json, ", \"unknown_%d\": 1", i);
	buf_char(&json, '}');
	read_as(&draft, json.bytes);
	ck_assert_uint_eq(faults->count, 250);
	ck_assert_str_eq(faults->items[FAULTS_MAX - 1].field, "unknown_99");
	buf_done(&json);
}
END_TEST

UNIT_SUITE(fields)
{
	tcase_add_checked_fixture(tests, NULL, end);
	tcase_add_test(tests, each_member_is_read_by_its_type);
	tcase_add_test(tests, fallbacks_stand_in_for_what_a_draft_does_not_give);
	tcase_add_test(tests, a_change_requires_nothing_and_has_no_fallbacks);
	tcase_add_test(tests, null_is_given_and_holds_nothing);
	tcase_add_test(tests, members_of_an_object_follow_its_own_schema);
	tcase_add_test(tests, items_of_a_list_keep_their_order);
	tcase_add_test(tests, weights_are_read_exactly);
	tcase_add_test(tests, a_payload_keeps_its_numbers_and_texts);
	tcase_add_test(tests, all_faults_are_told_at_once_with_their_paths);
	tcase_add_test(tests, null_is_refused_where_the_table_does_not_allow_it);
	tcase_add_test(tests, a_value_of_another_type_is_refused);
	tcase_add_test(tests, lengths_are_counted_in_characters_after_trimming);
	tcase_add_test(tests, weights_have_three_decimals_and_a_range);
	tcase_add_test(tests, items_in_a_changes_list_are_whole_drafts);
	tcase_add_test(tests, a_payload_has_a_largest_size);
	tcase_add_test(tests, a_body_is_one_object);
	tcase_add_test(tests, what_is_not_json_is_malformed_and_no_fault);
	tcase_add_test(tests, a_member_given_twice_is_a_fault);
	tcase_add_test(tests, faults_beyond_the_hundredth_are_counted_only);
}
