/*
 * The console's files as bytes of the binary. The assembler takes them in as they are (.incbin), because C arrays of
 * some megabytes would dominate the time of the whole build.
 */
#include "tools/embed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zlib.h>

static const struct {
	const char *ending, *type;
} types[] = {
	{ ".html", "text/html; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".mjs", "text/javascript; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
	{ ".json", "application/json" },
	{ ".svg", "image/svg+xml" },
	{ ".png", "image/png" },
	{ ".ico", "image/x-icon" },
	{ ".woff2", "font/woff2" },
	{ ".txt", "text/plain; charset=utf-8" },
};

static const char *type_of(const char *path)
{
	size_t length = strlen(path);

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		size_t ending = strlen(types[i].ending);

		if (length > ending && strcmp(path + length - ending, types[i].ending) == 0)
			return types[i].type;
	}
	fail("%s: no content type is known for this ending", path);
}

/* Replaces the bytes by their gzip form where that is a tenth smaller at least; the same input gives the same bytes. */
static bool compress_bytes(struct buf *bytes)
{
	z_stream stream = { .next_in = (unsigned char *)bytes->bytes, .avail_in = (unsigned)bytes->length };
	unsigned char block[65536];
	struct buf packed;
	int state;

	enum { GZIP = 15 + 16 /* the largest window, with gzip's header */ };

	buf_init(&packed);
	if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		fail("zlib: %s", stream.msg ? stream.msg : "no memory");
	do {
		stream.next_out = block;
		stream.avail_out = sizeof(block);
		state = deflate(&stream, Z_FINISH);
		buf_add(&packed, block, sizeof(block) - stream.avail_out);
	} while (state == Z_OK);
	deflateEnd(&stream);
	if (state != Z_STREAM_END)
		fail("zlib: compressing failed (%d)", state);
	if (packed.length >= bytes->length - bytes->length / 10) {
		buf_done(&packed);
		return false;
	}
	buf_done(bytes);
	*bytes = packed;
	return true;
}

static void find_file(const char *file, char *const *folders, int folder_count, struct buf *bytes)
{
	for (int i = 0; i < folder_count; i++) {
		char *path = path_of(folders[i], file);
		bool found = file_read(path, bytes);

		mem_free(path);
		if (found)
			return;
	}
	fail("%s: in none of the folders, %s first", file, folders[0]);
}

static void add_asset(const char *out_dir, const char *path, struct buf *bytes, int index, struct buf *code,
		      struct buf *table)
{
	bool packed = compress_bytes(bytes);
	char name[40];

	snprintf(name, sizeof(name), "assets/%d.bin", index);
	file_write(out_dir, name, bytes);
	buf_printf(code,
		   "__asm__(\".section .rodata\\n.balign 16\\n.globl asset_%d\\n\"\n"
		   "\t\"asset_%d: .incbin \\\"%s/%s\\\"\\n.byte 0\\n.previous\");\n"
		   "extern const unsigned char asset_%d[] __attribute__((visibility(\"hidden\")));\n",
		   index, index, out_dir, name, index);
	buf_printf(table, "\t{ \"%s\", \"%s\", \"\\\"", path, type_of(path));
	add_sha256(table, bytes->bytes, bytes->length);
	buf_printf(table, "\\\"\", %s, asset_%d, %zu },\n", packed ? "\"gzip\"" : "0", index, bytes->length);
}

void embed_assets(const char *out_dir, const char *manifest, char *const *folders, int folder_count)
{
	struct buf list, bytes, code, table;
	char *dir = path_of(out_dir, "assets"), *rest_lines, *rest;
	int index = 0;

	buf_init(&list), buf_init(&code), buf_init(&table);
	if (mkdir(dir, 0777) != 0 && errno != EEXIST)
		fail("%s: %s", dir, strerror(errno));
	if (!file_read(manifest, &list))
		fail("%s: %s", manifest, strerror(errno));
	buf_string(&code, "/* Generated from the console's files. */\n#include \"http/assets.h\"\n\n");
	buf_string(&table, "\nconst struct asset assets[] = {\n");
	for (char *line = strtok_r(list.bytes, "\n", &rest_lines); line; line = strtok_r(NULL, "\n", &rest_lines)) {
		const char *path = strtok_r(line, " \t\r", &rest);
		const char *file = path ? strtok_r(NULL, " \t\r", &rest) : NULL;

		if (!path || path[0] == '#')
			continue;
		if (!file || strtok_r(NULL, " \t\r", &rest) || strpbrk(path, "\"\\"))
			fail("%s: a line is \"asset/path file\": %s", manifest, path);
		buf_init(&bytes);
		find_file(file, folders, folder_count, &bytes);
		add_asset(out_dir, path, &bytes, index++, &code, &table);
		buf_done(&bytes);
	}
	buf_string(&table, "\t{ 0 },\n};\n");
	buf_text(&code, (struct text){ table.bytes, table.length });
	file_write(out_dir, "assets.c", &code);
	buf_done(&list), buf_done(&code), buf_done(&table);
	mem_free(dir);
}
