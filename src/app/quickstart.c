/*
 * The private PostgreSQL: nobody who wants to see the program work has to set up a database first. It is a real one:
 * durable, kept between runs, and reachable with psql.
 */
#include "app/quickstart.h"

#include "app/pg_create.h"
#include "base/log.h"
#include "base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SLICE_MS = 20,
	READY_MS = 900 * 1000, /* recovery after a crash can take minutes */
	STILL_WAITING_MS = 10 * 1000,
	FAST_STOP_MS = 15 * 1000, /* SIGINT: rolls back what runs, writes a checkpoint */
	HARD_STOP_MS = 5 * 1000,  /* SIGQUIT: leaves at once, recovers at the next start */
	RESTARTS = 20,            /* while remains of a killed server hold its shared memory */
	RESTART_PAUSE_MS = 500
};

struct quickstart {
	struct arena *arena;
	struct pg_place place;
	struct pg_log log;
	const char *server, *socket_setting; /* of its command line */
	const char *conninfo, *psql_command;
	int lock; /* descriptor; -1: not ours */
	pid_t pid;
};

/* -- the server -------------------------------------------------------------------------------- */

static bool launch(struct quickstart *quickstart)
{
	const char *argv[] = { quickstart->server,
			       "-D",
			       quickstart->place.data,
			       quickstart->socket_setting,
			       "--unix_socket_permissions=0700",
			       "--listen_addresses=",
			       "--port=5432",
			       "--log_destination=stderr",
			       "--logging_collector=off",
			       NULL };
	struct child_options options = {
		.argv = argv, .account = &quickstart->place.account, .input = -1, .output = quickstart->log.fd
	};
	pid_t pid;

	pg_log_mark(&quickstart->log);
	pid = child_start(&options);
	quickstart->pid = pid > 0 ? pid : 0;
	return pid > 0;
}

/* A server whose parent was killed is on its way out already, or belongs to nobody: we hold the lock. */
static bool stop_left_over(struct quickstart *quickstart, struct buf *message)
{
	static const struct {
		int signal, wait_ms;
	} ways[] = { { SIGINT, FAST_STOP_MS }, { SIGQUIT, HARD_STOP_MS } };
	pid_t pid = pg_place_server(&quickstart->place);

	for (size_t i = 0; pid > 0 && i < COUNT_OF(ways); i++) {
		int64_t end = loop_now_ms() + ways[i].wait_ms;

		log_warn("quickstart.left_over", "pid=%d signal=%d", (int)pid, ways[i].signal);
		kill(pid, ways[i].signal);
		while ((pid = pg_place_server(&quickstart->place)) > 0 && loop_now_ms() < end)
			child_pause(SLICE_MS);
	}
	if (pid > 0)
		buf_printf(message, "A PostgreSQL server (process %d) already runs on %s and does not stop", (int)pid,
			   quickstart->place.data);
	return pid == 0;
}

static bool is_held_by_remains(struct quickstart *quickstart)
{
	const char *line = pg_log_reason(&quickstart->log);

	return strstr(line, "pre-existing shared memory") || strstr(line, "lock file");
}

static enum quickstart_result wait_until_ready(struct quickstart *quickstart, struct buf *message)
{
	int64_t start = loop_now_ms(), told = start;
	int restarts = 0;

	while (!pg_place_is_ready(&quickstart->place, quickstart->pid)) {
		if (child_is_interrupted())
			return QUICKSTART_INTERRUPTED;
		if (child_wait(quickstart->pid, SLICE_MS, NULL)) {
			quickstart->pid = 0;
			if (is_held_by_remains(quickstart) && restarts++ < RESTARTS) {
				child_pause(RESTART_PAUSE_MS);
				if (launch(quickstart))
					continue;
			}
			pg_log_explain(&quickstart->log, "The private PostgreSQL did not start", message);
			return QUICKSTART_FAILED;
		}
		if (loop_now_ms() - start > READY_MS) {
			pg_log_explain(&quickstart->log, "The private PostgreSQL does not get ready", message);
			return QUICKSTART_FAILED;
		}
		if (loop_now_ms() - told > STILL_WAITING_MS) {
			told = loop_now_ms();
			log_info("quickstart.waiting", "log=%s", log_quote(quickstart->log.path));
		}
	}
	return QUICKSTART_RUNNING;
}

/* The lock is held by us, not by the server: it goes with us, however we end. */
static bool take_lock(struct quickstart *quickstart, struct buf *message)
{
	const char *path = arena_printf(quickstart->arena, "%s.lock", quickstart->place.data);
	int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	char holder[16] = "";

	if (lock < 0) {
		buf_printf(message, "%s cannot be opened: %s", path, strerror(errno));
		return false;
	}
	if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
		if (pread(lock, holder, sizeof(holder) - 1, 0) <= 0)
			holder[0] = '\0';
		buf_printf(message, "The data in %s are in use by process %s", quickstart->place.data, holder);
		close(lock);
		return false;
	}
	quickstart->lock = lock;
	if (ftruncate(lock, 0) != 0 || dprintf(lock, "%d", (int)getpid()) < 0)
		log_warn("quickstart.lock", "path=%s pid=not_noted", log_quote(path));
	return true;
}

