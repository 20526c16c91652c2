/*
 * What a conninfo means: libpq's own reading of it, with host names looked up on the loop, because libpq would stop
 * the whole program for that.
 */
#include "db/internal.h"

#include "base/buf.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One entry of the parallel lists host, hostaddr and port; "" where nothing is given. */
struct place {
	const char *host, *hostaddr, *port;
};

struct places {
	struct place *items;
	size_t count;
};

/* Used where the conninfo does not say otherwise; a dead peer is noticed after some 25 s instead of hours. */
static const struct {
	const char *keyword, *value;
} defaults[] = {
	{ "keepalives_idle", "10" },    { "keepalives_interval", "5" },           { "keepalives_count", "3" },
	{ "tcp_user_timeout", "5000" }, { "fallback_application_name", "leadd" },
};

struct target {
	struct arena *arena;
	const char *conninfo;
	bool is_default[COUNT_OF(defaults)];
	bool wants_primary;  /* of several servers, and also of one: not a standby, nor one that is read only */
	struct places named; /* as the conninfo has them; empty: left to libpq */

	struct arena *found_arena;
	struct places found; /* named with addresses for the names; empty before a lookup */
	size_t next;         /* of named: to be looked up */
	struct lookup *lookup;
	struct loop *loop;
	struct deferred end;
	void (*on_found)(void *context, bool good);
	void *context;
};

static const char *option_of(const PQconninfoOption *options, const char *keyword)
{
	for (; options && options->keyword; options++)
		if (strcmp(options->keyword, keyword) == 0)
			return options->val ? options->val : "";
	return "";
}

static size_t list_length(const char *list)
{
	size_t length = 1;

	for (; *list; list++)
		length += *list == ',';
	return length;
}

/* Item number index of a comma list; a list of one item stands for any number of them if one_for_all. */
static const char *list_item(struct target *target, const char *list, size_t index, bool one_for_all)
{
	if (one_for_all && !strchr(list, ','))
		index = 0;
	for (; index > 0; index--)
		list = strchr(list, ',') + 1;
	return arena_copy(target->arena, list, strcspn(list, ","));
}

/* Lists that do not fit together are left as they are, for libpq to refuse them. */
static struct places places_of(struct target *target, const char *host, const char *hostaddr, const char *port)
{
	size_t count = *hostaddr ? list_length(hostaddr) : list_length(host);
	struct places places = { 0 };

	if (*hostaddr && *host && list_length(host) != count)
		return places;
	if (list_length(port) != 1 && list_length(port) != count)
		return places;
	places.items = arena_alloc(target->arena, count, sizeof(places.items[0]));
	places.count = count;
	for (size_t i = 0; i < count; i++)
		places.items[i] = (struct place){
			.host = *host ? list_item(target, host, i, false) : "",
			.hostaddr = *hostaddr ? list_item(target, hostaddr, i, false) : "",
			.port = list_item(target, port, i, true),
		};
	return places;
}

/* Looked for before all is merged: there libpq's own default, "any", looks the same as one that is given. */
static bool says_which_server(const char *conninfo)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	bool is_said = *option_of(options, "target_session_attrs") || getenv("PGTARGETSESSIONATTRS");

	PQconninfoFree(options);
	return is_said;
}

/*
 * Only PQconnectStart() merges everything that libpq takes options from: text, service file, environment, defaults.
 * An option with an impossible value makes it stop right behind that, before it touches the network.
 */
struct target *target_new(const char *conninfo, bool to_write)
{
	static const char *const keywords[] = { "dbname", "target_session_attrs", NULL };
	const char *const values[] = { conninfo, "nowhere", NULL };
	struct target *target = mem_alloc(1, sizeof(*target));
	PGconn *probe = PQconnectStartParams(keywords, values, 1);
	PQconninfoOption *options = PQconninfo(probe);

	target->arena = arena_new();
	target->conninfo = arena_copy(target->arena, conninfo, strlen(conninfo));
	for (size_t i = 0; i < COUNT_OF(defaults); i++)
		target->is_default[i] = !*option_of(options, defaults[i].keyword);
	target->wants_primary = to_write && !says_which_server(conninfo);
	target->named = places_of(target, option_of(options, "host"), option_of(options, "hostaddr"),
				  option_of(options, "port"));
	PQconninfoFree(options);
	PQfinish(probe);
	return target;
}

