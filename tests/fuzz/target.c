/*
 * Request lines: what the gate lets through and decodes is text of one meaning, and written out again it reads the
 * same; then the router, and the query along the tables of the endpoint that was found.
 */
#include "fuzz/fuzz.h"

#include "api/api.h"
#include "api/endpoint.h"
#include "http/framing_head.h"
#include "http/target.h"
#include "http/utf8.h"
#include "unit/fake_request.h"

/* Every byte escaped but slashes: decoding it has to give the path back. */
static void hold_again(struct arena *arena, const char *path)
{
	struct target again;
	const char *why;
	struct buf sent;

	buf_init(&sent);
	for (const char *at = path; *at; at++)
		if (*at == '/')
			buf_char(&sent, '/');
		else
			buf_printf(&sent, "%%%02x", (unsigned char)*at);
	HOLDS(target_read(arena, (struct text){ sent.bytes, sent.length }, &again, &why));
	HOLDS(strcmp(again.path, path) == 0);
	buf_done(&sent);
}

static void hold_path(const char *path)
{
	HOLDS(path[0] == '/' || strcmp(path, "*") == 0);
	HOLDS(utf8_is_valid(text_of(path)));
	HOLDS(!strstr(path, "//") && !strstr(path, "/../") && !strstr(path, "/./"));
	for (const char *at = path; *at; at++)
		HOLDS((unsigned char)*at >= 0x20 && *at != 0x7f);
}

static void hold_parameters(const struct target *target)
{
	for (size_t i = 0; i < target->parameter_count; i++) {
		const struct query_parameter *parameter = &target->parameters[i];

		HOLDS(utf8_is_valid(parameter->name) && utf8_is_valid(parameter->value));
		HOLDS(!memchr(parameter->name.at, 0, parameter->name.length));
		HOLDS(!memchr(parameter->value.at, 0, parameter->value.length));
		HOLDS(parameter->value.at[parameter->value.length] == '\0');
	}
}

static void read_query(const struct route *route, const char *query)
{
	const struct endpoint *endpoint = route->about;
	struct request *request = fake_request_new(query, TEXT(""));
	struct faults *faults = faults_new(request_arena(request));
	const struct value *values = fields_read_query(request, endpoint->query, endpoint->list, faults);

	if (!faults->count)
		fuzz_hold_values(endpoint->query, values);
	fuzz_hold_faults(faults);
	fake_request_free(&request);
}

static void hold_target(struct arena *arena, enum http_method method, struct text sent)
{
	const char *query = memchr(sent.at, '?', sent.length), *why = NULL;
	struct target target;
	struct route_match match;

	if (!target_read(arena, sent, &target, &why) || !target_read_query(arena, &target, &why)) {
		HOLDS(why);
		return;
	}
	hold_path(target.path);
	hold_parameters(&target);
	hold_again(arena, target.path);
	match = router_find(api_routes, method, target.path);
	HOLDS(!match.route || match.allowed & match.route->method);
	for (int i = 0; i < match.number_count; i++)
		HOLDS(match.numbers[i] > 0);
	if (match.route)
		read_query(match.route, query ? query + 1 : "");
}

void fuzz_target(const uint8_t *bytes, size_t length)
{
	struct text line = { mem_copy(bytes, length), length };
	struct arena *arena = arena_new();
	struct framing framing;

	framing_init(&framing);
	if (!memchr(line.at, '\n', length) && framing_request_line(&framing, line) == FRAMING_MORE)
		hold_target(arena, framing.method, (struct text){ framing.target.bytes, framing.target.length });
	framing_done(&framing);
	arena_free(&arena);
	mem_free((char *)line.at);
}
