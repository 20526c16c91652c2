/* What the program sets in its own environment is seen by nobody else: children get none of it (child.c). */
#include "app/secret.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PASSWORD_BYTES = 1024 };

void secret_read_password(const char *path)
{
	char line[PASSWORD_BYTES] = "";
	FILE *file;

	if (!path || !*path)
		return;
	file = fopen(path, "re");
	if (!file)
		die(EXIT_CONFIG, "DATABASE_PASSWORD_FILE %s cannot be read: %s", log_quote(path), strerror(errno));
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	line[strcspn(line, "\r\n")] = '\0';
	if (!*line)
		die(EXIT_CONFIG, "DATABASE_PASSWORD_FILE %s has no password in its first line", log_quote(path));
	if (setenv("PGPASSWORD", line, 1) != 0)
		die(EXIT_CONFIG, "DATABASE_PASSWORD_FILE %s: %s", log_quote(path), strerror(errno));
	explicit_bzero(line, sizeof(line));
}