void target_free(struct target **target)
{
	if (!*target)
		return;
	target_lookup_cancel(*target);
	arena_free(&(*target)->found_arena);
	arena_free(&(*target)->arena);
	mem_free(*target);
	*target = NULL;
}

/* -- lookup ------------------------------------------------------------------------------------ */

static void look_up_next(struct target *target);

/* Sockets ("/tmp", "@abstract"), numeric addresses and "the default" need no lookup. */
static bool is_name(const struct place *place)
{
	struct in_addr v4;

	return !*place->hostaddr && *place->host && *place->host != '/' && *place->host != '@' &&
	       !strchr(place->host, ':') && inet_pton(AF_INET, place->host, &v4) != 1;
}

static void found_add(struct target *target, struct place place)
{
	struct places *found = &target->found;

	/* The arena has no resize, and lists of hosts are short. */
	struct place *grown = arena_alloc(target->found_arena, found->count + 1, sizeof(*grown));

	if (found->count)
		memcpy(grown, found->items, found->count * sizeof(*grown));
	grown[found->count] = place;
	found->items = grown;
	found->count++;
}

static void on_addresses(void *context, const char (*addresses)[LOOP_ADDRESS_MAX], size_t count)
{
	struct target *target = context;

	target->lookup = NULL;
	for (size_t i = 0; i < count; i++) {
		struct place place = target->named.items[target->next];

		place.hostaddr = arena_copy(target->found_arena, addresses[i], strlen(addresses[i]));
		found_add(target, place);
	}
	target->next++;
	look_up_next(target);
}

static void look_up_next(struct target *target)
{
	for (; target->next < target->named.count; target->next++) {
		struct place place = target->named.items[target->next];

		if (is_name(&place)) {
			target->lookup = loop_lookup(target->loop, place.host, on_addresses, target);
			return;
		}
		found_add(target, place);
	}
	loop_defer(target->loop, &target->end);
}

static void on_end(void *context)
{
	struct target *target = context;

	target->on_found(target->context, target->named.count == 0 || target->found.count > 0);
}

void target_lookup(struct target *target, struct loop *loop, void (*on_found)(void *context, bool good), void *context)
{
	target_lookup_cancel(target);
	arena_free(&target->found_arena);
	target->found_arena = arena_new();
	target->found = (struct places){ 0 };
	target->next = 0;
	target->loop = loop;
	target->on_found = on_found;
	target->context = context;
	deferred_init(&target->end, on_end, target);
	look_up_next(target);
}

void target_lookup_cancel(struct target *target)
{
	lookup_cancel(&target->lookup);
	if (target->loop)
		deferred_cancel(&target->end);
}

/* -- connecting -------------------------------------------------------------------------------- */

PGconn *target_connect(const struct target *target, unsigned first)
{
	const char *keywords[COUNT_OF(defaults) + 6], *values[COUNT_OF(defaults) + 6];
	const struct places *places = target->found.count ? &target->found : &target->named;
	struct buf host, hostaddr, port;
	size_t count = 0;
	PGconn *pg;

	buf_init(&host);
	buf_init(&hostaddr);
	buf_init(&port);
	for (size_t i = 0; i < places->count; i++) {
		const struct place *place = &places->items[(first + i) % places->count];

		buf_printf(&host, "%s%s", i ? "," : "", place->host);
		buf_printf(&hostaddr, "%s%s", i ? "," : "", place->hostaddr);
		buf_printf(&port, "%s%s", i ? "," : "", place->port);
	}
	keywords[count] = "dbname"; /* libpq takes it apart, and what follows has the last word */
	values[count++] = target->conninfo;
	for (size_t i = 0; i < COUNT_OF(defaults); i++) {
		keywords[count] = defaults[i].keyword;
		values[count] = defaults[i].value;
		count += target->is_default[i];
	}
	if (target->wants_primary) {
		keywords[count] = "target_session_attrs";
		values[count++] = "read-write";
	}
	if (places->count) {
		keywords[count] = "host";
		values[count++] = host.bytes;
		keywords[count] = "hostaddr";
		values[count++] = hostaddr.bytes;
		keywords[count] = "port";
		values[count++] = port.bytes;
	}
	keywords[count] = values[count] = NULL;
	pg = PQconnectStartParams(keywords, values, 1);
	/* Server errors as bare SQLSTATEs: texts hold names and values. */
	PQsetErrorVerbosity(pg, PQERRORS_SQLSTATE);
	buf_done(&host);
	buf_done(&hostaddr);
	buf_done(&port);
	return pg;
}
