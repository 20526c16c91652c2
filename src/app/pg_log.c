/* PostgreSQL's own log collector cannot bound one file; a file that is only appended to can be cut from outside. */
#include "app/pg_log.h"

#include "base/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOG_MAX = 16 << 20 };

bool pg_log_open(struct pg_log *log, const char *path)
{
	log->path = path;
	log->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return log->fd >= 0;
}

void pg_log_close(struct pg_log *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}

void pg_log_tidy(struct pg_log *log)
{
	struct stat found;

	if (fstat(log->fd, &found) == 0 && found.st_size > LOG_MAX && ftruncate(log->fd, 0) != 0)
		log_warn("quickstart.log", "path=%s cut=failed", log_quote(log->path));
}

void pg_log_mark(struct pg_log *log)
{
	struct stat found;

	pg_log_tidy(log);
	log->start = fstat(log->fd, &found) == 0 ? found.st_size : 0;
}

const char *pg_log_reason(struct pg_log *log)
{
	static const char *const errors[] = { "FATAL:", "PANIC:", "ERROR:", "error:" };
	ssize_t length = pread(log->fd, log->tail, PG_LOG_TAIL, log->start);
	const char *chosen = NULL;
	char *rest;

	log->tail[length > 0 ? length : 0] = '\0';
	for (char *line = strtok_r(log->tail, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		chosen = line;
		for (size_t i = 0; i < COUNT_OF(errors); i++)
			if (strstr(line, errors[i]))
				return line;
	}
	return chosen ? chosen : "it said nothing";
}

void pg_log_explain(struct pg_log *log, const char *what, struct buf *message)
{
	buf_printf(message, "%s: %s (all of it is in %s)", what, pg_log_reason(log), log->path);
}
