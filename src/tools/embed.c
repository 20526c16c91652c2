/*
 * Build tool: turns SQL files into C tables and the console's files into bytes of the binary.
 * It finds faults of the SQL files (unknown fragments, gaps in the migrations) at build time, with file and line.
 */
#include "tools/embed.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("embed: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

char *path_of(const char *dir, const char *name)
{
	struct buf path;
	char *text;

	buf_init(&path);
	buf_printf(&path, "%s/%s", dir, name);
	text = buf_detach(&path);
	buf_done(&path);
	return text;
}

bool file_read(const char *path, struct buf *out)
{
	FILE *file = fopen(path, "rb");
	char block[65536];
	size_t got;

	if (!file)
		return false;
	do {
		got = fread(block, 1, sizeof(block), file);
		buf_add(out, block, got);
	} while (got == sizeof(block));
	if (ferror(file))
		fail("%s: %s", path, strerror(errno));
	fclose(file);
	return true;
}

void file_write(const char *dir, const char *name, const struct buf *bytes)
{
	char *path = path_of(dir, name);
	struct buf old;
	FILE *file;

	buf_init(&old);
	if (!file_read(path, &old) || old.length != bytes->length ||
	    memcmp(old.bytes, bytes->bytes, bytes->length) != 0) {
		file = fopen(path, "wb");
		if (!file || fwrite(bytes->bytes, 1, bytes->length, file) != bytes->length || fclose(file) != 0)
			fail("%s: %s", path, strerror(errno));
	}
	buf_done(&old);
	mem_free(path);
}

void add_sha256(struct buf *out, const void *bytes, size_t length)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256(bytes, length, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		buf_printf(out, "%02x", (unsigned)digest[i]);
}

int main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "queries") == 0)
		embed_queries(argv[2], argv[3], argv[4], argv[5]);
	else if (argc == 4 && strcmp(argv[1], "migrations") == 0)
		embed_migrations(argv[2], argv[3]);
	else if (argc >= 5 && strcmp(argv[1], "assets") == 0)
		embed_assets(argv[2], argv[3], argv + 4, argc - 4);
	else
		fail("use: embed queries OUT QUERIES ONCE FRAGMENTS | migrations OUT DIR | assets OUT MANIFEST "
		     "FOLDER...");
	return 0;
}
