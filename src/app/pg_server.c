/* The server on the private PostgreSQL's data, as its pid file tells of it. */
#include "app/pg_place.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/shm.h>
#include <unistd.h>

enum { PID_LINES = 8 };

struct pid_file {
	long pid;
	char sockets[PATH_MAX];
	int shared_memory; /* -1: none */
	bool is_ready;
};

static bool read_pid_file(const struct pg_place *place, struct pid_file *file_out)
{
	char path[PATH_MAX], line[PATH_MAX];
	unsigned long key;
	FILE *file;

	*file_out = (struct pid_file){ .shared_memory = -1 };
	snprintf(path, sizeof(path), "%s/postmaster.pid", place->data);
	file = fopen(path, "re");
	if (!file)
		return false;
	for (int number = 1; number <= PID_LINES && fgets(line, sizeof(line), file); number++) {
		if (number == 1)
			file_out->pid = strtol(line, NULL, 10);
		else if (number == 5)
			snprintf(file_out->sockets, sizeof(file_out->sockets), "%.*s", (int)strcspn(line, "\n"), line);
		else if (number == 7 && sscanf(line, "%lu %d", &key, &file_out->shared_memory) != 2)
			file_out->shared_memory = -1;
		else if (number == 8)
			file_out->is_ready = strncmp(line, "ready", 5) == 0;
	}
	fclose(file);
	return file_out->pid > 0;
}

/* Any process may have got the number since: it must be called postgres and have our folder in its arguments. */
static bool is_server_of(const struct pg_place *place, long pid)
{
	char path[64], arguments[2 * PATH_MAX];
	size_t length, name;
	FILE *file;
	bool has_folder = false;

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	length = fread(arguments, 1, sizeof(arguments) - 1, file);
	fclose(file);
	arguments[length] = '\0';
	name = strlen(arguments);
	for (size_t at = 0; at < length; at += strlen(arguments + at) + 1)
		has_folder = has_folder || strcmp(arguments + at, place->data) == 0;
	return has_folder && name >= 8 && strcmp(arguments + name - 8, "postgres") == 0;
}

pid_t pg_place_server(const struct pg_place *place)
{
	struct pid_file file;
	struct shmid_ds memory;
	char path[PATH_MAX];

	if (!read_pid_file(place, &file))
		return 0;
	if (is_server_of(place, file.pid))
		return (pid_t)file.pid;
	/* PostgreSQL clears a dead server's file itself, but takes any live process of that number for a server. */
	if (kill((pid_t)file.pid, 0) == 0 &&
	    (file.shared_memory < 0 || shmctl(file.shared_memory, IPC_STAT, &memory) != 0 || memory.shm_nattch == 0)) {
		snprintf(path, sizeof(path), "%s/postmaster.pid", place->data);
		unlink(path);
	}
	return 0;
}

bool pg_place_is_ready(const struct pg_place *place, pid_t pid)
{
	struct pid_file file;

	return read_pid_file(place, &file) && file.pid == pid && file.is_ready;
}

const char *pg_place_sockets_of(const char *data, struct arena *arena)
{
	struct pg_place place = { .data = data };
	struct pid_file file;

	if (!read_pid_file(&place, &file) || !file.is_ready || kill((pid_t)file.pid, 0) != 0)
		return NULL;
	return arena_copy(arena, file.sockets, strlen(file.sockets));
}
