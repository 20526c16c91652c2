/* What the program sets in its own environment is seen by nobody else: children get none of it (child.c). */
#include "app/secret.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PASSWORD_BYTES = 1024 };

#define PASSWORD_NAME "PGPASSWORD"

/* The file's first line; NULL when it is good, else what is wrong with it. */
static const char *read_line(const char *path, char line[PASSWORD_BYTES])
{
	FILE *file = fopen(path, "re");

	if (!file)
		return strerror(errno);
	if (!fgets(line, PASSWORD_BYTES, file))
		line[0] = '\0';
	fclose(file);
	line[strcspn(line, "\r\n")] = '\0';
	return *line ? NULL : "its first line has no password";
}

void secret_read_password(const char *path)
{
	char line[PASSWORD_BYTES];
	const char *why;

	if (!path || !*path)
		return;
	why = read_line(path, line);
	if (!why && setenv(PASSWORD_NAME, line, 1) != 0)
		why = strerror(errno);
	explicit_bzero(line, sizeof(line));
	if (why)
		die(EXIT_CONFIG, "DATABASE_PASSWORD_FILE %s cannot be read: %s", log_quote(path), why);
}

void secret_renew_password(const char *path)
{
	const char *known = getenv(PASSWORD_NAME);
	char line[PASSWORD_BYTES];
	const char *why = read_line(path, line);

	if (!why && known && strcmp(known, line) != 0 && setenv(PASSWORD_NAME, line, 1) == 0)
		log_info("db.password_renewed", "file=%s", log_quote(path));
	explicit_bzero(line, sizeof(line));
}
