/* Runs a piece of a test in a process of its own: for what ends the process, and for what is written to stderr. */
#ifndef LEADD_TESTS_UNIT_CHILD_H
#define LEADD_TESTS_UNIT_CHILD_H

enum { CHILD_SAID_MAX = 8192 };

struct child_end {
	int status;                /* as waitpid() gives it; 0: run() came back, or ended the process with success */
	char said[CHILD_SAID_MAX]; /* what it wrote to stderr, ends with a NUL */
};

struct child_end child_run(void (*run)(void *context), void *context);

#endif