static const char *conninfo_of(const char *sockets, struct arena *arena)
{
	return arena_printf(arena, "host=%s port=5432 user=leadd dbname=leadd", sockets);
}

const char *quickstart_find(const char *data_dir, struct arena *arena, struct buf *message)
{
	const char *data = data_dir && *data_dir ? data_dir : pg_place_usual_data(arena);
	const char *sockets = pg_place_sockets_of(data, arena);

	if (sockets)
		return conninfo_of(sockets, arena);
	buf_printf(message,
		   "There is no database to look at: DATABASE_URL is not set, and no private PostgreSQL runs on %s. "
		   "Set DATABASE_URL, or start leadd and try again while it runs",
		   data);
	return NULL;
}

static bool prepare(struct quickstart *quickstart, struct buf *message)
{
	struct pg_place *place = &quickstart->place;
	struct arena *arena = quickstart->arena;
	const char *log = arena_printf(arena, "%s.log", place->data);

	if (!take_lock(quickstart, message) || !pg_place_make_sockets(place, arena, message))
		return false;
	if (!pg_log_open(&quickstart->log, log)) {
		buf_printf(message, "%s cannot be opened: %s", log, strerror(errno));
		return false;
	}
	quickstart->server = arena_printf(arena, "%s/postgres", place->programs);
	quickstart->socket_setting = arena_printf(arena, "--unix_socket_directories=%s", place->sockets);
	quickstart->conninfo = conninfo_of(place->sockets, arena);
	quickstart->psql_command = arena_printf(arena, "psql -h %s -p 5432 -U leadd leadd", place->sockets);
	return stop_left_over(quickstart, message);
}

static enum quickstart_result start(struct quickstart *quickstart, const struct quickstart_options *options,
				    struct buf *message)
{
	struct pg_place *place = &quickstart->place;
	enum quickstart_result result = QUICKSTART_RUNNING;

	if (!pg_place_find(place, quickstart->arena, options->data_dir, options->programs, message) ||
	    !prepare(quickstart, message))
		return QUICKSTART_FAILED;
	if (!place->has_data)
		result = pg_create(place, &quickstart->log, quickstart->arena, message);
	if (result != QUICKSTART_RUNNING)
		return result;
	if (!launch(quickstart)) {
		buf_printf(message, "PostgreSQL cannot be started: %s", strerror(errno));
		return QUICKSTART_FAILED;
	}
	return wait_until_ready(quickstart, message);
}

enum quickstart_result quickstart_start(const struct quickstart_options *options, struct buf *message,
					struct quickstart **quickstart_out)
{
	struct quickstart *quickstart = mem_alloc(1, sizeof(*quickstart));
	enum quickstart_result result;

	quickstart->lock = quickstart->log.fd = -1;
	quickstart->arena = arena_new();
	result = start(quickstart, options, message);
	*quickstart_out = quickstart;
	if (result != QUICKSTART_RUNNING)
		quickstart_stop(quickstart_out);
	return result;
}

const char *quickstart_conninfo(const struct quickstart *quickstart)
{
	return quickstart->conninfo;
}

const char *quickstart_psql_command(const struct quickstart *quickstart)
{
	return quickstart->psql_command;
}

pid_t quickstart_pid(const struct quickstart *quickstart)
{
	return quickstart->pid;
}

bool quickstart_has_ended(struct quickstart *quickstart)
{
	int status = 0;

	if (quickstart->pid == 0 || !child_wait(quickstart->pid, 0, &status))
		return false;
	quickstart->pid = 0;
	log_error("quickstart.ended", "exit=%d signal=%d log=%s", WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		  WIFSIGNALED(status) ? WTERMSIG(status) : 0, log_quote(quickstart->log.path));
	return true;
}

void quickstart_tidy(struct quickstart *quickstart)
{
	pg_log_tidy(&quickstart->log);
}

bool quickstart_restart(struct quickstart *quickstart)
{
	if (quickstart->pid > 0)
		return true;
	if (pg_place_server(&quickstart->place) > 0)
		log_warn("quickstart.restart", "old_server=still_there");
	return launch(quickstart);
}

void quickstart_stop(struct quickstart **quickstart)
{
	struct quickstart *old = *quickstart;

	if (!old)
		return;
	*quickstart = NULL;
	if (old->pid > 0)
		child_end(old->pid);
	if (old->place.sockets)
		rmdir(old->place.sockets);
	pg_log_close(&old->log);
	if (old->lock >= 0)
		close(old->lock);
	arena_free(&old->arena);
	mem_free(old);
}
