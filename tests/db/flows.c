/* Step functions that all tests of flows share. */
#include "db/flows.h"

#include <stdio.h>

static void ask(struct flow *flow, int step)
{
	struct flow_test *test = flow_context(flow);
	struct args args = flow_args(flow);

	test->asked[step]++;
	if (!test->steps[step].asks)
		return;
	if (test->steps[step].first)
		args_text(&args, text_of(test->steps[step].first));
	if (test->steps[step].second)
		args_text(&args, text_of(test->steps[step].second));
	flow_ask(flow, Q(test->steps[step].query), &args);
}

static enum flow_next read_answer(struct flow *flow, int step)
{
	struct flow_test *test = flow_context(flow);

	test->read[step]++;
	if (test->steps[step].asks) {
		const struct rows *rows = flow_rows(flow, 0);

		test->numbers[step] = rows_count(rows) ? row_int(rows, 0, 0) : rows_affected(rows);
	}
	if (test->steps[step].on_read)
		test->steps[step].on_read(test);
	return test->steps[step].next;
}

static void ask_first(struct flow *flow)
{
	ask(flow, 0);
}

static enum flow_next read_first(struct flow *flow)
{
	return read_answer(flow, 0);
}

static void ask_second(struct flow *flow)
{
	ask(flow, 1);
}

static enum flow_next read_second(struct flow *flow)
{
	return read_answer(flow, 1);
}

static void ask_third(struct flow *flow)
{
	ask(flow, 2);
}

const struct flow_step one_step[] = { { "first", ask_first, read_first }, { 0 } };
const struct flow_step two_steps[] = { { "first", ask_first, read_first },
				       { "second", ask_second, read_second },
				       { 0 } };
const struct flow_step three_steps[] = {
	{ "first", ask_first, read_first },
	{ "second", ask_second, read_second },
	{ "third", ask_third, NULL },
	{ 0 },
};

void flow_test_done(struct flow *flow, void *context, const struct db_failure *failure)
{
	struct flow_test *test = context;

	test->calls++;
	test->failure = *failure;
	test->rolled_back = flow_was_rolled_back(flow);
	snprintf(test->step, sizeof(test->step), "%s", flow_step_name(flow));
}

void flow_test_start(struct flow_test *test, const struct flow_step *steps)
{
	flow_start(test->world->pool, steps, flow_test_done, test);
	ck_assert_int_eq(test->calls, 0);
}

static bool is_over(void *context)
{
	const struct flow_test *test = context;

	return test->calls > 0;
}

void flow_test_wait(struct flow_test *test)
{
	support_until(test->world->loop, is_over, test);
	ck_assert_int_eq(test->calls, 1);
}

void flow_test_run(struct flow_test *test, const struct flow_step *steps)
{
	flow_test_start(test, steps);
	flow_test_wait(test);
}
