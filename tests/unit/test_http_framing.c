/* Where requests begin and end, whatever pieces their bytes come in; what hides a second request is refused. */
#include "http/framing.h"
#include "unit/unit.h"

#include <stdio.h>

static struct framing framing;

static void setup(void)
{
	framing_init(&framing);
}

static void teardown(void)
{
	framing_done(&framing);
}

/* What happens to these bytes, fed in pieces of that size: "BHEF." for blank, head, end, foreign, broken. */
static const char *events_of(struct text bytes, size_t piece, size_t body_max)
{
	static const char letters[] = { [FRAMING_MORE] = '?', [FRAMING_BLANK] = 'B', [FRAMING_FOREIGN] = 'F',
					[FRAMING_HEAD] = 'H', [FRAMING_END] = 'E',   [FRAMING_BROKEN] = '.' };
	static char events[100];
	size_t count = 0, at = 0;

	framing_done(&framing);
	framing_init(&framing);
	while (at < bytes.length) {
		size_t length = bytes.length - at < piece ? bytes.length - at : piece, used, fed = 0;
		enum framing_event event;

		do {
			event = framing_feed(&framing, bytes.at + at + fed, length - fed, &used);
			fed += used;
			if (event == FRAMING_HEAD && !framing_allow(&framing, body_max))
				event = FRAMING_BROKEN;
			if (event != FRAMING_MORE)
				events[count++] = letters[event];
		} while (event != FRAMING_MORE && event != FRAMING_BROKEN && event != FRAMING_FOREIGN);
		if (event != FRAMING_MORE)
			break;
		ck_assert_uint_eq(fed, length);
		at += length;
	}
	events[count] = '\0';
	return events;
}

/* The events must not depend on how the bytes were cut. */
static void expect_up_to(const char *sent, size_t body_max, const char *events)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 64, 100000 };

	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		const char *seen = events_of(text_of(sent), pieces[i], body_max);

		ck_assert_msg(strcmp(seen, events) == 0, "%s instead of %s for %s in pieces of %zu: %s", seen, events,
			      sent, pieces[i], framing.detail ? framing.detail : "");
	}
}

static void expect(const char *sent, const char *events)
{
	expect_up_to(sent, 10, events);
}

#define GET "GET / HTTP/1.1\r\nHost: x\r\n"
#define POST "POST / HTTP/1.1\r\nHost: x\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

START_TEST(requests_follow_each_other)
{
	expect(GET "\r\n", "HE");
	expect(GET "\r\n" GET "\r\n", "HEHE");
	expect(POST "Content-Length: 3\r\n\r\n\r\n\n" GET "\r\n", "HEHE");
	expect(POST "Content-Length: 0\r\n\r\n" GET "\r\n", "HEHE");
	expect(CHUNKED "2\r\nab\r\nA\r\n", "H.");
	expect(CHUNKED "2\r\nab\r\n8\r\n\r\n\r\n\r\n\r\n\r\n0\r\n\r\n" GET "\r\n", "HEHE");
	expect(CHUNKED "0\r\n\r\n" GET "\r\n", "HEHE");
	ck_assert(framing_is_idle(&framing));
}
END_TEST

START_TEST(an_unfinished_request_has_no_end)
{
	expect("G", "");
	ck_assert(!framing_is_idle(&framing));
	expect(GET, "");
	expect(POST "Content-Length: 3\r\n\r\n12", "H");
	expect(CHUNKED "2\r\nab\r\n0\r\n", "H");
	ck_assert(!framing_is_idle(&framing));
}
END_TEST

START_TEST(one_blank_line_is_skipped)
{
	expect("\r\n" GET "\r\n", "BHE");
	expect(GET "\r\n\r\n" GET "\r\n", "HEBHE");
	expect("\r\n\r\n" GET "\r\n", "B.");
	expect("\n" GET "\r\n", ".");
}
END_TEST

