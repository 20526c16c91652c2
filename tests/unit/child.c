/* A child process with its stderr in a pipe; works in check's own children and with CK_FORK=no alike. */
#include "unit/child.h"

#include <check.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Never comes back. */
static void be_child(int said, void (*run)(void *context), void *context)
{
	const struct rlimit no_core = { 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	dup2(said, STDERR_FILENO);
	run(context);
	_exit(0);
}

struct child_end child_run(void (*run)(void *context), void *context)
{
	struct child_end end = { 0 };
	size_t length = 0;
	int said[2];
	ssize_t count;
	pid_t pid;

	fflush(NULL); /* or what is still buffered would be written twice */
	ck_assert_int_eq(pipe(said), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		be_child(said[1], run, context);
	close(said[1]);
	while (length < sizeof(end.said) - 1 &&
	       (count = read(said[0], end.said + length, sizeof(end.said) - 1 - length)) > 0)
		length += (size_t)count;
	close(said[0]);
	ck_assert_int_eq(waitpid(pid, &end.status, 0), pid);
	return end;
}
