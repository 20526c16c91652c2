/* Parameters on their way into PostgreSQL and back, and answers that come in pieces. */
#include "db/statements.h"
#include "db/support.h"

#include <poll.h>
#include <stdlib.h>

/* The items of a one-column answer, kept as text. */
struct items {
	int calls, count;
	bool null[8];
	char text[8][80];
};

static void take_items(void *context, const struct db_failure *failure, const struct rows *rows)
{
	struct items *items = context;

	items->calls++;
	ck_assert_int_eq(failure->error, DB_OK);
	items->count = rows_count(rows);
	ck_assert_int_le(items->count, 8);
	for (int i = 0; i < items->count; i++) {
		items->null[i] = row_is_null(rows, i, 0);
		if (!items->null[i])
			memcpy(items->text[i], row_text(rows, i, 0).at, row_text(rows, i, 0).length + 1);
	}
}

static bool have_come(void *context)
{
	const struct items *items = context;

	return items->calls > 0;
}

static struct items echo(struct world *world, int query, const struct args *args)
{
	struct items items = { 0 };

	pool_read(world->pool, Q(query), args, take_items, &items);
	support_until(world->loop, have_come, &items);
	return items;
}

static void take_echo(void *context, const struct db_failure *failure, const struct rows *rows)
{
	int *calls = context;

	ck_assert_int_eq(failure->error, DB_OK);
	if (row_is_null(rows, 0, 0)) {
		ck_assert_ptr_null(row_text(rows, 0, 0).at);
		ck_assert_int_eq(row_int(rows, 0, 1), 0);
		ck_assert(!row_bool(rows, 0, 2));
		ck_assert_int_eq(row_thousandths(rows, 0, 3), 0);
	} else {
		ck_assert(text_equals(row_text(rows, 0, 0), TEXT("it's \"q\" \\ \xc3\xa9")));
		ck_assert_int_eq(row_int(rows, 0, 1), INT64_MIN);
		ck_assert(row_bool(rows, 0, 2));
		ck_assert_int_eq(row_thousandths(rows, 0, 3), -12050);
	}
	++*calls;
}

static bool came_twice(void *calls)
{
	return *(int *)calls == 2;
}

START_TEST(scalars_come_back_as_they_went)
{
	struct world world = world_open(1);
	struct args args = args_start(world.arena), nulls = args_start(world.arena);
	int calls = 0;

	args_text(&args, TEXT("it's \"q\" \\ \xc3\xa9"));
	args_int(&args, INT64_MIN);
	args_bool(&args, true);
	args_text(&args, TEXT("-12.05"));
	for (int i = 0; i < 4; i++)
		args_null(&nulls);
	pool_read(world.pool, Q(T_ECHO), &args, take_echo, &calls);
	pool_read(world.pool, Q(T_ECHO), &nulls, take_echo, &calls);
	support_until(world.loop, came_twice, &calls);
	world_close(&world);
}
END_TEST

START_TEST(arrays_of_numbers_come_back_in_order)
{
	static const int64_t numbers[] = { 0, -1, INT64_MAX, INT64_MIN };
	struct world world = world_open(1);
	struct args args = args_start(world.arena), nullable = args_start(world.arena);
	struct items items;

	args_ints(&args, numbers, 4);
	items = echo(&world, T_ECHO_INTS, &args);
	ck_assert_int_eq(items.count, 4);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(strtoll(items.text[i], NULL, 10), numbers[i]);
	args_ints_or_null(&nullable, numbers, 3);
	items = echo(&world, T_ECHO_INTS, &nullable);
	ck_assert_int_eq(items.count, 3);
	ck_assert(items.null[0] && !items.null[1] && !items.null[2]);
	ck_assert_str_eq(items.text[2], "9223372036854775807");
	world_close(&world);
}
END_TEST

