/* Checked allocation: nothing here returns NULL, exhaustion ends the process. */
#ifndef LEADD_BASE_MEM_H
#define LEADD_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(position, first) __attribute__((format(printf, position, first)))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Zeroed memory for count items of size bytes each. Owned by the caller: mem_free().
 * Aborts when memory is exhausted or count * size overflows.
 */
void *mem_alloc(size_t count, size_t size);

/* Grows or shrinks a block to count * size bytes; what is new in it is not cleared. */
void *mem_resize(void *block, size_t count, size_t size);

/*
 * Gives the read-only pages of the program and its libraries back to the page cache. The initialisation of what libpq
 * brings along (LDAP, Kerberos, GnuTLS) needs most of them, and nothing after it; what is used again comes back by
 * itself, from there. A debugger's breakpoints in them are lost.
 */
void mem_release_code(void);

/* A copy of length bytes with a NUL behind it. Owned by the caller: mem_free(). */
char *mem_copy(const void *bytes, size_t length);

/* Says so and aborts: for libraries that tell of exhausted memory themselves. */
void mem_exhausted(void) __attribute__((noreturn));

/* Frees a block from this module; NULL is accepted. */
void mem_free(void *block);

/*
 * An arena hands out memory that lives exactly as long as the arena: no single free.
 * Blocks are aligned for any type and zeroed.
 */
struct arena;

struct arena *arena_new(void);
void arena_free(struct arena **arena);

void *arena_alloc(struct arena *arena, size_t count, size_t size);

/* A copy of length bytes with a NUL behind it. */
char *arena_copy(struct arena *arena, const void *bytes, size_t length);

/* Formatted text. */
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
