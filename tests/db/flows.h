/* Flows of the tests: steps that run what a struct flow_test says, and what came of it. */
#ifndef LEADD_TESTS_DB_FLOWS_H
#define LEADD_TESTS_DB_FLOWS_H

#include "db/statements.h"
#include "db/support.h"

enum { STEPS_MAX = 3 };

struct flow_test {
	struct world *world;

	/* What each step asks; arguments that are not used stay NULL. */
	struct {
		int query;
		bool asks;                  /* false: the step sends no statement */
		const char *first, *second; /* $1, $2 */
		enum flow_next next;        /* what its read() chooses */
		void (*on_read)(struct flow_test *test);
	} steps[STEPS_MAX];

	/* What was seen. */
	int asked[STEPS_MAX], read[STEPS_MAX];
	int64_t numbers[STEPS_MAX];
	int calls;
	struct db_failure failure;
	bool rolled_back;
	char step[16];
};

/* Step tables of one, two and three steps "first", "second", "third". */
extern const struct flow_step one_step[], two_steps[], three_steps[];

/* A flow_done whose context is a struct flow_test. */
void flow_test_done(struct flow *flow, void *context, const struct db_failure *failure);

void flow_test_start(struct flow_test *test, const struct flow_step *steps);
void flow_test_wait(struct flow_test *test);
void flow_test_run(struct flow_test *test, const struct flow_step *steps);

#endif
