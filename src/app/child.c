/* Starting a process is full of things that are inherited by accident; here each of them is decided, once. */
#include "app/child.h"

#include "base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_NOT_STARTED = 127, PAUSE_MS = 5 };

/* PG* variables would change what the server does, a foreign locale what it logs. */
static void reset_environment(void)
{
	static const char *const kept[] = { "PATH", "LD_LIBRARY_PATH" };
	char *values[COUNT_OF(kept)] = { NULL };

	for (size_t i = 0; i < COUNT_OF(kept); i++) {
		const char *value = getenv(kept[i]);

		if (value)
			values[i] = mem_copy(value, strlen(value));
	}
	clearenv();
	setenv("LC_ALL", "C", 1);
	for (size_t i = 0; i < COUNT_OF(kept); i++) {
		if (values[i])
			setenv(kept[i], values[i], 1);
		mem_free(values[i]);
	}
}

static bool become(const struct account *account)
{
	if (!account || geteuid() != 0 || account->uid == 0)
		return true;
	return initgroups(account->name, account->gid) == 0 && setgid(account->gid) == 0 && setuid(account->uid) == 0;
}

static void reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void run_in_child(const struct child_options *options, pid_t parent)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0)
		return;
	/* A session of its own: Ctrl-C in the terminal is for the parent alone, which stops the child in its turn. */
	setsid();
	if (dup2(options->input >= 0 ? options->input : null, 0) < 0 ||
	    dup2(options->output >= 0 ? options->output : null, 1) < 0 || dup2(1, 2) < 0 || chdir("/") != 0)
		return;
	syscall(SYS_close_range, 3U, ~0U, 0U);
	if (!become(options->account))
		return;
	reset_signals();
	reset_environment();
	umask(077);
	/* Only now, since a change of user clears it; the parent may have ended before it was set. */
	prctl(PR_SET_PDEATHSIG, SIGINT);
	if (getppid() != parent)
		return;
	execv(options->argv[0], (char *const *)options->argv);
}

pid_t child_start(const struct child_options *options)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	run_in_child(options, parent);
	_exit(EXIT_NOT_STARTED);
}

bool child_is_interrupted(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1 ||
	       sigismember(&pending, SIGHUP) == 1;
}

void child_pause(int64_t ms)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&pause, NULL);
}

bool child_wait(pid_t pid, int64_t wait_ms, int *status_out)
{
	int64_t end = loop_now_ms() + wait_ms;
	int status = 0;

	for (;;) {
		pid_t ended = waitpid(pid, &status, WNOHANG);

		if (ended == pid || (ended < 0 && errno == ECHILD)) {
			if (status_out)
				*status_out = status;
			return true;
		}
		if (loop_now_ms() >= end)
			return false;
		child_pause(PAUSE_MS);
	}
}

void child_reap_orphans(pid_t kept)
{
	siginfo_t ended = { .si_pid = 0 };

	if (getpid() != 1)
		return;
	while (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid > 0 && ended.si_pid != kept) {
		waitpid(ended.si_pid, NULL, WNOHANG);
		ended.si_pid = 0;
	}
}

void child_end(pid_t pid)
{
	/* PostgreSQL: a fast shutdown with its checkpoint; one that recovers at the next start; the last resort. */
	static const struct {
		int signal, wait_ms;
	} ways[] = { { SIGINT, 15000 }, { SIGQUIT, 5000 }, { SIGKILL, 5000 } };

	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		kill(pid, ways[i].signal);
		if (child_wait(pid, ways[i].wait_ms, NULL))
			return;
	}
}
