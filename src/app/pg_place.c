/* Folders and programs differ from system to system and from user to user; what is chosen is decided here. */
#include "app/pg_place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MAJOR_LEAST = 14,
	SOCKET_PATH_MAX = 107, /* bytes, sun_path */
	VERSION_WAIT_MS = 10000
};

static const char *const usual_places[] = {
	"/usr/lib/postgresql/*/bin", /* Debian, Ubuntu */
	"/usr/pgsql-*/bin",          /* Red Hat, packages of postgresql.org */
	"/usr/libexec/postgresql*",  /* Alpine */
	"/usr/local/pgsql/bin",      /* from source */
	"/usr/local/bin",
	"/usr/bin",
};

/* -- programs ---------------------------------------------------------------------------------- */

/* The major version that "postgres -V" prints ("postgres (PostgreSQL) 15.6 ..."); 0: not usable. */
static int version_of(const char *programs, struct arena *arena)
{
	const char *argv[] = { arena_printf(arena, "%s/postgres", programs), "-V", NULL };
	struct child_options options = { .argv = argv, .input = -1 };
	int ends[2], major = 0;
	char line[200] = "";
	pid_t pid;

	if (access(argv[0], X_OK) != 0 || access(arena_printf(arena, "%s/initdb", programs), X_OK) != 0 ||
	    pipe2(ends, O_CLOEXEC) != 0)
		return 0;
	options.output = ends[1];
	pid = child_start(&options);
	close(ends[1]);
	if (pid > 0) {
		if (read(ends[0], line, sizeof(line) - 1) <= 0 || sscanf(line, "postgres (PostgreSQL) %d", &major) != 1)
			major = 0;
		child_wait(pid, VERSION_WAIT_MS, NULL);
	}
	close(ends[0]);
	return major;
}

/* Takes the folder when its version is the wanted one (0: any), and newer than what was found so far. */
static void consider(struct pg_place *place, struct arena *arena, const char *programs, int wanted, struct buf *seen)
{
	char real[PATH_MAX];
	int major = 0;

	if (realpath(programs, real) && !strstr(seen->bytes, real))
		major = version_of(real, arena);
	if (major == 0)
		return;
	buf_printf(seen, "%s%d in %s", seen->length ? ", " : "", major, real);
	if (major < MAJOR_LEAST || (wanted && major != wanted) || major <= place->major)
		return;
	place->major = major;
	place->programs = arena_copy(arena, real, strlen(real));
}

static void consider_path(struct pg_place *place, struct arena *arena, int wanted, struct buf *seen)
{
	const char *path = getenv("PATH");
	char *folders = arena_copy(arena, path ? path : "", path ? strlen(path) : 0), *rest;

	for (char *dir = strtok_r(folders, ":", &rest); dir && !place->programs; dir = strtok_r(NULL, ":", &rest)) {
		char real[PATH_MAX], *slash;

		/* A link in /usr/bin leads to the folder that has the other programs too. */
		if (!realpath(arena_printf(arena, "%s/initdb", dir), real) || !(slash = strrchr(real, '/')))
			continue;
		*slash = '\0';
		consider(place, arena, real, wanted, seen);
	}
}

static bool find_programs(struct pg_place *place, struct arena *arena, const char *programs, int wanted,
			  struct buf *message)
{
	const char *given = programs ? programs : getenv("PG_BIN");
	struct buf seen;

	buf_init(&seen);
	if (given && *given) {
		consider(place, arena, given, wanted, &seen);
	} else {
		consider_path(place, arena, wanted, &seen);
		for (size_t i = 0; i < COUNT_OF(usual_places) && !place->programs; i++) {
			glob_t found;

			if (glob(usual_places[i], 0, NULL, &found) == 0) {
				for (size_t k = 0; k < found.gl_pathc; k++)
					consider(place, arena, found.gl_pathv[k], wanted, &seen);
				globfree(&found);
			}
		}
	}
	if (!place->programs) {
		if (wanted)
			buf_printf(message, "The data in %s are of PostgreSQL %d, whose programs are not installed",
				   place->data, wanted);
		else
			buf_printf(message, "No PostgreSQL server of version %d or newer was found", MAJOR_LEAST);
		if (given && *given)
			buf_printf(message, " in %s", given);
		if (seen.length)
			buf_printf(message, " (found: %s)", seen.bytes);
		if (wanted)
			buf_printf(message, ". Install postgresql-%d, or move the data away to start with none",
				   wanted);
		else
			buf_string(message,
				   ". Install the package \"postgresql\" (make deps does), or set DATABASE_URL");
	}
	buf_done(&seen);
	return place->programs != NULL;
}

/* -- account and data -------------------------------------------------------------------------- */

static void find_account(struct pg_place *place, struct arena *arena, const struct stat *data)
{
	struct passwd *entry = NULL;

	place->account = (struct account){ .name = "", .uid = geteuid(), .gid = getegid() };
	if (geteuid() != 0)
		return;
	/* PostgreSQL refuses to run as root. Data that exist stay with whom they belong to. */
	if (data && data->st_uid != 0)
		entry = getpwuid(data->st_uid);
	if (!entry)
		entry = getpwnam("postgres");
	if (!entry)
		entry = getpwnam("nobody");
	if (entry)
		place->account = (struct account){ arena_copy(arena, entry->pw_name, strlen(entry->pw_name)),
						   entry->pw_uid, entry->pw_gid };
}