START_TEST(foreign_methods_are_told)
{
	expect("TRACE /x?y HTTP/1.1\r\nHost: x\r\n\r\n", "F");
	ck_assert_str_eq(framing.target.bytes, "/x?y");
	expect("get / HTTP/1.1\r\n", "F");
	expect("CONNECT x:80 HTTP/1.1\r\n", ".");
	expect("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "HE");
	expect("GET * HTTP/1.1\r\nHost: x\r\n\r\n", ".");
}
END_TEST

static int status_of(const char *sent)
{
	const char *events = events_of(text_of(sent), 5, 10);

	ck_assert_msg(strchr(events, '.') && !strchr(events, 'E'), "%s", sent);
	return framing.problem->status;
}

START_TEST(refusals_have_their_status)
{
	static char long_target[FRAMING_TARGET_MAX + 100], long_header[FRAMING_HEAD_MAX + 100];
	struct buf many;

	ck_assert_int_eq(status_of("GET / HTTP/1.2\r\n"), 505);
	ck_assert_int_eq(status_of("GET / HTTP/2.0\r\n"), 505);
	ck_assert_int_eq(status_of("GET / HTTP/x\r\n"), 400);
	ck_assert_int_eq(status_of("GET /\r\n"), 400);
	ck_assert_int_eq(status_of("GET //x HTTP/1.1\r\n"), 400);
	ck_assert_int_eq(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
	ck_assert_int_eq(status_of(POST "Transfer-Encoding: gzip\r\n"), 501);
	ck_assert_int_eq(status_of(POST "Transfer-Encoding:\tchunked\r\n"), 501);
	ck_assert_int_eq(status_of(POST "Expect: x\r\n"), 417);
	ck_assert_int_eq(status_of(POST "Content-Length: 11\r\n\r\n"), 413);
	ck_assert_int_eq(status_of(POST "Content-Length: 9999999999999999999\r\n\r\n"), 413);
	ck_assert_int_eq(status_of(CHUNKED "ffffffff\r\n"), 413);
	ck_assert_int_eq(status_of(CHUNKED "fffffffff\r\n"), 400);
	snprintf(long_target, sizeof(long_target), "GET /%0*d HTTP/1.1\r\n", FRAMING_TARGET_MAX, 0);
	ck_assert_int_eq(status_of(long_target), 414);
	snprintf(long_header, sizeof(long_header), "GET / HTTP/1.1\r\nX: %0*d\r\n", FRAMING_HEAD_MAX, 0);
	ck_assert_int_eq(status_of(long_header), 431);
	buf_init(&many);
	buf_string(&many, "GET / HTTP/1.1\r\n");
	for (int i = 0; i <= FRAMING_HEADERS_MAX; i++)
		buf_string(&many, "X: y\r\n");
	ck_assert_int_eq(status_of(many.bytes), 431);
	buf_done(&many);
}
END_TEST

START_TEST(an_endpoint_without_a_body_takes_none)
{
	expect_up_to(POST "Content-Length: 1\r\n\r\nx", 0, ".");
	ck_assert_int_eq(framing.problem->status, 400);
	expect_up_to(CHUNKED "1\r\nx\r\n", 0, "H.");
	expect_up_to(CHUNKED "0\r\n\r\n", 0, "HE");
	expect_up_to(POST "Content-Length: 0\r\n\r\n", 0, "HE");
}
END_TEST

START_TEST(the_limit_of_a_body_is_exact)
{
	expect(POST "Content-Length: 10\r\n\r\n0123456789", "HE");
	expect(CHUNKED "A\r\n0123456789\r\n0\r\n\r\n", "HE");
	expect(CHUNKED "9\r\n012345678\r\n1\r\n9\r\n0\r\n\r\n", "HE");
	expect(CHUNKED "9\r\n012345678\r\n2\r\n90\r\n0\r\n\r\n", "H.");
}
END_TEST

START_TEST(a_refusal_tells_how_far_to_go_back)
{
	static const char sent[] = GET "Bad : x\r\nnever seen";
	size_t used;

	ck_assert_int_eq(framing_feed(&framing, sent, sizeof(GET) - 1 + 3, &used), FRAMING_MORE);
	ck_assert_int_eq(framing_feed(&framing, sent + used, sizeof(sent) - 1 - used, &used), FRAMING_BROKEN);
	ck_assert_uint_eq(used, sizeof("Bad : x\r\n") - 1 - 3);
	ck_assert_uint_eq(framing.line_bytes, sizeof("Bad : x\r\n") - 1);
}
END_TEST

START_TEST(bodies_may_be_skipped)
{
	static const char head[] = CHUNKED "5\r\n";
	size_t used;

	ck_assert_int_eq(framing_feed(&framing, head, sizeof(head) - 1, &used), FRAMING_HEAD);
	ck_assert(framing_allow(&framing, 10));
	ck_assert_int_eq(framing_feed(&framing, head + used, sizeof(head) - 1 - used, &used), FRAMING_MORE);
	ck_assert_uint_eq(framing_skippable(&framing), 5);
	framing_skip(&framing, 5);
	ck_assert_uint_eq(framing_skippable(&framing), 0);
	ck_assert_int_eq(framing_feed(&framing, "\r\n0\r\n\r\n", 7, &used), FRAMING_END);
}
END_TEST

START_TEST(the_id_is_kept_when_it_is_sane)
{
	events_of(TEXT(GET "X-Request-Id:  a-B.9_ \r\nX-Request-Id: second\r\n"), 9, 0);
	ck_assert_str_eq(framing.id, "a-B.9_");
	events_of(TEXT(GET "X-Request-Id: a b\r\n"), 9, 0);
	ck_assert_str_eq(framing.id, "");
	ck_assert(!framing_is_sane_id(TEXT("")));
	ck_assert(!framing_is_sane_id(TEXT("0123456789012345678901234567890123456789012345678901234567890123x")));
}
END_TEST

UNIT_SUITE(http_framing)
{
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, requests_follow_each_other);
	tcase_add_test(tests, an_unfinished_request_has_no_end);
	tcase_add_test(tests, one_blank_line_is_skipped);
	tcase_add_test(tests, foreign_methods_are_told);
	tcase_add_test(tests, refusals_have_their_status);
	tcase_add_test(tests, an_endpoint_without_a_body_takes_none);
	tcase_add_test(tests, the_limit_of_a_body_is_exact);
	tcase_add_test(tests, a_refusal_tells_how_far_to_go_back);
	tcase_add_test(tests, bodies_may_be_skipped);
	tcase_add_test(tests, the_id_is_kept_when_it_is_sane);
}