START_TEST(arrays_of_texts_keep_nulls_quotes_and_unicode)
{
	static const struct text texts[] = {
		TEXT(""), { 0 }, TEXT("a,b{}\"c\\"), TEXT("NULL"), TEXT("\xd0\xb9\xf0\x9f\x98\x80")
	};
	struct world world = world_open(1);
	struct args args = args_start(world.arena);
	struct items items;

	args_texts(&args, texts, 5);
	items = echo(&world, T_ECHO_TEXTS, &args);
	ck_assert_int_eq(items.count, 5);
	for (int i = 0; i < 5; i++) {
		ck_assert(items.null[i] == !texts[i].at);
		if (texts[i].at)
			ck_assert_str_eq(items.text[i], texts[i].at);
	}
	world_close(&world);
}
END_TEST

START_TEST(arrays_of_flags_come_back)
{
	static const bool flags[] = { true, false, true };
	struct world world = world_open(1);
	struct args args = args_start(world.arena);
	struct items items;

	args_bools(&args, flags, 3);
	items = echo(&world, T_ECHO_BOOLS, &args);
	ck_assert_int_eq(items.count, 3);
	ck_assert_str_eq(items.text[0], "t");
	ck_assert_str_eq(items.text[1], "f");
	ck_assert_str_eq(items.text[2], "t");
	world_close(&world);
}
END_TEST

START_TEST(narrow_numbers_and_fractions_come_back)
{
	static const int64_t integers[] = { 0, -1, INT32_MAX, INT32_MIN };
	static const int64_t thousandths[] = { 0, 1, 1000, 12500, 10000000, 9999999999, INT64_MAX };
	static const double doubles[] = { 0, 0.1, -1e300 };
	static const int64_t small[] = { 0, -1, INT16_MAX, INT16_MIN };
	struct world world = world_open(1);
	struct args args = args_start(world.arena);
	struct items items;

	args_ints4(&args, integers, 4);
	args_thousandths(&args, thousandths, 7);
	args_doubles(&args, doubles, 3);
	args_ints2(&args, small, 4);
	items = echo(&world, T_ECHO_NUMBERS, &args);
	ck_assert_int_eq(items.count, 4);
	ck_assert_str_eq(items.text[0], "{0,-1,2147483647,-2147483648}");
	ck_assert_str_eq(items.text[1], "{0.000,0.001,1.000,12.500,10000.000,9999999.999,9223372036854775.807}");
	ck_assert_str_eq(items.text[2], "{0,0.1,-1e+300}");
	ck_assert_str_eq(items.text[3], "{0,-1,32767,-32768}");
	world_close(&world);
}
END_TEST

/* Rows with a null in the middle of each, so many of them. */
static struct items note_rows(struct world *world, size_t count)
{
	static const int64_t numbers[] = { 7, INT64_MIN };
	static const struct text texts[] = { { 0 }, TEXT("") };
	static const bool flags[] = { true, false };
	struct args args = args_start(world->arena);

	args_text(&args, TEXT("note"));
	args_ints(&args, numbers, count);
	args_texts(&args, texts, count);
	args_bools(&args, flags, count);
	return echo(world, T_NOTE_ROWS, &args);
}

START_TEST(a_single_row_goes_to_the_statement_for_one)
{
	struct world world = world_open(1);
	struct items one = note_rows(&world, 1), two = note_rows(&world, 2), none = note_rows(&world, 0);

	ck_assert_int_eq(one.count, 1);
	ck_assert_str_eq(one.text[0], "note|7|t|one");
	ck_assert_int_eq(two.count, 2);
	ck_assert_str_eq(two.text[0], "note|7|t|list");
	ck_assert_str_eq(two.text[1], "note|-9223372036854775808||f|list");
	ck_assert_int_eq(none.count, 0);
	world_close(&world);
}
END_TEST

