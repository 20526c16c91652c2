/* Checked allocation and the arena that requests, flows and batches live in. */
#include "base/mem.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_CHUNK = 1536 }; /* bytes of the first chunk: a POST of a contact fits */

static void exhausted(void)
{
	fputs("leadd: out of memory\n", stderr);
	abort();
}

void *mem_alloc(size_t count, size_t size)
{
	void *block = calloc(count ? count : 1, size ? size : 1);

	if (!block)
		exhausted();
	return block;
}

void *mem_resize(void *block, size_t count, size_t size)
{
	void *resized = reallocarray(block, count ? count : 1, size ? size : 1);

	if (!resized)
		exhausted();
	return resized;
}

char *mem_copy(const void *bytes, size_t length)
{
	char *copy = mem_alloc(length + 1, 1);

	if (length)
		memcpy(copy, bytes, length);
	return copy;
}

void mem_free(void *block)
{
	free(block);
}

struct chunk {
	struct chunk *next;
	size_t used, capacity;
	alignas(max_align_t) unsigned char bytes[];
};

struct arena {
	struct chunk *chunks; /* the newest first */
};

static struct chunk *chunk_new(size_t capacity, struct chunk *next)
{
	struct chunk *chunk = malloc(sizeof(*chunk) + capacity);

	if (!chunk)
		exhausted();
	chunk->next = next;
	chunk->used = 0;
	chunk->capacity = capacity;
	return chunk;
}

/* The arena itself sits at the start of its first chunk, so that a small request costs one allocation. */
struct arena *arena_new(void)
{
	struct chunk *chunk = chunk_new(ARENA_CHUNK, NULL);
	struct arena *arena = (struct arena *)(void *)chunk->bytes;

	chunk->used = (sizeof(*arena) + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	arena->chunks = chunk;
	return arena;
}

void arena_free(struct arena **arena)
{
	struct chunk *chunk = *arena ? (*arena)->chunks : NULL;

	while (chunk) {
		struct chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
	*arena = NULL;
}

static void *arena_raw(struct arena *arena, size_t size)
{
	size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	struct chunk *chunk = arena->chunks;
	void *block;

	if (size > SIZE_MAX / 2)
		exhausted();
	if (rounded > chunk->capacity - chunk->used) {
		size_t capacity = chunk->capacity * 2 < 65536 ? chunk->capacity * 2 : 65536;

		chunk = chunk_new(rounded > capacity ? rounded : capacity, chunk);
		arena->chunks = chunk;
	}
	block = chunk->bytes + chunk->used;
	chunk->used += rounded;
	return block;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;
	void *block;

	if (__builtin_mul_overflow(count, size, &bytes))
		exhausted();
	block = arena_raw(arena, bytes);
	memset(block, 0, bytes);
	return block;
}

char *arena_copy(struct arena *arena, const void *bytes, size_t length)
{
	char *copy = arena_raw(arena, length + 1);

	if (length)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}

/* As a rule the text fits into what is left of the chunk, and is printed once. */
char *arena_printf(struct arena *arena, const char *format, ...)
{
	struct chunk *chunk = arena->chunks;
	size_t room = chunk->capacity - chunk->used;
	char *text = (char *)chunk->bytes + chunk->used;
	va_list args, again;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(text, room, format, args);
	va_end(args);
	text = arena_raw(arena, (size_t)length + 1);
	if ((size_t)length >= room)
		vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}
