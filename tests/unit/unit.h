/*
 * The unit tests: one suite a file, known to main.c without a list.
 *
 *	UNIT_SUITE(backoff)
 *	{
 *		tcase_add_test(tests, the_delay_doubles);
 *	}
 */
#ifndef LEADD_TESTS_UNIT_H
#define LEADD_TESTS_UNIT_H

#include <check.h>

struct unit {
	const char *name;
	void (*fill)(TCase *tests);
	struct unit *next;
};

/* Called before main() by what UNIT_SUITE makes. */
void unit_register(struct unit *unit);

/* For claims in loops of millions: check's own asserts write each success into a file, which takes minutes then. */
#define must_hold(claim)                                                                                               \
	do {                                                                                                           \
		if (!(claim))                                                                                          \
			ck_abort_msg("does not hold: %s", #claim);                                                     \
	} while (0)

#define UNIT_SUITE(suite)                                                                                              \
	static void suite##_fill(TCase *tests);                                                                        \
	static struct unit suite##_unit = { .name = #suite, .fill = suite##_fill };                                    \
	__attribute__((constructor)) static void suite##_register(void)                                                \
	{                                                                                                              \
		unit_register(&suite##_unit);                                                                          \
	}                                                                                                              \
	static void suite##_fill(TCase *tests)

#endif
