/* Finds the route of a path by walking the table; a pattern is compared in place, nothing is split or copied. */
#include "http/router.h"

#include <assert.h>

/* How special a pattern is, two bits a segment, the first segment highest; the smallest number is the best match. */
enum { SEGMENT_LITERAL, SEGMENT_NUMBER, SEGMENT_TEXT, SEGMENT_BITS = 2 };

static bool is_end(const char *at)
{
	return *at == '\0' || (at[0] == '/' && at[1] == '\0');
}

/* The segment as a number from 1 to 2^63 - 1 without sign and leading zero; 0: it is none. */
static int64_t number_of(struct text segment)
{
	int64_t number = 0;

	if (!segment.length || segment.at[0] == '0')
		return 0;
	for (size_t i = 0; i < segment.length; i++) {
		int digit = segment.at[i] - '0';

		if (digit < 0 || digit > 9 || number > (INT64_MAX - digit) / 10)
			return 0;
		number = number * 10 + digit;
	}
	return number;
}

/* Matches one {variable} of the pattern against one segment of the path; returns its kind, or -1. */
static int match_variable(struct text variable, struct text segment, struct route_match *match)
{
	bool is_text = memchr(variable.at, ':', variable.length) != NULL;
	int64_t number;

	if (!segment.length)
		return -1;
	assert(match->text_count < ROUTE_TEXTS_MAX && match->number_count < ROUTE_NUMBERS_MAX);
	if (is_text) {
		match->texts[match->text_count++] = segment;
		return SEGMENT_TEXT;
	}
	number = number_of(segment);
	if (!number)
		return -1;
	match->numbers[match->number_count++] = number;
	return SEGMENT_NUMBER;
}

/* Whether the pattern matches the whole path; rank_out says how special it is. Both begin with a slash. */
static bool match_path(const char *pattern, const char *path, struct route_match *match, uint64_t *rank_out)
{
	uint64_t rank = 0;

	while (!is_end(pattern) && !is_end(path)) {
		int kind = SEGMENT_LITERAL;

		if (*pattern++ != '/' || *path++ != '/')
			return false;
		if (*pattern == '{') {
			struct text variable = { pattern, strcspn(pattern, "/") };
			struct text segment = { path, strcspn(path, "/") };

			kind = match_variable(variable, segment, match);
			if (kind < 0)
				return false;
			pattern += variable.length;
			path += segment.length;
		} else {
			for (; *pattern && *pattern != '/'; pattern++, path++)
				if (*pattern != *path)
					return false;
		}
		rank = rank << SEGMENT_BITS | (uint64_t)kind;
	}
	*rank_out = rank;
	return is_end(pattern) && is_end(path);
}

static unsigned methods_served(enum http_method method)
{
	return (unsigned)method | HTTP_OPTIONS | (method == HTTP_GET ? (unsigned)HTTP_HEAD : 0);
}

/* Adds the methods of one more row to a match that another row with the same path began. */
static void join(struct route_match *match, const struct route *route, enum http_method method)
{
	bool serves_head = method == HTTP_HEAD && route->method == HTTP_GET;

	match->allowed |= methods_served(route->method);
	if (route->method == method || (serves_head && !match->route))
		match->route = route;
}

struct route_match router_find(const struct route *routes, enum http_method method, const char *path)
{
	struct route_match best = { 0 };
	const char *best_path = NULL;
	uint64_t best_rank = UINT64_MAX;

	for (const struct route *route = routes; route->path; route++) {
		struct route_match match;
		uint64_t rank;

		/* Rows of one path stand together and share the string, or at least its text. */
		if (best_path && (route->path == best_path || strcmp(route->path, best_path) == 0)) {
			join(&best, route, method);
			continue;
		}
		if (best_path && best_rank == 0)
			break; /* literal to the end: there is no better one */
		match.route = NULL;
		match.allowed = 0;
		match.number_count = match.text_count = 0;
		if (!match_path(route->path, path, &match, &rank) || (best_path && rank > best_rank))
			continue;
		if (rank < best_rank || !best_path) {
			best = match;
			best_path = route->path;
			best_rank = rank;
		}
		join(&best, route, method);
	}
	return best;
}
