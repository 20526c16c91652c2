/* The SQL files as C tables: statements with their fragments put in, and migrations with their digests. */
#include "tools/embed.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

enum { WORDS_MAX = 10, DEPTH_MAX = 16, FILES_MAX = 2000 };

static const char *fragments;

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in dir that end in .sql, sorted by bytes; a folder that is not there holds none. */
static size_t sql_files(const char *dir, char **names)
{
	size_t count = 0;
	struct dirent *entry;
	DIR *handle = opendir(dir);

	if (!handle)
		return 0;
	while ((entry = readdir(handle))) {
		size_t length = strlen(entry->d_name);

		if (length <= 4 || entry->d_name[0] == '.' || strcmp(entry->d_name + length - 4, ".sql") != 0)
			continue;
		if (count == FILES_MAX)
			fail("%s: more than %d files", dir, FILES_MAX);
		names[count++] = mem_copy(entry->d_name, length);
	}
	closedir(handle);
	qsort(names, count, sizeof(names[0]), by_name);
	return count;
}

/* As a C string, one source line for each line; '?' is escaped because C11 still knows trigraphs. */
static void add_literal(struct buf *out, const char *text, size_t length)
{
	buf_string(out, "\"");
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\n')
			buf_string(out, i + 1 < length ? "\\n\"\n\t\"" : "\\n");
		else if (c == '"' || c == '\\' || c == '?')
			buf_printf(out, "\\%c", c);
		else if (c < ' ' || c >= 127)
			buf_printf(out, "\\%03o", (unsigned)c);
		else
			buf_char(out, (char)c);
	}
	buf_string(out, "\"");
}

/* -- queries ----------------------------------------------------------------------------------- */

/* Where the text being expanded comes from; the chain up to the query finds circles. */
struct place {
	const char *file;
	const char *fragment; /* NULL: the query itself */
	const struct place *from;
	int depth;
};

static void expand(const struct place *place, const char *sql, struct buf *out);

static int line_of(const char *text, const char *at)
{
	int line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

/* Replaces %1, %2, ... of a fragment by the words of its use. */
static void put_words(const char *file, const char *text, char *const *words, int count, struct buf *out)
{
	for (const char *at = text; *at; at++) {
		int number;

		if (at[0] != '%' || !isdigit((unsigned char)at[1])) {
			buf_char(out, *at);
			continue;
		}
		number = *++at - '0';
		if (number < 1 || number > count)
			fail("%s:%d: %%%d, but the use gives %d arguments", file, line_of(text, at), number, count);
		buf_string(out, words[number - 1]);
	}
}

/* Expands one {{name word word}}; at points behind the braces. Returns what follows it. */
static const char *use_fragment(const struct place *place, const char *sql, const char *at, struct buf *out)
{
	const char *end = strstr(at, "}}");
	int line = line_of(sql, at), count = -1;
	char *text, *rest, *words[WORDS_MAX + 1];
	struct buf raw, filled;
	struct place inner = { .from = place, .depth = place->depth + 1 };
	char *file_name;

	if (!end || memchr(at, '\n', (size_t)(end - at)))
		fail("%s:%d: {{ without }} in the same line", place->file, line);
	text = mem_copy(at, (size_t)(end - at));
	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (++count > WORDS_MAX)
			fail("%s:%d: more than %d arguments", place->file, line, WORDS_MAX);
		words[count] = word;
	}
	if (count < 0)
		fail("%s:%d: {{}} names no fragment", place->file, line);
	inner.fragment = words[0];
	for (const struct place *outer = place; outer; outer = outer->from)
		if (outer->fragment && strcmp(outer->fragment, inner.fragment) == 0)
			fail("%s:%d: fragment \"%s\" uses itself", place->file, line, inner.fragment);

	buf_init(&raw);
	buf_printf(&raw, "%s.sql", inner.fragment);
	file_name = path_of(fragments, raw.bytes);
	inner.file = file_name;
	buf_clear(&raw);
	if (strchr(inner.fragment, '/') || inner.depth > DEPTH_MAX || !file_read(file_name, &raw))
		fail("%s:%d: no fragment \"%s\" (%s)", place->file, line, inner.fragment, file_name);
	buf_init(&filled);
	put_words(file_name, raw.bytes, words + 1, count, &filled);
	buf_clear(&raw);
	expand(&inner, filled.bytes, &raw);
	buf_add(out, raw.bytes, raw.length);
	buf_done(&filled);
	buf_done(&raw);
	mem_free(file_name);
	mem_free(text);
	return end + 2;
}

