/* What interrupts this at any moment leaves no half database behind: it grows in a folder beside and is renamed. */
#include "app/pg_create.h"

#include "base/log.h"
#include "base/loop.h"

#include <errno.h>
#include <glob.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SLICE_MS = 20, TOOL_MS = 300 * 1000 };

/*
 * What a user may change later with "alter system"; the address and the socket are ours and stand on the command line.
 * autovacuum comes early because the tables start empty and grow fast.
 */
static const char first_statements[] = "create database leadd\n"
				       "alter system set max_connections = 50\n"
				       "alter system set autovacuum_naptime = '10s'\n"
				       "alter system set jit = off\n"
				       "alter system set timezone = 'UTC'\n"
				       "alter system set log_timezone = 'UTC'\n"
				       "alter system set log_checkpoints = off\n"
				       "alter system set cluster_name = 'leadd'\n";

/* Runs a program to its end, as the server's account; its output goes to the log. */
static enum quickstart_result run_tool(const struct pg_place *place, struct pg_log *log, const char *const *argv,
				       int input)
{
	struct child_options options = { .argv = argv, .account = &place->account, .input = input, .output = log->fd };
	int64_t end = loop_now_ms() + TOOL_MS;
	int status = -1;
	pid_t pid;

	pg_log_mark(log);
	pid = child_start(&options);
	while (pid > 0 && !child_wait(pid, SLICE_MS, &status)) {
		if (!child_is_interrupted() && loop_now_ms() < end)
			continue;
		child_end(pid);
		return child_is_interrupted() ? QUICKSTART_INTERRUPTED : QUICKSTART_FAILED;
	}
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? QUICKSTART_RUNNING : QUICKSTART_FAILED;
}

static enum quickstart_result run_initdb(const struct pg_place *place, struct pg_log *log, struct arena *arena,
					 const char *folder, struct buf *message)
{
	locale_t utf8 = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
	/* Trust: the socket's folder is closed to others, and root connects under whatever name it likes. */
	const char *argv[] = { arena_printf(arena, "%s/initdb", place->programs),
			       "--pgdata",
			       folder,
			       "--username=leadd",
			       "--encoding=UTF8",
			       utf8 ? "--locale=C.UTF-8" : "--locale=C",
			       "--auth-local=trust",
			       "--auth-host=reject",
			       "--data-checksums",
			       "--no-instructions",
			       NULL };
	enum quickstart_result result;

	if (utf8)
		freelocale(utf8);
	result = run_tool(place, log, argv, -1);
	if (result == QUICKSTART_FAILED)
		pg_log_explain(log, "initdb failed", message);
	return result;
}

static enum quickstart_result run_first_statements(const struct pg_place *place, struct pg_log *log,
						   struct arena *arena, const char *folder, struct buf *message)
{
	const char *argv[] = { arena_printf(arena, "%s/postgres", place->programs),
			       "--single",
			       "-D",
			       folder,
			       "--exit_on_error=on",
			       "postgres",
			       NULL };
	ssize_t length = sizeof(first_statements) - 1;
	int input = memfd_create("statements", MFD_CLOEXEC);
	enum quickstart_result result = QUICKSTART_FAILED;

	if (input >= 0 && write(input, first_statements, sizeof(first_statements) - 1) == length &&
	    lseek(input, 0, SEEK_SET) == 0)
		result = run_tool(place, log, argv, input);
	if (input >= 0)
		close(input);
	if (result == QUICKSTART_FAILED)
		pg_log_explain(log, "Making the database failed", message);
	return result;
}

/* What earlier tries left behind. As the account: it can take away a folder's content, we the folder itself. */
static void remove_left_overs(const struct pg_place *place, struct pg_log *log, const char *pattern)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *argv[] = { "/bin/rm", "-rf", "--", found.gl_pathv[i], NULL };

		if (run_tool(place, log, argv, -1) != QUICKSTART_INTERRUPTED)
			rmdir(found.gl_pathv[i]);
	}
	globfree(&found);
}

enum quickstart_result pg_create(const struct pg_place *place, struct pg_log *log, struct arena *arena,
				 struct buf *message)
{
	/* A new name each time: an initdb whose parent was killed may still be at work in its folder for a moment. */
	char *folder = arena_printf(arena, "%s.new-XXXXXX", place->data);
	enum quickstart_result result;

	log_info("quickstart.create", "data=%s version=%d", log_quote(place->data), place->major);
	remove_left_overs(place, log, arena_printf(arena, "%s.new-*", place->data));
	if (!mkdtemp(folder) || (geteuid() == 0 && lchown(folder, place->account.uid, place->account.gid) != 0)) {
		buf_printf(message, "The folder %s cannot be made: %s", folder, strerror(errno));
		return QUICKSTART_FAILED;
	}
	result = run_initdb(place, log, arena, folder, message);
	if (result == QUICKSTART_RUNNING)
		result = run_first_statements(place, log, arena, folder, message);
	if (result == QUICKSTART_RUNNING && rename(folder, place->data) != 0) {
		buf_printf(message, "%s cannot become %s: %s", folder, place->data, strerror(errno));
		result = QUICKSTART_FAILED;
	}
	if (result != QUICKSTART_RUNNING)
		rmdir(folder);
	return result;
}
