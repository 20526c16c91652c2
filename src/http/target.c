/* Decodes targets strictly: evhttp's own decoder lets %00 and broken escapes through, its query parser guesses. */
#include "http/target.h"

#include "http/utf8.h"

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit = (char)(digit | 0x20);
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* The decoded text, NUL-terminated; false when an escape is broken, or what comes out is no text. */
static bool decode(struct arena *arena, struct text sent, bool is_query, struct text *text_out, const char **why_out)
{
	char *out = arena_copy(arena, sent.at, sent.length);
	bool is_plain = true;
	size_t length = 0;

	for (size_t i = 0; i < sent.length; i++) {
		char byte = sent.at[i];

		if (byte == '%') {
			int high = sent.length - i > 2 ? hex_value(sent.at[i + 1]) : -1;
			int low = high >= 0 ? hex_value(sent.at[i + 2]) : -1;

			if (low < 0)
				return *why_out = "an escape is not % and two hexadecimal digits", false;
			byte = (char)(high * 16 + low);
			if (!byte)
				return *why_out = "U+0000 in path or query", false;
			if (!is_query && byte == '/')
				return *why_out = "an escaped slash in the path", false;
			i += 2;
			is_plain = false;
		} else if (byte == '+' && is_query) {
			byte = ' ';
		}
		out[length++] = byte;
	}
	out[length] = '\0';
	*text_out = (struct text){ out, length };
	if (!is_plain && !utf8_is_valid(*text_out))
		return *why_out = "path or query is not UTF-8", false;
	return true;
}

/* Segments that mean nothing to us but something to a proxy before us; text ends with a NUL. */
static bool path_is_clean(struct text path, const char **why_out)
{
	for (size_t i = 0; i < path.length; i++) {
		const char *segment = path.at + i + 1;

		if ((unsigned char)path.at[i] < 0x20 || path.at[i] == 0x7F)
			return *why_out = "control characters in the path", false;
		if (path.at[i] != '/')
			continue;
		if (*segment == '/')
			return *why_out = "an empty segment (//) in the path", false;
		if (*segment != '.')
			continue;
		segment += segment[1] == '.' ? 2 : 1;
		if (*segment == '/' || *segment == '\0')
			return *why_out = "a segment . or .. in the path", false;
	}
	return true;
}

/* Takes what stands before the separator (or all) off the front of *rest. */
static struct text take_until(struct text *rest, char separator)
{
	const char *at = rest->length ? memchr(rest->at, separator, rest->length) : NULL;
	struct text taken = { rest->at, at ? (size_t)(at - rest->at) : rest->length };
	size_t gone = at ? taken.length + 1 : taken.length;

	*rest = (struct text){ rest->at + gone, rest->length - gone };
	return taken;
}

bool target_read(struct arena *arena, struct text sent, struct target *target_out, const char **why_out)
{
	struct text query = sent, path_sent = take_until(&query, '?'), path;

	*target_out = (struct target){ .query = query };
	if (!decode(arena, path_sent, false, &path, why_out) || !path_is_clean(path, why_out))
		return false;
	target_out->path = path.at;
	return true;
}

bool target_read_query(struct arena *arena, struct target *target, const char **why_out)
{
	struct text rest = target->query;

	target->parameter_count = 0;
	if (rest.length)
		target->parameters = arena_alloc(arena, TARGET_PARAMETERS_MAX, sizeof(*target->parameters));
	while (rest.length) {
		struct text value = take_until(&rest, '&'), name;
		struct query_parameter *parameter;

		if (!value.length)
			continue;
		if (target->parameter_count == TARGET_PARAMETERS_MAX)
			return *why_out = arena_printf(arena, "more than %d parameters in the query",
						       TARGET_PARAMETERS_MAX),
			       false;
		parameter = &target->parameters[target->parameter_count];
		name = take_until(&value, '=');
		if (!decode(arena, name, true, &parameter->name, why_out) ||
		    !decode(arena, value, true, &parameter->value, why_out))
			return false;
		target->parameter_count++;
	}
	return true;
}