/* Drops comments, blank lines and blanks at line ends, puts fragments in; texts in quotes stay as they are. */
static void expand(const struct place *place, const char *sql, struct buf *out)
{
	const char *at = sql;
	size_t start = out->length;

	while (*at) {
		if (*at == '\'' || *at == '"') {
			const char *end = strchr(at + 1, *at);

			if (!end)
				fail("%s:%d: a quote is not closed", place->file, line_of(sql, at));
			buf_add(out, at, (size_t)(end + 1 - at));
			at = end + 1;
		} else if (at[0] == '-' && at[1] == '-') {
			at += strcspn(at, "\n");
		} else if (at[0] == '{' && at[1] == '{') {
			at = use_fragment(place, sql, at + 2, out);
		} else if (*at == '\n' || *at == '\r') {
			while (out->length > start && strchr(" \t\n", out->bytes[out->length - 1]))
				out->length--;
			out->bytes[out->length] = '\0';
			if (out->length > start)
				buf_char(out, '\n');
			at++;
		} else {
			buf_char(out, *at++);
		}
	}
	while (out->length > start && strchr(" \t\n", out->bytes[out->length - 1]))
		out->length--;
	out->bytes[out->length] = '\0';
}

/* The highest $n outside of quotes. */
static int parameters_of(const char *sql)
{
	int highest = 0;

	for (const char *at = sql; *at; at++) {
		if (*at == '\'' || *at == '"')
			at = strchr(at + 1, *at);
		else if (*at == '$' && isdigit((unsigned char)at[1]) && strtol(at + 1, NULL, 10) > highest)
			highest = (int)strtol(at + 1, NULL, 10);
	}
	return highest;
}

/* -- the same for one row ---------------------------------------------------------------------- */

static const char rows_head[] = "from unnest(", rows_tail[] = "as given (", any_head[] = "any (";

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Where "from unnest($1::a[], $2::b[]) as given (" closes its list, or NULL where at is none. */
static const char *rows_end(const char *at)
{
	const char *end = starts(at, rows_head) && at[sizeof(rows_head) - 1] == '$' ? strchr(at, ')') : NULL;

	return end && starts(end + 1 + strspn(end + 1, " \t\n"), rows_tail) ? end : NULL;
}

/* Where "any ($1::a[])" closes, or NULL where at is none. */
static const char *any_end(const char *at)
{
	const char *end = starts(at, any_head) && at[sizeof(any_head) - 1] == '$' ? strchr(at, ')') : NULL;

	return end && end[-1] == ']' ? end : NULL;
}

static void add_without_brackets(struct buf *out, const char *at, const char *end)
{
	for (; at < end; at++)
		if (*at != '[' && *at != ']')
			buf_char(out, *at);
}

/* Of the parameter at that place; 0: there is none. */
static unsigned bit_of(const char *at)
{
	long number = *at == '$' ? strtol(at + 1, NULL, 10) : 0;

	return number >= 1 && number <= 32 ? 1U << (number - 1) : 0;
}

/*
 * Rewrites a statement over lists to one over a single item of each: unnested lists become a row, "= any (list)"
 * becomes "= item". Returns which parameters these are (bit 0: $1), 0 where a list is used in any other way too.
 */
static unsigned one_row(const char *sql, struct buf *out)
{
	unsigned lists = 0, others = 0;
	const char *end = sql;

	for (const char *at = sql; *at; at++) {
		if (at >= end && rows_end(at)) {
			end = rows_end(at);
			buf_string(out, "from (select ");
			add_without_brackets(out, at + sizeof(rows_head) - 1, end);
			at += sizeof(rows_head) - 1;
		} else if (at >= end && any_end(at)) {
			end = any_end(at) + 1;
			add_without_brackets(out, at + sizeof(any_head) - 1, end - 1);
		}
		*(at < end ? &lists : &others) |= bit_of(at);
		if (at >= end)
			buf_char(out, *at);
	}
	return lists & others ? 0 : lists;
}

/* -- tables ------------------------------------------------------------------------------------ */

/* Its name in the enum, and its row in the table. */
static void add_statement(const char *file, const char *name, const char *sql, unsigned row_params, struct buf *header,
			  struct buf *source)
{
	buf_string(header, "\tQ_");
	for (const char *c = name; *c; c++) {
		if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '_')
			fail("%s: names are lower case, digits and _", file);
		buf_char(header, (char)toupper((unsigned char)*c));
	}
	buf_string(header, ",\n");
	buf_printf(source, "\t{ \"%s\",\n\t", name);
	add_literal(source, sql, strlen(sql));
	buf_printf(source, ",\n\t%d, %#x },\n", parameters_of(sql), row_params);
}

