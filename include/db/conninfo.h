/* Whether a conninfo can work at all, known before anything is tried. */
#ifndef LEADD_DB_CONNINFO_H
#define LEADD_DB_CONNINFO_H

#include "base/mem.h"

#include <stdbool.h>

/*
 * Looks at the URL, conninfo or name of a database, together with what libpq adds from its variables and the service
 * file. Touches no network. False: it is malformed, or an option has a value with which no try can ever succeed.
 *
 * why: on false a piece of a sentence for a person, which names the option but no value; at least 200 bytes
 */
MUST_CHECK bool conninfo_can_work(const char *conninfo, char *why, unsigned long why_size);

#endif
