/*
 * libpq tells impossible options as it tells a server that is away: when it connects, in words. Here it is asked
 * beforehand, by tries that cannot get as far as the network.
 */
#include "db/conninfo.h"

#include "db/internal.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { ITEM_BYTES = 128 };

/* -- single values, as libpq reads them -------------------------------------------------------- */

static bool is_number(const char *text, long least, long most)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || end == text || number < least || number > most)
		return false;
	while (isspace((unsigned char)*end))
		end++;
	return !*end;
}

static bool is_port(const char *text)
{
	return is_number(text, 1, 65535);
}

static bool is_int(const char *text)
{
	return is_number(text, INT_MIN, INT_MAX);
}

static bool is_address(const char *text)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM }, *found;

	if (getaddrinfo(text, NULL, &hints, &found) != 0)
		return false;
	freeaddrinfo(found);
	return true;
}

/* What libpq reads only when it has come to a host. An item that is empty means the default. */
static const struct {
	const char *keyword;
	bool (*fits)(const char *item);
} late[] = {
	{ "port", is_port },
	{ "hostaddr", is_address },
	{ "keepalives", is_int },
	{ "keepalives_idle", is_int },
	{ "keepalives_interval", is_int },
	{ "keepalives_count", is_int },
	{ "tcp_user_timeout", is_int },
};

static bool list_fits(const char *list, bool (*fits)(const char *item))
{
	char item[ITEM_BYTES];

	for (;;) {
		size_t length = strcspn(list, ",");

		if (length >= sizeof(item))
			return false;
		memcpy(item, list, length);
		item[length] = '\0';
		if (*item && !fits(item))
			return false;
		if (!list[length])
			return true;
		list += length + 1;
	}
}

/* -- why not ----------------------------------------------------------------------------------- */

static void say_option(const char *keyword, char *why, unsigned long why_size)
{
	snprintf(why, why_size,
		 "the option %s has an impossible value (if not there, then in a PG variable or a service file)",
		 keyword);
}

static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
		if ((at == text || at[-1] == ' ') && (!at[length] || at[length] == ' '))
			return true;
	return false;
}

/* Of libpq's words only those in front of the first quote are surely its own, and no piece of a password. */
static void say_reason(const char *libpq_message, const PQconninfoOption *options, char *why, unsigned long why_size)
{
	struct db_reason reason = db_reason_of(libpq_message);

	reason.words[strcspn(reason.words, "?")] = '\0';
	for (; options && options->keyword; options++)
		if (has_word(reason.words, options->keyword)) {
			say_option(options->keyword, why, why_size);
			return;
		}
	snprintf(why, why_size, "%s", *reason.words ? reason.words : "libpq refuses it");
}

/* -- asking libpq ------------------------------------------------------------------------------ */

/* The texts of these errors quote the conninfo, password and all. */
static bool is_well_formed(const char *conninfo)
{
	bool is_plain_name = !strchr(conninfo, '=') && !strstr(conninfo, "://");
	PQconninfoOption *options = is_plain_name ? NULL : PQconninfoParse(conninfo, NULL);
	bool is_read = options;

	PQconninfoFree(options);
	return is_plain_name || is_read;
}

static bool late_options_fit(const PQconninfoOption *options, char *why, unsigned long why_size)
{
	for (; options && options->keyword; options++)
		for (size_t i = 0; i < COUNT_OF(late); i++)
			if (strcmp(options->keyword, late[i].keyword) == 0 && options->val &&
			    !list_fits(options->val, late[i].fits)) {
				say_option(options->keyword, why, why_size);
				return false;
			}
	return true;
}

/*
 * A value that cannot be stops libpq at the option stop: when it complains of another one, that is impossible as well.
 *
 * reads_late: looks at what libpq would have read behind it, too
 */
static bool comes_as_far_as(const char *stop, bool reads_late, const char *conninfo, char *why, unsigned long why_size)
{
	static const char impossible[] = "none-such-value";
	const char *const keywords[] = { "dbname", stop, NULL };
	const char *const values[] = { conninfo, impossible, NULL };
	PGconn *probe = PQconnectStartParams(keywords, values, 1);
	PQconninfoOption *options = PQconninfo(probe);
	bool good = strstr(PQerrorMessage(probe), impossible);

	if (!good)
		say_reason(PQerrorMessage(probe), options, why, why_size);
	else if (reads_late)
		good = late_options_fit(options, why, why_size);
	PQconninfoFree(options);
	PQfinish(probe);
	return good;
}

bool conninfo_can_work(const char *conninfo, char *why, unsigned long why_size)
{
	if (!is_well_formed(conninfo)) {
		snprintf(why, why_size, "it is malformed");
		return false;
	}
	/* The first keeps the ports, which are read last of all; the second keeps target_session_attrs. */
	return comes_as_far_as("target_session_attrs", true, conninfo, why, why_size) &&
	       comes_as_far_as("port", false, conninfo, why, why_size);
}
