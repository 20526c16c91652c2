/* The log of the private PostgreSQL: one file, kept in bounds, that is asked for the reason of a failure. */
#ifndef LEADD_APP_PG_LOG_H
#define LEADD_APP_PG_LOG_H

#include "base/buf.h"

#include <stdbool.h>
#include <sys/types.h>

enum { PG_LOG_TAIL = 4000 };

struct pg_log {
	const char *path; /* borrowed */
	int fd;           /* -1: not open */
	off_t start;      /* where the newest program began to write */
	char tail[PG_LOG_TAIL + 1];
};

/* Opens or makes the file; false: errno says why. */
MUST_CHECK bool pg_log_open(struct pg_log *log, const char *path);
void pg_log_close(struct pg_log *log);

/* Another program begins to write now. */
void pg_log_mark(struct pg_log *log);

/* Empties the file when it has grown beyond bounds. */
void pg_log_tidy(struct pg_log *log);

/* The first line since the mark that names an error, else the last line. Borrowed until the next call. */
const char *pg_log_reason(struct pg_log *log);

/* Appends "<what>: <reason> (all of it is in <path>)". */
void pg_log_explain(struct pg_log *log, const char *what, struct buf *message);

#endif
