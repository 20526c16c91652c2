/*
 * The strict check of JSON, and json-c behind it. json-c alone takes NaN, control characters, broken UTF-8 and a member
 * given twice, cuts texts at U+0000 and clips integers, all in silence.
 */
#include "http/json.h"

#include "http/json_check.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>

enum { MEMBERS_START = 32, PAIRWISE_MAX = 12 /* members; above that, sorting them is quicker */ };

static bool check_value(struct json_check *check);

static void skip_blanks(struct json_check *check)
{
	while (check->at < check->end &&
	       (*check->at == ' ' || *check->at == '\n' || *check->at == '\r' || *check->at == '\t'))
		check->at++;
}

/* Whether the cursor, behind blanks, is at that byte; then it moves behind it. */
static bool take(struct json_check *check, char byte)
{
	skip_blanks(check);
	if (check->at >= check->end || *check->at != byte)
		return false;
	check->at++;
	return true;
}

static bool enter(struct json_check *check, bool is_list)
{
	if (check->depth == JSON_DEPTH_MAX)
		return json_refuse(check, "nested deeper than 16 levels");
	check->levels[check->depth++] = (struct json_level){ .is_list = is_list };
	check->at++;
	return true;
}

static void remember_member(struct json_check *check, struct text name)
{
	if (check->member_count == check->member_capacity) {
		check->member_capacity = check->member_capacity ? check->member_capacity * 2 : MEMBERS_START;
		check->members = mem_resize(check->members, check->member_capacity, sizeof(*check->members));
	}
	check->members[check->member_count] = (struct json_member){ name, check->member_count };
	check->member_count++;
}

static int compare_members(const void *left, const void *right)
{
	const struct json_member *a = left, *b = right;
	int order = text_compare(a->name, b->name);

	return order ? order : (a->order > b->order) - (a->order < b->order);
}

/* One fault for each member that has the name of an earlier one. Sorting keeps it quick for any set of names. */
static void check_members_differ(struct json_check *check, size_t first)
{
	struct json_member *members = check->members + first;
	size_t count = check->member_count - first;
	bool is_sorted = count > PAIRWISE_MAX;

	if (is_sorted)
		qsort(members, count, sizeof(*members), compare_members);
	for (size_t i = 1; i < count; i++) {
		for (size_t k = is_sorted ? i - 1 : 0; k < i; k++) {
			if (!text_equals(members[i].name, members[k].name))
				continue;
			json_fault(check, &members[i].name, "must be given only once");
			break;
		}
	}
}

static bool check_member(struct json_check *check)
{
	struct text name;

	skip_blanks(check);
	if (check->at >= check->end || *check->at != '"')
		return json_refuse(check, "expected the name of a member");
	if (!json_check_string(check, &name))
		return false;
	remember_member(check, name);
	if (!take(check, ':'))
		return json_refuse(check, "expected ':' after a name");
	check->levels[check->depth - 1].name = name;
	return check_value(check);
}

static bool check_object(struct json_check *check)
{
	size_t first = check->member_count;

	if (!enter(check, false))
		return false;
	if (!take(check, '}')) {
		do {
			if (!check_member(check))
				return false;
		} while (take(check, ','));
		if (!take(check, '}'))
			return json_refuse(check, "expected ',' or '}'");
		check_members_differ(check, first);
	}
	check->member_count = first;
	check->depth--;
	return true;
}

static bool check_list(struct json_check *check)
{
	if (!enter(check, true))
		return false;
	if (!take(check, ']')) {
		do {
			if (!check_value(check))
				return false;
			check->levels[check->depth - 1].index++;
		} while (take(check, ','));
		if (!take(check, ']'))
			return json_refuse(check, "expected ',' or ']'");
	}
	check->depth--;
	return true;
}

static bool check_word(struct json_check *check, struct text word)
{
	if ((size_t)(check->end - check->at) < word.length || memcmp(check->at, word.at, word.length) != 0)
		return json_refuse(check, "expected a value");
	check->at += word.length;
	return true;
}

/* Calls itself through lists and objects, at most JSON_DEPTH_MAX times. */
static bool check_value(struct json_check *check)
{
	skip_blanks(check);
	if (check->at >= check->end)
		return json_refuse(check, "expected a value, but the text ends");
	switch (*check->at) {
	case '{':
		return check_object(check);
	case '[':
		return check_list(check);
	case '"':
		return json_check_string(check, NULL);
	case 't':
		return check_word(check, TEXT("true"));
	case 'f':
		return check_word(check, TEXT("false"));
	case 'n':
		return check_word(check, TEXT("null"));
	default:
		return json_check_number(check);
	}
}

bool json_check(struct text text, struct faults *faults, const char **malformed_out)
{
	const char *start = text.at ? text.at : "";
	struct json_check check = { .start = start, .at = start, .end = start + text.length, .faults = faults };
	bool is_json = check_value(&check);

	if (is_json) {
		skip_blanks(&check);
		if (check.at < check.end)
			is_json = json_refuse(&check, "expected nothing behind the value");
	}
	mem_free(check.members);
	if (!is_json)
		*malformed_out = check.why;
	return is_json;
}

static struct json_object *parse(struct text text, const char **malformed_out)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 2);
	struct json_object *object;

	if (!tokener)
		mem_exhausted();
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text.at, (int)text.length);
	/* A bare number could go on; a blank ends it. */
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		object = json_tokener_parse_ex(tokener, " ", 1);
	if (json_tokener_get_error(tokener) != json_tokener_success)
		*malformed_out = "the JSON library does not accept the text";
	json_tokener_free(tokener);
	return object;
}

struct json_object *json_read(struct text text, struct faults *faults, const char **malformed_out)
{
	size_t faults_before = faults->count;
	struct json_object *object;

	*malformed_out = NULL;
	if (text.length >= INT_MAX)
		*malformed_out = "the text is too long";
	else
		json_check(text, faults, malformed_out);
	if (*malformed_out)
		return NULL;
	object = parse(text, malformed_out);
	if (faults->count > faults_before)
		*malformed_out = NULL; /* what is wrong has been said */
	else if (!object && !*malformed_out)
		faults_add(faults, "", "must not be null");
	return object;
}

void json_free(struct json_object **object)
{
	json_object_put(*object);
	*object = NULL;
}
