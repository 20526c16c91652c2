/* Cuts the body of a bulk request into rows without a look inside: what a row is, is for its own reader to judge. */
#include "api/internal.h"

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static struct text without_blanks(const char *at, const char *end)
{
	while (at < end && is_blank(*at))
		at++;
	while (at < end && is_blank(end[-1]))
		end--;
	return (struct text){ at, (size_t)(end - at) };
}

/* Behind the text that begins at a quote. */
static const char *skip_string(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at < end ? at + 1 : end;
}

/* To the comma or bracket behind a value; returns its depth, in brackets of either kind. */
static int skip_value(const char **at, const char *end)
{
	int depth = 0, deepest = 0;

	while (*at < end) {
		char byte = **at;

		if (byte == '"') {
			*at = skip_string(*at, end);
			continue;
		}
		if (!depth && (byte == ',' || byte == ']'))
			break;
		if (byte == '{' || byte == '[')
			depth++;
		else if (byte == '}' || byte == ']')
			depth--;
		deepest = depth > deepest ? depth : deepest;
		(*at)++;
	}
	return deepest;
}

static void skip_blanks(struct bulk *bulk)
{
	while (bulk->at < bulk->end && is_blank(*bulk->at))
		bulk->at++;
}

/* Whether that byte is next, behind blanks; then it is read. */
static bool take(struct bulk *bulk, char byte)
{
	skip_blanks(bulk);
	if (bulk->at >= bulk->end || *bulk->at != byte)
		return false;
	bulk->at++;
	return true;
}

static enum bulk_next end_of_list(struct bulk *bulk)
{
	skip_blanks(bulk);
	bulk->is_over = bulk->at == bulk->end;
	return bulk->is_over ? BULK_END : BULK_BROKEN;
}

static enum bulk_next next_item(struct bulk *bulk, struct bulk_row *row_out)
{
	const char *from;

	if (bulk->is_over)
		return BULK_END;
	if (!bulk->has_begun) {
		if (!take(bulk, '['))
			return BULK_BROKEN;
		bulk->has_begun = true;
		if (take(bulk, ']'))
			return end_of_list(bulk);
	} else if (take(bulk, ']')) {
		return end_of_list(bulk);
	} else if (!take(bulk, ',')) {
		return BULK_BROKEN;
	}
	from = bulk->at;
	row_out->depth = skip_value(&bulk->at, bulk->end);
	row_out->text = without_blanks(from, bulk->at);
	return row_out->text.length && bulk->at < bulk->end ? BULK_ROW : BULK_BROKEN;
}

static enum bulk_next next_line(struct bulk *bulk, struct bulk_row *row_out)
{
	while (bulk->at < bulk->end) {
		const char *from = bulk->at, *newline = memchr(from, '\n', (size_t)(bulk->end - from));
		const char *end = newline ? newline : bulk->end;

		bulk->at = newline ? newline + 1 : bulk->end;
		row_out->text = without_blanks(from, end);
		row_out->depth = 0; /* a line that is too deep is not JSON: that harms only itself */
		if (row_out->text.length)
			return BULK_ROW;
	}
	return BULK_END;
}

struct bulk bulk_open(struct text body, bool is_ndjson)
{
	const char *at = body.at ? body.at : "";

	return (struct bulk){ .at = at, .end = at + body.length, .is_ndjson = is_ndjson };
}

enum bulk_next bulk_next(struct bulk *bulk, struct bulk_row *row_out)
{
	return bulk->is_ndjson ? next_line(bulk, row_out) : next_item(bulk, row_out);
}
