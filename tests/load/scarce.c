/*
 * Memory that runs out at a chosen moment: preloaded (LD_PRELOAD), it lets so many allocations of the process succeed
 * as the number in the file SCARCE_FILE says, and none after that. 0 or less in the file: all succeed.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile int64_t *left; /* in the file; NULL until it is known */
static bool is_over;

static void *(*real_malloc)(size_t size);
static void *(*real_calloc)(size_t count, size_t size);
static void *(*real_realloc)(void *block, size_t size);
static void (*real_free)(void *block);

/* dlsym() itself may ask for memory before the real functions are known. */
static unsigned char early[65536];
static size_t early_used;

static void *early_block(size_t size)
{
	void *block = early + early_used;

	early_used += (size + 15) & ~(size_t)15;
	return early_used <= sizeof(early) ? block : NULL;
}

__attribute__((constructor)) static void find_real(void)
{
	const char *path = getenv("SCARCE_FILE");
	int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *shared;

	*(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
	*(void **)&real_calloc = dlsym(RTLD_NEXT, "calloc");
	*(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
	*(void **)&real_free = dlsym(RTLD_NEXT, "free");
	if (file < 0)
		return;
	shared = mmap(NULL, sizeof(*left), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	if (shared != MAP_FAILED)
		left = shared;
}

/* Whether the next allocation may succeed. */
static bool is_granted(void)
{
	if (!is_over && left && *left > 0 && --*left == 0)
		is_over = true;
	if (is_over)
		errno = ENOMEM;
	return !is_over;
}

void *malloc(size_t size)
{
	if (!real_malloc)
		return early_block(size);
	return is_granted() ? real_malloc(size) : NULL;
}

void *calloc(size_t count, size_t size)
{
	if (!real_calloc)
		return early_block(count * size);
	return is_granted() ? real_calloc(count, size) : NULL;
}

void *realloc(void *block, size_t size)
{
	if (!real_realloc)
		return block ? NULL : early_block(size);
	return is_granted() ? real_realloc(block, size) : NULL;
}

void free(void *block)
{
	bool is_early = (unsigned char *)block >= early && (unsigned char *)block < early + sizeof(early);

	if (block && !is_early && real_free)
		real_free(block);
}

void *reallocarray(void *block, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(block, bytes);
}
