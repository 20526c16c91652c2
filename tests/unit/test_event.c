/* Events: payloads read, filtered, kept in the ring, and written as messages of a stream. */
#include "api/internal.h"
#include "service/event.h"
#include "service/ring.h"
#include "unit/unit.h"

#include <stdio.h>

static const struct event_reader none;

/* The only one of a payload. */
static struct event event_of(const char *payload)
{
	struct event_reader reader;
	struct event event, more;

	ck_assert(event_reader_open(&reader, payload, &none));
	ck_assert(event_read(&reader, &event));
	ck_assert(!event_read(&reader, &more));
	return event;
}

static size_t count_of(const char *payload)
{
	struct event_reader reader;
	struct event event;
	size_t count = 0;

	if (!event_reader_open(&reader, payload, &none))
		return 0;
	while (event_read(&reader, &event))
		count++;
	return count;
}

START_TEST(a_contact_is_read_whole)
{
	struct event event = event_of("751 1767225600123456 9;aa 42 5 1 7 3");

	ck_assert_int_eq(event.kind, EVENT_CONTACT_ASSIGNED);
	ck_assert_int_eq(event.contact_id, 42);
	ck_assert_int_eq(event.lead_id, 5);
	ck_assert_int_eq(event.source_id, 1);
	ck_assert_int_eq(event.operator_id, 7);
	ck_assert_int_eq(event.previous_operator_id, 3);
	ck_assert_str_eq(event.status, "active");
	ck_assert_int_eq(event.id.transaction, 751);
	ck_assert_int_eq(event.id.at_us, 1767225600123456);
	ck_assert_int_eq(event.id.index, 0);
}
END_TEST

START_TEST(each_letter_is_a_kind)
{
	static const struct {
		const char *payload;
		enum event_kind kind;
		bool is_deleted;
	} rows[] = {
		{ "1 1 1;nw 42 5 1 0 0", EVENT_CONTACT_CREATED, false },
		{ "1 1 1;ww 42 5 1 0 7", EVENT_CONTACT_RELEASED, false },
		{ "1 1 1;cc 42 5 1 7 0", EVENT_CONTACT_CLOSED, false },
		{ "1 1 1;o 7", EVENT_OPERATOR_CHANGED, false },
		{ "1 1 1;O 7", EVENT_OPERATOR_CHANGED, true },
		{ "1 1 1;s 1", EVENT_SOURCE_CHANGED, false },
		{ "1 1 1;S 1", EVENT_SOURCE_CHANGED, true },
		{ "1 1 1;r", EVENT_RELOAD, false },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct event event = event_of(rows[i].payload);

		ck_assert_int_eq(event.kind, rows[i].kind);
		ck_assert_int_eq(event.is_deleted, rows[i].is_deleted);
	}
}
END_TEST

START_TEST(a_new_contact_with_an_operator_is_two_events)
{
	struct event_reader reader;
	struct event created, assigned, next;

	ck_assert(event_reader_open(&reader, "1 2 3;na 42 5 1 7 0;nc 43 5 1 7 0", &none));
	ck_assert(event_read(&reader, &created) && event_read(&reader, &assigned) && event_read(&reader, &next));
	ck_assert_int_eq(created.kind, EVENT_CONTACT_CREATED);
	ck_assert_int_eq(assigned.kind, EVENT_CONTACT_ASSIGNED);
	ck_assert_int_eq(assigned.operator_id, 7);
	ck_assert_int_eq(next.contact_id, 43);
	ck_assert_int_eq(created.id.index, 0);
	ck_assert_int_eq(assigned.id.index, 1);
	ck_assert_int_eq(next.id.index, 2);
	ck_assert(!event_read(&reader, &next));
}
END_TEST

START_TEST(notifications_of_one_transaction_go_on_counting)
{
	struct event_reader first, second, other;
	struct event event;

	ck_assert(event_reader_open(&first, "8 2 3;o 1;o 2", &none));
	while (event_read(&first, &event))
		continue;
	ck_assert(event_reader_open(&second, "8 2 4;o 3", &first));
	ck_assert(event_read(&second, &event));
	ck_assert_int_eq(event.id.index, 2);
	ck_assert(event_reader_open(&other, "9 2 4;o 3", &second));
	ck_assert(event_read(&other, &event));
	ck_assert_int_eq(event.id.index, 0);
	ck_assert_int_eq(event_mark(&other).id.index, 1);
}
END_TEST

/* Anybody may notify anything. */
START_TEST(nonsense_is_left_out)
{
	static const char *const payloads[] = {
		"",
		"x",
		"1",
		"1 ",
		"1 2",
		"1  2 3;o 1",
		"-1 2 3;o 1",
		"99999999999999999999 1 1;o 1",
		"1 2 3",
		"1 2 3;",
		"1 2 3;;",
		"1 2 3;o",
		"1 2 3;o x",
		"1 2 3;o 99999999999999999999",
		"1 2 3;n",
		"1 2 3;nx 1 2 3 4 5",
		"1 2 3;na 1 2 3 4",
		"1 2 3;z 1",
	};

	for (size_t i = 0; i < COUNT_OF(payloads); i++)
		ck_assert_msg(count_of(payloads[i]) == 0, "%s", payloads[i]);
	ck_assert_uint_eq(count_of("1 2 3;z 1;o 5;na 1;s 7"), 2);
}
END_TEST

START_TEST(words_stand_in_the_third_place)
{
	struct event_reader reader;

	ck_assert(event_reader_open(&reader, "1 2 who 00ff", &none));
	ck_assert(text_equals(event_reader_word(&reader), TEXT("who 00ff")));
	ck_assert(event_reader_open(&reader, "1 2 here;x", &none));
	ck_assert(text_equals(event_reader_word(&reader), TEXT("here")));
}
END_TEST

