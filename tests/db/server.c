/* The throw-away PostgreSQL of the tests, in a process of its own that cleans up when the tests are gone. */
#include "db/support.h"

#include "base/log.h"

#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char bin_dir[256], server_dir[64];
static pid_t keeper;
static int keeper_pipe = -1; /* the keeper reads it: its end is our end */

bool support_owns_server(void)
{
	return keeper > 0;
}

const char *support_socket_dir(void)
{
	return server_dir;
}

/* The newest installed version, or whatever the search path has. */
static void find_binaries(void)
{
	const char *given = getenv("PG_BIN");
	glob_t found;

	if (given) {
		snprintf(bin_dir, sizeof(bin_dir), "%s/", given);
	} else if (glob("/usr/lib/postgresql/*/bin/pg_ctl", 0, NULL, &found) == 0) {
		const char *newest = found.gl_pathv[found.gl_pathc - 1];

		snprintf(bin_dir, sizeof(bin_dir), "%.*s", (int)(strrchr(newest, '/') + 1 - newest), newest);
		globfree(&found);
	}
}

/* PostgreSQL refuses to run as root. */
static void become_unprivileged(void)
{
	const struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;

	if (geteuid() != 0)
		return;
	if (!user || initgroups(user->pw_name, user->pw_gid) || setgid(user->pw_gid) || setuid(user->pw_uid))
		die(EXIT_ARGUMENTS, "the tests run as root, and there is no user postgres to run the server as");
}

/* In a child that is not root any more: runs a command with its output dropped. */
static int run(const char *const *command)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		execvp(command[0], (char *const *)(uintptr_t)command);
		_exit(127);
	}
	waitpid(child, &status, 0);
	return status;
}

static int pg_ctl(const char *verb, const char *mode)
{
	char program[300], data[100], log[100], options[300];
	const char *const command[] = { program, verb, "-s", "-w", "-m",    mode, "-D",
					data,    "-l", log,  "-o", options, NULL };

	snprintf(program, sizeof(program), "%spg_ctl", bin_dir);
	snprintf(data, sizeof(data), "%s/data", server_dir);
	snprintf(log, sizeof(log), "%s/log", server_dir);
	snprintf(options, sizeof(options),
		 "-k %s -c listen_addresses='' -c fsync=off -c max_connections=100 -c shared_buffers=32MB "
		 "-c deadlock_timeout=100ms -c autovacuum=off",
		 server_dir);
	return run(command);
}

static void write_access_rules(void)
{
	char path[100];
	FILE *file;

	snprintf(path, sizeof(path), "%s/data/pg_hba.conf", server_dir);
	file = fopen(path, "w");
	if (!file)
		die(EXIT_ARGUMENTS, "cannot write %s", path);
	fputs("local all sealed scram-sha-256\nlocal all all trust\n", file);
	fclose(file);
}

static void keep_server(int ready, int end)
{
	char program[300], data[100], byte;
	const char *const initdb[] = { program,     "-D",
				       data,        "-U",
				       "postgres",  "-A",
				       "trust",     "-E",
				       "UTF8",      "--locale=C.UTF-8",
				       "--no-sync", "--no-instructions",
				       NULL };
	const char *const clean[] = { "rm", "-rf", server_dir, NULL };

	setsid(); /* Ctrl-C ends the tests, and that ends this */
	become_unprivileged();
	snprintf(server_dir, sizeof(server_dir), "/tmp/leadd-test-XXXXXX");
	if (!mkdtemp(server_dir))
		die(EXIT_ARGUMENTS, "cannot make a folder in /tmp");
	snprintf(program, sizeof(program), "%sinitdb", bin_dir);
	snprintf(data, sizeof(data), "%s/data", server_dir);
	if (run(initdb) != 0)
		die(EXIT_ARGUMENTS, "%s failed", program);
	write_access_rules();
	if (pg_ctl("start", "fast") != 0)
		die(EXIT_ARGUMENTS, "cannot start PostgreSQL, see %s/log", server_dir);
	if (write(ready, server_dir, sizeof(server_dir)) == sizeof(server_dir))
		while (read(end, &byte, 1) > 0)
			;
	pg_ctl("stop", "immediate");
	run(clean);
}

void support_start(void)
{
	int ready[2], end[2];

	if (getenv("TEST_CONNINFO"))
		return;
	find_binaries();
	if (pipe2(ready, O_CLOEXEC) || pipe2(end, O_CLOEXEC))
		die(EXIT_ARGUMENTS, "no pipes");
	keeper = fork();
	if (keeper == 0) {
		close(ready[0]);
		close(end[1]);
		keep_server(ready[1], end[0]);
		_exit(0);
	}
	close(ready[1]);
	close(end[0]);
	keeper_pipe = end[1];
	if (read(ready[0], server_dir, sizeof(server_dir)) != sizeof(server_dir))
		die(EXIT_ARGUMENTS, "no database to test with");
	close(ready[0]);
}

/* On a server that stays, the databases must not. */
static void drop_databases(void)
{
	PGconn *pg = PQconnectdb(support_conninfo("postgres", ""));
	PGresult *rows = PQexec(pg, "select format('drop database %I with (force)', datname) from pg_database "
				    "where datname like 'leadd\\_test\\_%'");

	for (int i = 0; i < PQntuples(rows); i++)
		PQclear(PQexec(pg, PQgetvalue(rows, i, 0)));
	PQclear(rows);
	PQfinish(pg);
}

void support_stop(void)
{
	if (!support_owns_server()) {
		drop_databases();
		return;
	}
	close(keeper_pipe);
	waitpid(keeper, NULL, 0);
	keeper = 0;
}

void support_restart(void)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		become_unprivileged();
		_exit(pg_ctl("restart", "fast") == 0 ? 0 : 1);
	}
	waitpid(child, &status, 0);
	ck_assert_int_eq(status, 0);
}