/* As mkdir -p; what it makes is for everybody to pass when root makes it (the account must get in), else ours alone. */
static bool make_folders(const char *path, struct arena *arena)
{
	char *copy = arena_copy(arena, path, strlen(path));

	for (char *at = copy + 1;; at++) {
		bool is_last = *at == '\0';

		if (!is_last && *at != '/')
			continue;
		*at = '\0';
		if (mkdir(copy, geteuid() == 0 ? 0755 : 0700) != 0 && errno != EEXIST)
			return false;
		if (is_last)
			return true;
		*at = '/';
	}
}

const char *pg_place_usual_data(struct arena *arena)
{
	const char *folder = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	struct passwd *entry;

	if (geteuid() == 0)
		return "/var/lib/leadd/postgres";
	if (folder && *folder == '/')
		return arena_printf(arena, "%s/leadd/postgres", folder);
	if (!home || *home != '/') {
		entry = getpwuid(geteuid());
		home = entry ? entry->pw_dir : "/nonexistent";
	}
	return arena_printf(arena, "%s/.local/share/leadd/postgres", home);
}

static bool is_empty_folder(const char *path)
{
	DIR *folder = opendir(path);
	int entries = 0;

	if (!folder)
		return false;
	while (entries <= 2 && readdir(folder))
		entries++;
	closedir(folder);
	return entries <= 2;
}

static bool find_data(struct pg_place *place, struct arena *arena, const char *data_dir, int *major_out,
		      struct buf *message)
{
	const char *wanted = data_dir && *data_dir ? data_dir : pg_place_usual_data(arena);
	char *path = arena_copy(arena, wanted, strlen(wanted)), *slash, parent[PATH_MAX], here[PATH_MAX];
	struct stat stat_data;
	bool exists;
	FILE *version;

	for (size_t length = strlen(path); length > 1 && path[length - 1] == '/'; length--)
		path[length - 1] = '\0';
	if (*path != '/' && getcwd(here, sizeof(here)))
		path = arena_printf(arena, "%s/%s", here, path);
	slash = strrchr(path, '/');
	*slash = '\0';
	if (!make_folders(*path ? path : "/", arena) || !realpath(*path ? path : "/", parent)) {
		buf_printf(message, "The folder %s for the private PostgreSQL cannot be made: %s", path,
			   strerror(errno));
		return false;
	}
	place->data = arena_printf(arena, "%s/%s", parent, slash + 1);
	exists = stat(place->data, &stat_data) == 0;
	find_account(place, arena, exists ? &stat_data : NULL);
	if (place->account.uid == 0) {
		buf_string(message, "Root cannot run PostgreSQL, and there is neither an account postgres nor nobody");
		return false;
	}
	if (exists && geteuid() != 0 && stat_data.st_uid != geteuid()) {
		buf_printf(message, "The folder %s belongs to another user", place->data);
		return false;
	}
	version = fopen(arena_printf(arena, "%s/PG_VERSION", place->data), "re");
	place->has_data = version && fscanf(version, "%d", major_out) == 1;
	if (version)
		fclose(version);
	if (!place->has_data && exists && !is_empty_folder(place->data)) {
		buf_printf(message, "The folder %s is neither empty nor PostgreSQL's", place->data);
		return false;
	}
	return true;
}

bool pg_place_find(struct pg_place *place, struct arena *arena, const char *data_dir, const char *programs,
		   struct buf *message)
{
	int major = 0;

	*place = (struct pg_place){ 0 };
	return find_data(place, arena, data_dir, &major, message) &&
	       find_programs(place, arena, programs, major, message);
}

/* -- the socket's folder ----------------------------------------------------------------------- */

/* FNV-1a: tells the data folders of one user apart in a few characters. */
static uint32_t short_hash(const char *text)
{
	uint32_t hash = 2166136261U;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619U;
	return hash;
}

static bool is_plain(const char *path)
{
	return *path == '/' &&
	       path[strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-")] == '\0';
}

/*
 * In /tmp anybody may have put something of that name there first: it must be a folder of ours, closed to others.
 * Returns NULL, or what is wrong with it.
 */
static const char *make_own_folder(const char *path, const struct account *account)
{
	bool is_new = mkdir(path, 0700) == 0;
	struct stat found;

	if ((!is_new && errno != EEXIST) || lstat(path, &found) != 0)
		return strerror(errno);
	if (!S_ISDIR(found.st_mode) || (found.st_mode & 077) != 0)
		return "something that is no folder, or is open to others, is in its place";
	if (geteuid() == 0 && found.st_uid == 0)
		return lchown(path, account->uid, account->gid) == 0 ? NULL : strerror(errno);
	return found.st_uid == account->uid ? NULL : "a folder of another user is in its place";
}

bool pg_place_make_sockets(struct pg_place *place, struct arena *arena, struct buf *message)
{
	const char *bases[] = { geteuid() == 0 ? "/run" : getenv("XDG_RUNTIME_DIR"), "/tmp" };
	const char *path = "/tmp", *fault = "its path is too long";

	for (size_t i = 0; i < COUNT_OF(bases); i++) {
		if (!bases[i] || !is_plain(bases[i]))
			continue;
		path = arena_printf(arena, "%s/leadd-%u-%08x", bases[i], (unsigned)place->account.uid,
				    (unsigned)short_hash(place->data));
		if (strlen(path) + strlen("/.s.PGSQL.5432") > SOCKET_PATH_MAX)
			continue;
		fault = make_own_folder(path, &place->account);
		if (!fault) {
			place->sockets = path;
			return true;
		}
	}
	buf_printf(message, "The folder %s for the database's socket cannot be made: %s", path, fault);
	return false;
}