START_TEST(ids_are_read_as_they_are_printed)
{
	static const char *const wrong[] = {
		"",        "1",     "1-2",    "1-2-",           "1-2-3 ",
		"1-2-3-4", "a-b-c", "-1-2-3", "1-2-2147483648", "99999999999999999999-1-1"
	};
	struct event_id id = { .at_us = INT64_MAX, .transaction = INT64_MAX, .index = INT32_MAX }, read;
	char text[EVENT_ID_BYTES];

	event_id_print(&id, text);
	ck_assert(event_id_read(text, &read));
	ck_assert(event_id_equals(&id, &read));
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		ck_assert_msg(!event_id_read(wrong[i], &read), "%s", wrong[i]);
}
END_TEST

START_TEST(filters_want_to_be_named)
{
	struct event contact = event_of("1 2 3;aa 42 5 1 7 3"), source = event_of("1 2 3;s 1");
	struct event_filter any = { 0 }, first = { .source_id = 1 }, second = { .source_id = 2 },
			    holder = { .operator_id = 7 }, before = { .operator_id = 3 }, other = { .operator_id = 4 },
			    both = { .source_id = 1, .operator_id = 7 }, half = { .source_id = 2, .operator_id = 7 };

	ck_assert(event_passes(&contact, &any) && event_passes(&source, &any));
	ck_assert(event_passes(&contact, &first) && event_passes(&source, &first));
	ck_assert(!event_passes(&contact, &second) && !event_passes(&source, &second));
	ck_assert(event_passes(&contact, &holder) && event_passes(&contact, &before));
	ck_assert(!event_passes(&contact, &other) && !event_passes(&source, &holder));
	ck_assert(event_passes(&contact, &both) && !event_passes(&contact, &half) && !event_passes(&source, &both));
}
END_TEST

/* -- the ring ---------------------------------------------------------------------------------- */

static struct event numbered(int64_t number)
{
	return (struct event){ .kind = EVENT_MARK, .id = { .at_us = 1, .transaction = number } };
}

START_TEST(a_ring_knows_what_came_behind)
{
	struct ring ring = { 0 };
	struct event_id id = { .at_us = 1 };

	ck_assert_int_eq(ring_behind(&ring, &id), -1);
	for (int64_t number = 1; number <= 3L * RING_MAX + 7; number++) {
		struct event event = numbered(number);

		ring_add(&ring, &event);
		must_hold(ring_newest(&ring, 1)->id.transaction == number);
		id.transaction = number;
		must_hold(ring_behind(&ring, &id) == 0);
	}
	ck_assert_uint_eq(ring.count, RING_MAX);
	for (long behind = 0; behind < RING_MAX; behind++) {
		id.transaction = 3L * RING_MAX + 7 - behind;
		must_hold(ring_behind(&ring, &id) == behind);
	}
	id.transaction = 2L * RING_MAX + 7;
	ck_assert_int_eq(ring_behind(&ring, &id), -1);
	ring_clear(&ring);
	id.transaction = 3L * RING_MAX + 7;
	ck_assert_int_eq(ring_behind(&ring, &id), -1);
	ring_clear(&ring);
}
END_TEST

/* -- messages ---------------------------------------------------------------------------------- */

static void assert_message(const char *payload, const char *wanted)
{
	struct event event = event_of(payload);
	struct buf out;

	buf_init(&out);
	event_print(&out, &event);
	ck_assert_str_eq(out.bytes, wanted);
	buf_done(&out);
}

START_TEST(messages_are_one_line_of_json)
{
	assert_message("751 1767225600000042 9;ww 42 5 1 0 7",
		       "id: 1767225600000042-751-0\nevent: contact.released\n"
		       "data: {\"contact_id\":42,\"lead_id\":5,\"source_id\":1,\"operator_id\":null,"
		       "\"previous_operator_id\":7,\"status\":\"waiting\",\"at\":\"2026-01-01T00:00:00.000042Z\"}\n\n");
	assert_message("751 1767225600999999 9;O 7", "id: 1767225600999999-751-0\nevent: operator.changed\n"
						     "data: {\"operator_id\":7,\"is_deleted\":true,"
						     "\"at\":\"2026-01-01T00:00:00.999999Z\"}\n\n");
	assert_message("751 1767225600000000 9;s 9223372036854775807",
		       "id: 1767225600000000-751-0\nevent: source.changed\ndata: {\"source_id\":9223372036854775807,"
		       "\"is_deleted\":false,\"at\":\"2026-01-01T00:00:00.000000Z\"}\n\n");
}
END_TEST

START_TEST(words_have_an_id_too)
{
	struct event_id id = { .at_us = 1, .transaction = 2, .index = 3 };
	struct buf out;

	buf_init(&out);
	event_print_word(&out, "hello", &id);
	ck_assert_str_eq(out.bytes, "id: 1-2-3\nevent: hello\ndata: {}\n\n");
	buf_done(&out);
}
END_TEST

UNIT_SUITE(event)
{
	tcase_add_test(tests, a_contact_is_read_whole);
	tcase_add_test(tests, each_letter_is_a_kind);
	tcase_add_test(tests, a_new_contact_with_an_operator_is_two_events);
	tcase_add_test(tests, notifications_of_one_transaction_go_on_counting);
	tcase_add_test(tests, nonsense_is_left_out);
	tcase_add_test(tests, words_stand_in_the_third_place);
	tcase_add_test(tests, ids_are_read_as_they_are_printed);
	tcase_add_test(tests, filters_want_to_be_named);
	tcase_add_test(tests, a_ring_knows_what_came_behind);
	tcase_add_test(tests, messages_are_one_line_of_json);
	tcase_add_test(tests, words_have_an_id_too);
}
