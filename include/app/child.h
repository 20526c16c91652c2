/* Child processes that end with this one: clean signals, a session of their own, as another user when we are root. */
#ifndef LEADD_APP_CHILD_H
#define LEADD_APP_CHILD_H

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Whom to be: a name, its ids. Only root can be somebody else. */
struct account {
	const char *name;
	uid_t uid;
	gid_t gid;
};

struct child_options {
	const char *const *argv;       /* argv[0] is a path; NULL at the end */
	const struct account *account; /* NULL: as we are */
	int input, output;             /* descriptors; -1: /dev/null. Errors go where the output goes */
};

/*
 * Starts it: working folder /, only the few environment variables that PostgreSQL's programs need, no descriptor
 * but the three, no blocked signal. It gets SIGINT when this process ends, however that ends.
 * Returns its pid, or -1 with errno. A program that cannot be run ends with status 127.
 */
MUST_CHECK pid_t child_start(const struct child_options *options);

/*
 * Waits at most wait_ms for the end of a child; true when it has ended.
 * status_out: as waitpid() gives it, set when it has; may be NULL
 */
bool child_wait(pid_t pid, int64_t wait_ms, int *status_out);

/* Ends it: SIGINT and at most 15 s, then SIGQUIT and 5 s, then SIGKILL. */
void child_end(pid_t pid);

/* Process 1 of a container inherits the orphans: lets go those that have ended, but not the child called kept. */
void child_reap_orphans(pid_t kept);

/* Whether SIGTERM, SIGINT or SIGHUP, blocked by the caller, has arrived. */
bool child_is_interrupted(void);

/* A pause while something outside moves on; only before the loop starts or after it has ended. */
void child_pause(int64_t ms);

#endif
