/* Checked allocation, and the arena that every request lives in. */
#include "base/mem.h"
#include "unit/child.h"
#include "unit/unit.h"

#include <signal.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>

static bool is_all(const void *block, unsigned char byte, size_t length)
{
	const unsigned char *bytes = block;

	for (size_t i = 0; i < length; i++)
		if (bytes[i] != byte)
			return false;
	return true;
}

START_TEST(allocated_memory_is_zeroed)
{
	void *block = mem_alloc(1000, 8);

	ck_assert(is_all(block, 0, 8000));
	mem_free(block);
}
END_TEST

START_TEST(nothing_is_a_block_as_well)
{
	void *none = mem_alloc(0, 8);
	char *copy = mem_copy(NULL, 0);

	ck_assert_ptr_nonnull(none);
	ck_assert_str_eq(copy, "");
	mem_free(none);
	mem_free(copy);
	mem_free(NULL);
}
END_TEST

START_TEST(resizing_keeps_what_fits)
{
	char *block = mem_copy("0123456789", 10);

	block = mem_resize(block, 1000, 1000);
	ck_assert_str_eq(block, "0123456789");
	block = mem_resize(block, 5, 1);
	ck_assert_mem_eq(block, "01234", 5);
	mem_free(block);
}
END_TEST

START_TEST(a_copy_keeps_zero_bytes_and_ends_with_one)
{
	char *copy = mem_copy("a\0b", 3);

	ck_assert_mem_eq(copy, "a\0b", 4);
	mem_free(copy);
}
END_TEST

START_TEST(arena_blocks_are_zeroed_and_aligned_for_any_type)
{
	struct arena *arena = arena_new();

	for (size_t size = 1; size < 3000; size += 7) {
		unsigned char *block = arena_alloc(arena, size, 1);

		ck_assert_uint_eq((uintptr_t)block % alignof(max_align_t), 0);
		ck_assert(is_all(block, 0, size));
		memset(block, 0xff, size);
	}
	arena_free(&arena);
}
END_TEST

START_TEST(arena_blocks_never_overlap)
{
	enum { BLOCKS = 500 };
	struct arena *arena = arena_new();
	unsigned char *blocks[BLOCKS];

	for (size_t i = 0; i < BLOCKS; i++) {
		blocks[i] = arena_alloc(arena, i + 1, 3);
		memset(blocks[i], (int)(i % 251), (i + 1) * 3);
	}
	for (size_t i = 0; i < BLOCKS; i++)
		ck_assert(is_all(blocks[i], (unsigned char)(i % 251), (i + 1) * 3));
	arena_free(&arena);
}
END_TEST

START_TEST(an_arena_gives_blocks_larger_than_its_chunks)
{
	struct arena *arena = arena_new();
	char *small = arena_copy(arena, "small", 5);
	unsigned char *large = arena_alloc(arena, 1024, 1024);

	ck_assert(is_all(large, 0, (size_t)1024 * 1024));
	memset(large, 0xff, (size_t)1024 * 1024);
	ck_assert_str_eq(small, "small");
	ck_assert_str_eq(arena_copy(arena, "after", 5), "after");
	arena_free(&arena);
}
END_TEST

START_TEST(an_arena_copies_bytes_and_puts_a_nul_behind_them)
{
	struct arena *arena = arena_new();

	ck_assert_mem_eq(arena_copy(arena, "a\0bcd", 3), "a\0b", 4);
	ck_assert_str_eq(arena_copy(arena, NULL, 0), "");
	arena_free(&arena);
}
END_TEST

START_TEST(an_arena_formats_text_of_any_length)
{
	struct arena *arena = arena_new();
	const char *text = arena_printf(arena, "%05000d|%s", 7, "end");

	ck_assert_uint_eq(strlen(text), 5004);
	ck_assert_str_eq(text + 4999, "7|end");
	ck_assert_str_eq(arena_printf(arena, "%s", ""), "");
	arena_free(&arena);
}
END_TEST

START_TEST(freeing_an_arena_clears_the_pointer_and_takes_null)
{
	struct arena *arena = arena_new();

	arena_free(&arena);
	ck_assert_ptr_null(arena);
	arena_free(&arena);
}
END_TEST

static void take_too_many(void *context)
{
	(void)context;
	mem_alloc(SIZE_MAX / 2, 3);
}

static void grow_too_far(void *context)
{
	(void)context;
	mem_resize(NULL, SIZE_MAX / 2, 3);
}

static void take_too_many_of_an_arena(void *context)
{
	(void)context;
	arena_alloc(arena_new(), SIZE_MAX / 2, 3);
}

static void take_all_of_an_arena(void *context)
{
	size_t *size = context;

	arena_alloc(arena_new(), *size, 1);
}

START_TEST(a_product_that_no_size_holds_ends_the_process)
{
	ck_assert_int_ne(child_run(take_too_many, NULL).status, 0);
	ck_assert_int_ne(child_run(grow_too_far, NULL).status, 0);
	ck_assert_int_eq(WTERMSIG(child_run(take_too_many_of_an_arena, NULL).status), SIGABRT);
}
END_TEST

/* Rounding up and the chunk's own header must not wrap around to a small block. */
START_TEST(a_size_near_the_largest_ends_the_process)
{
	for (size_t less = 0; less < 46; less += 7) {
		size_t size = SIZE_MAX - less;
		struct child_end end = child_run(take_all_of_an_arena, &size);

		ck_assert_msg(WIFSIGNALED(end.status) && WTERMSIG(end.status) == SIGABRT, "SIZE_MAX - %zu: %d, %s",
			      less, end.status, end.said);
		ck_assert_ptr_nonnull(strstr(end.said, "out of memory"));
	}
}
END_TEST

UNIT_SUITE(mem)
{
	tcase_add_test(tests, allocated_memory_is_zeroed);
	tcase_add_test(tests, nothing_is_a_block_as_well);
	tcase_add_test(tests, resizing_keeps_what_fits);
	tcase_add_test(tests, a_copy_keeps_zero_bytes_and_ends_with_one);
	tcase_add_test(tests, arena_blocks_are_zeroed_and_aligned_for_any_type);
	tcase_add_test(tests, arena_blocks_never_overlap);
	tcase_add_test(tests, an_arena_gives_blocks_larger_than_its_chunks);
	tcase_add_test(tests, an_arena_copies_bytes_and_puts_a_nul_behind_them);
	tcase_add_test(tests, an_arena_formats_text_of_any_length);
	tcase_add_test(tests, freeing_an_arena_clears_the_pointer_and_takes_null);
	tcase_add_test(tests, a_product_that_no_size_holds_ends_the_process);
	tcase_add_test(tests, a_size_near_the_largest_ends_the_process);
}
