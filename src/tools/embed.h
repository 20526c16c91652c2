/* What the parts of the build tool share. */
#ifndef LEADD_TOOLS_EMBED_H
#define LEADD_TOOLS_EMBED_H

#include "base/buf.h"

#include <stdbool.h>

/* Ends the build with one line on stderr. */
void fail(const char *format, ...) __attribute__((noreturn)) PRINTF_LIKE(1, 2);

/* "dir/name", owned by the caller: mem_free(). */
char *path_of(const char *dir, const char *name);

/* Appends a whole file; false when it cannot be opened (errno). */
MUST_CHECK bool file_read(const char *path, struct buf *out);

/* A file that already has these bytes keeps its time, so that what includes it is not compiled again. */
void file_write(const char *dir, const char *name, const struct buf *bytes);

/* 64 hexadecimal digits. */
void add_sha256(struct buf *out, const void *bytes, size_t length);

/*
 * queries.h and queries.c: an enum and a table, one entry a file, and behind it its twin for one item of each list
 * (name_one), where it has one; {{name}} is replaced by fragments/name.sql. Those of once_dir come last, behind
 * Q_COUNT.
 */
void embed_queries(const char *out_dir, const char *queries_dir, const char *once_dir, const char *fragments_dir);

/* migrations.h and migrations.c: NNNN_name.sql without gaps, each with its SHA-256. */
void embed_migrations(const char *out_dir, const char *dir);

/*
 * assets.c and one file of bytes each below out_dir/assets: the table of http/assets.h.
 *
 * manifest: lines "asset/path file"; the file is looked for in the folders, the first that has it wins
 */
void embed_assets(const char *out_dir, const char *manifest, char *const *folders, int folder_count);

#endif
