/*
 * Runs all suites, each test in a process of its own unless CK_FORK=no; unit-tests [name of a suite ...] runs some.
 */
#include "unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* With sanitizers and a busy machine a test may take long; one that hangs still ends. */
enum { SECONDS_MAX = 120 };

static struct unit *units;

void unit_register(struct unit *unit)
{
	struct unit **place = &units;

	while (*place && strcmp((*place)->name, unit->name) < 0)
		place = &(*place)->next;
	unit->next = *place;
	*place = unit;
}

static bool is_wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc <= 1;
}

int main(int argc, char **argv)
{
	SRunner *runner = srunner_create(NULL);
	int ran, failed;

	for (const struct unit *unit = units; unit; unit = unit->next) {
		Suite *suite;
		TCase *tests;

		if (!is_wanted(unit->name, argc, argv))
			continue;
		suite = suite_create(unit->name);
		tests = tcase_create(unit->name);
		tcase_set_timeout(tests, SECONDS_MAX);
		unit->fill(tests);
		suite_add_tcase(suite, tests);
		srunner_add_suite(runner, suite);
	}
	srunner_run_all(runner, CK_NORMAL);
	ran = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	printf("%d passed, %d failed\n", ran - failed, failed);
	return failed > 0 || ran == 0;
}
