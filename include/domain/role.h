/* What the bearer of a key may do, and how that is called. */
#ifndef LEADD_DOMAIN_ROLE_H
#define LEADD_DOMAIN_ROLE_H

#include <stddef.h>

/* Each has a bit, so that an endpoint can name all whom it serves. */
enum role {
	ROLE_INGEST = 1,     /* sends contacts, of one source or of all */
	ROLE_OPERATOR = 2,   /* works on the own contacts */
	ROLE_SUPERVISOR = 4, /* everything but keys */
	ROLE_ADMIN = 8
};

/* In the order of their bits; ends with NULL. */
static const char *const role_names[] = { "ingest", "operator", "supervisor", "admin", NULL };

/* The role whose name stands at that place of role_names. */
static inline enum role role_at(size_t place)
{
	return (enum role)(1 << place);
}

/* NULL: it is none of them. */
static inline const char *role_name(enum role role)
{
	size_t place = 0;

	while (role_names[place] && role_at(place) != role)
		place++;
	return role_names[place];
}

#endif
