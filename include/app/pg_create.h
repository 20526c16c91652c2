/* Makes the private PostgreSQL's data: a superuser and a database, both named leadd, in UTF-8. */
#ifndef LEADD_APP_PG_CREATE_H
#define LEADD_APP_PG_CREATE_H

#include "app/pg_log.h"
#include "app/pg_place.h"
#include "app/quickstart.h"

/*
 * Runs initdb and the first statements, in <data>.new-XXXXXX, which becomes <data> when all of it is done.
 *
 * message: on QUICKSTART_FAILED a sentence for a person
 * Returns QUICKSTART_RUNNING when the data are there.
 */
MUST_CHECK enum quickstart_result pg_create(const struct pg_place *place, struct pg_log *log, struct arena *arena,
					    struct buf *message);

#endif