START_TEST(empty_arrays_have_no_dimension)
{
	struct world world = world_open(1);
	struct args args = args_start(world.arena);
	struct outcome outcome;

	args_ints(&args, NULL, 0);
	args_texts(&args, NULL, 0);
	args_bools(&args, NULL, 0);
	outcome = world_read(&world, T_DIMENSIONS, &args);
	ck_assert_int_eq(outcome.failure.error, DB_OK);
	ck_assert_int_eq(outcome.number, 0);
	world_close(&world);
}
END_TEST

/* A packet larger than any socket buffer: parts of it wait for room while answers come. */
START_TEST(large_arrays_travel_both_ways)
{
	enum { COUNT = 400000 };
	struct world world = world_open(1);
	struct args args = args_start(world.arena);
	int64_t *numbers = arena_alloc(world.arena, COUNT, sizeof(numbers[0]));
	struct outcome outcome;

	for (int i = 0; i < COUNT; i++)
		numbers[i] = i + 1000000000;
	args_ints(&args, numbers, COUNT);
	outcome = world_read(&world, T_ECHO_INTS, &args);
	ck_assert_int_eq(outcome.failure.error, DB_OK);
	ck_assert_int_eq(outcome.count, COUNT);
	world_close(&world);
}
END_TEST

/* Others have many turns of the loop while the server works; here each is counted once the answer has come. */
struct turns {
	struct world *world;
	struct deferred each;
	const struct outcome *outcome;
	int count;
};

static void wait_until_it_has_echoed(const char *conninfo)
{
	int64_t until_ms = loop_now_ms() + 10000;

	while (!support_ask(conninfo, "select count(*) from pg_stat_activity where datname = current_database()"
				      " and state = 'idle' and query like 'select item from unnest($1::text[])%'")) {
		ck_assert_msg(loop_now_ms() < until_ms, "the server does not come to rest");
		poll(NULL, 0, 5);
	}
}

static void on_turn(void *context)
{
	struct turns *turns = context;

	if (turns->outcome->calls)
		return;
	if (!turns->count++)
		wait_until_it_has_echoed(turns->world->conninfo);
	loop_defer(turns->world->loop, &turns->each);
}

START_TEST(all_of_an_answer_that_has_come_is_read_in_one_turn)
{
	struct world world = world_open(1);
	struct args args = args_start(world.arena);
	char *long_text = arena_alloc(world.arena, 10001, 1);
	struct text texts[10];
	struct outcome outcome = { 0 };
	struct turns turns = { .world = &world, .outcome = &outcome };

	memset(long_text, 'x', 10000);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		texts[i] = text_of(long_text);
	args_texts(&args, texts, COUNT_OF(texts));
	deferred_init(&turns.each, on_turn, &turns);
	loop_defer(world.loop, &turns.each);
	pool_read(world.pool, Q(T_ECHO_TEXTS), &args, outcome_take, &outcome);
	outcome_wait(&world, &outcome);
	ck_assert_int_eq(outcome.failure.error, DB_OK);
	ck_assert_int_eq(outcome.count, COUNT_OF(texts));
	ck_assert_int_le(turns.count, 4); /* of ten pieces */
	world_close(&world);
}
END_TEST

Suite *values_suite(void);
Suite *values_suite(void)
{
	Suite *suite = suite_create("values");
	TCase *tcase = tcase_create("values");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, scalars_come_back_as_they_went);
	tcase_add_test(tcase, arrays_of_numbers_come_back_in_order);
	tcase_add_test(tcase, arrays_of_texts_keep_nulls_quotes_and_unicode);
	tcase_add_test(tcase, arrays_of_flags_come_back);
	tcase_add_test(tcase, narrow_numbers_and_fractions_come_back);
	tcase_add_test(tcase, a_single_row_goes_to_the_statement_for_one);
	tcase_add_test(tcase, empty_arrays_have_no_dimension);
	tcase_add_test(tcase, large_arrays_travel_both_ways);
	tcase_add_test(tcase, all_of_an_answer_that_has_come_is_read_in_one_turn);
	suite_add_tcase(suite, tcase);
	return suite;
}
