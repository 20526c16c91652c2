/* What can go wrong with a statement, reduced to what a caller can act on. */
#ifndef LEADD_DB_ERROR_H
#define LEADD_DB_ERROR_H

enum db_error {
	DB_OK = 0,
	DB_UNAVAILABLE,     /* the database is away, full, or the waiting line is: nothing was done, try later */
	DB_BUSY,            /* a lock or the statement took too long (55P03, 57014): nothing was done, try later */
	DB_RESTART,         /* deadlock or serialization failure (40P01, 40001), after the flow's own repeats */
	DB_CONFLICT,        /* a constraint refused it (class 23): see db_failure.constraint */
	DB_DATA,            /* a value the database cannot store (class 22) that our checks let through */
	DB_OUTCOME_UNKNOWN, /* the connection was lost after a commit had been sent: done or not, nobody knows */
	DB_BUG              /* anything else: a statement that is wrong */
};

/* The first failure of a unit of work. */
struct db_failure {
	enum db_error error;
	char sqlstate[6];    /* "" when the server did not say */
	char constraint[64]; /* name of the constraint or "" */
};

/*
 * Sorts a SQLSTATE into the few errors that callers can act on; NULL or "" means that the connection was lost.
 * Source: PostgreSQL manual, appendix "PostgreSQL Error Codes".
 */
enum db_error db_error_of(const char *sqlstate);

/* A short name for log lines: "unavailable", "busy", ... */
const char *db_error_name(enum db_error error);

#endif