/* A statement, and behind one over lists the same for one item of each. */
static void add_query(const char *dir, char *name, struct buf *header, struct buf *source)
{
	char *path = path_of(dir, name);
	struct place place = { .file = path };
	struct buf raw, sql, row;
	unsigned row_params;

	buf_init(&raw), buf_init(&sql), buf_init(&row);
	if (!file_read(path, &raw))
		fail("%s: %s", path, strerror(errno));
	expand(&place, raw.bytes, &sql);
	while (sql.length > 0 && strchr("; \n", sql.bytes[sql.length - 1]))
		sql.bytes[--sql.length] = '\0';
	if (sql.length == 0)
		fail("%s: no statement", path);
	name[strlen(name) - 4] = '\0';
	row_params = one_row(sql.bytes, &row);
	add_statement(path, name, sql.bytes, row_params, header, source);
	if (row_params) {
		buf_clear(&raw);
		buf_printf(&raw, "%s_one", name);
		add_statement(path, raw.bytes, row.bytes, 0, header, source);
	}
	buf_done(&raw), buf_done(&sql), buf_done(&row);
	mem_free(path);
}

static void add_queries(const char *dir, struct buf *header, struct buf *source)
{
	static char *names[FILES_MAX];
	size_t count = sql_files(dir, names);

	for (size_t i = 0; i < count; i++) {
		add_query(dir, names[i], header, source);
		mem_free(names[i]);
	}
}

void embed_queries(const char *out_dir, const char *dir, const char *once_dir, const char *fragments_dir)
{
	struct buf header, source;

	fragments = fragments_dir;
	buf_init(&header), buf_init(&source);
	buf_string(&header, "/* Generated from sql/queries and sql/once. */\n#ifndef LEADD_QUERIES_H\n"
			    "#define LEADD_QUERIES_H\n\nenum query {\n");
	buf_string(&source, "/* Generated from sql/queries and sql/once. */\n#include \"queries.h\"\n\n"
			    "const struct query_text query_texts[Q_COUNT_ALL] = {\n");
	add_queries(dir, &header, &source);
	buf_string(&header,
		   "\tQ_COUNT, /* those before it are prepared by pools, those behind it are for db/once.h */\n"
		   "\tQ_POOLS_LAST = Q_COUNT - 1,\n");
	add_queries(once_dir, &header, &source);
	buf_string(&header,
		   "\tQ_COUNT_ALL\n};\n\nstruct query_text {\n\tconst char *name;\n\tconst char *sql;\n"
		   "\tint parameters; /* the highest $n */\n"
		   "\t/* Those that are lists (bit 0: $1), if the statement behind is that for one item of each. */\n"
		   "\tunsigned row_params;\n};\n\n"
		   "extern const struct query_text query_texts[Q_COUNT_ALL];\n\n#endif\n");
	buf_string(&source, "};\n");
	file_write(out_dir, "queries.h", &header);
	file_write(out_dir, "queries.c", &source);
	buf_done(&header), buf_done(&source);
}

/* -- migrations -------------------------------------------------------------------------------- */

void embed_migrations(const char *out_dir, const char *dir)
{
	static char *names[FILES_MAX];
	size_t count = sql_files(dir, names);
	struct buf header, source, sql;

	buf_init(&header), buf_init(&source), buf_init(&sql);
	buf_string(&header, "/* Generated from sql/migrations. */\n#ifndef LEADD_MIGRATIONS_H\n"
			    "#define LEADD_MIGRATIONS_H\n\nstruct migration {\n\tint version;\n"
			    "\tconst char *name;\n\tconst char *sql;\n\tconst char *sha256_hex;\n};\n\n"
			    "extern const struct migration migrations[];\nextern const int migration_count;\n\n"
			    "#endif\n");
	buf_string(&source, "/* Generated from sql/migrations. */\n#include \"migrations.h\"\n\n"
			    "const struct migration migrations[] = {\n");
	for (size_t i = 0; i < count; i++) {
		char *path = path_of(dir, names[i]), *rest;
		long version = strtol(names[i], &rest, 10);

		if (rest != names[i] + 4 || *rest != '_')
			fail("%s: a migration is named NNNN_name.sql", path);
		if (version != (long)i + 1)
			fail("%s: number %04ld where %04zu is expected", path, version, i + 1);
		buf_clear(&sql);
		if (!file_read(path, &sql))
			fail("%s: %s", path, strerror(errno));
		if (memchr(sql.bytes, '\0', sql.length))
			fail("%s: holds a NUL byte", path);
		names[i][strlen(names[i]) - 4] = '\0';
		buf_printf(&source, "\t{ %ld, \"%s\",\n\t", version, names[i] + 5);
		add_literal(&source, sql.bytes, sql.length);
		buf_string(&source, ",\n\t\"");
		add_sha256(&source, sql.bytes, sql.length);
		buf_string(&source, "\" },\n");
		mem_free(path);
		mem_free(names[i]);
	}
	buf_printf(&source, "\t{ 0 },\n};\nconst int migration_count = %zu;\n", count);
	file_write(out_dir, "migrations.h", &header);
	file_write(out_dir, "migrations.c", &source);
	buf_done(&header), buf_done(&source), buf_done(&sql);
}
