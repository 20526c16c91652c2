"""More comes than can be served: what cannot be served in time is turned away at once, and nothing else is harmed."""

import contextlib

from harness import test
from scrape import metric
from test_http_abuse import answers_in, read_all
from waiting import Stopwatch, meanwhile, poll, together

SLOW = """
create or replace function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.05); return null; end $$;
create or replace trigger zz_slow after insert on contacts for each statement execute function slow()"""

REFUSED_IN_S = 3  # long before the four seconds that a contact may wait for


def slow_desk(api):
    """A source whose batches take 50 ms each."""
    api.psql.run(SLOW)
    return api.desk(max_load_limit=100000)[1]


def draft(api, source):
    return {"lead_external_id": api.unique("lead"), "source_id": source["id"]}


def accustomed(lab, source, **settings):
    """A server that has seen how long batches take."""
    api = lab.serve(**settings)
    for _ in range(4):
        api.contact(source)
    return api


def timed_post(api, source):
    """(answer, seconds)"""
    with Stopwatch() as watch:
        answer = api.post("contacts/", draft(api, source))
    return answer, watch.seconds


@test
def who_would_wait_too_long_is_told_at_once(lab, api):
    source = slow_desk(api)
    before = api.psql.count(f"contacts where source_id = {source['id']}")
    narrow = accustomed(lab, source, BATCH_MAX=1, LINE_WAIT_MS=20)

    answers = together(40, lambda _: timed_post(narrow, source))

    stored = [answer for answer, _ in answers if answer.status == 201]
    refused = [(answer, seconds) for answer, seconds in answers if answer.status == 503]
    assert len(stored) + len(refused) == 40 and 1 <= len(stored) < 20, len(stored)
    assert {answer.problem for answer, _ in refused} == {"unavailable"}
    assert max(seconds for _, seconds in refused) < REFUSED_IN_S
    assert api.psql.count(f"contacts where source_id = {source['id']}") == before + 4 + len(stored)
    assert metric(narrow, "leadd_contacts_total", outcome="unavailable") == len(refused)
    narrow.contact(source)


@test
def a_full_batch_may_always_wait(lab, api):
    source = slow_desk(api)
    strict = accustomed(lab, source, BATCH_MAX=100, LINE_WAIT_MS=1)

    answers = together(40, lambda _: timed_post(strict, source))

    assert [answer.status for answer, _ in answers] == [201] * 40
    assert metric(strict, "leadd_intake_wait_expected_seconds") >= 0.04


@test
def lists_of_contacts_have_a_line_of_their_own(lab, api):
    source = slow_desk(api)
    strict = accustomed(lab, source, BATCH_MAX=1, LINE_WAIT_MS=1)

    items = strict.post("contacts/batch", [draft(api, source) for _ in range(300)]).must(200)["items"]

    assert [item["status"] for item in items] == [201] * 300


@test
def while_the_database_is_away_all_may_wait(lab, api):
    source = slow_desk(api)
    strict = accustomed(lab, source, BATCH_MAX=1, LINE_WAIT_MS=1, QUEUE_WAIT_MS=10000)
    lab.postgres.stop()
    with contextlib.ExitStack() as stack:
        try:
            poll(lambda: metric(strict, "leadd_database_ready") == 0, "the service knows")
            jobs = [stack.enter_context(meanwhile(timed_post, strict, source)) for _ in range(20)]
            poll(lambda: metric(strict, "leadd_intake_queued") == 20, "they wait")
        finally:
            lab.postgres.start()

    assert [job.result()[0].status for job in jobs] == [201] * 20


@test
def what_waits_apart_crowds_out_nobody(lab, api):
    operator, stuck = api.desk(max_load_limit=1000)
    source = slow_desk(api)
    strict = accustomed(lab, source, BATCH_MAX=1, LINE_WAIT_MS=1, QUEUE_WAIT_MS=20000)
    with api.psql.session() as session, contextlib.ExitStack() as stack:
        session.run("begin")
        session.run(f"select active_load from operator_loads where operator_id = {operator['id']} for update")
        jobs = [stack.enter_context(meanwhile(timed_post, strict, stuck))]
        poll(lambda: metric(strict, "leadd_intake_parked") == 1, "the source is parked")
        jobs += [stack.enter_context(meanwhile(timed_post, strict, stuck)) for _ in range(20)]
        poll(lambda: metric(strict, "leadd_intake_queued") == 21, "all of them wait")

        assert timed_post(strict, source)[0].status == 201
        session.run("rollback")

    assert [job.result()[0].status for job in jobs] == [201] * 21


# -- how they are turned away -----------------------------------------------------------------------


@contextlib.contextmanager
def full_server(lab, api):
    """A server that has room for one contact, and has it."""
    operator, stuck = api.desk()
    full = lab.serve(LINE_MAX=1, QUEUE_WAIT_MS=20000)
    with api.psql.session() as session:
        session.run("begin")
        session.run(f"select active_load from operator_loads where operator_id = {operator['id']} for update")
        with meanwhile(timed_post, full, stuck) as waiting:
            poll(lambda: metric(full, "leadd_intake_queued") == 1, "the one contact waits")
            yield full
            session.run("rollback")
        waiting.result()[0].must(201)


GET = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"
BODY = b'{"lead_external_id": "x", "source_id": 1}'
POST = b"POST /api/v1/contacts/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
WHOLE = POST + LENGTH + b"\r\n" + BODY
LAST = GET + b"Connection: close\r\n\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)

# What is sent, and what comes of it, on one connection.
CONVERSATIONS = [
    (WHOLE + LAST, [503, 200]),
    (WHOLE * 50 + LAST, [503] * 50 + [200]),
    (GET + b"\r\n" + WHOLE + GET + b"\r\n" + WHOLE + LAST, [200, 503, 200, 503, 200]),
    (b"\r\n" + WHOLE + b"\r\n" + WHOLE + LAST, [503, 503, 200]),
    (CHUNKED + WHOLE + CHUNKED + LAST, [503, 503, 503, 200]),
    (POST + LENGTH + b"Connection: keep-alive\r\n\r\n" + BODY + LAST, [503, 200]),
    (POST + LENGTH + b"Connection: close\r\n\r\n" + BODY, [503]),
    ((POST + LENGTH + b"\r\n" + BODY).replace(b"HTTP/1.1", b"HTTP/1.0"), [503]),
    (POST + b"Content-Length: 3\r\n\r\n{]!" + LAST, [503, 200]),
    (POST + b"Content-Length: 0\r\n\r\n" + LAST, [503, 200]),
    (POST + LENGTH + b"\r\n" + BODY + b"x" + LAST, [503, 405]),
    (WHOLE + POST + LENGTH + LENGTH + b"\r\n" + BODY + LAST, [503, 400]),
    (WHOLE + POST + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + LAST, [503, 400]),
    (POST + b"Content-Length: 131073\r\n\r\n", [413]),
    (POST.replace(b"contacts", b"operators") + b"Content-Length: 2\r\n\r\n{]" + WHOLE + LAST, [400, 503, 200]),
]


@test
def turned_away_requests_leave_the_connection_as_it_was(lab, api):
    with full_server(lab, api) as full:
        for raw, statuses in CONVERSATIONS:
            for size in (len(raw), 100, 7, 1):
                with full.connect() as plug:
                    for at in range(0, len(raw), size):
                        plug.sendall(raw[at:at + size])
                    answers = answers_in(read_all(plug), raw)
                assert [answer.status for answer in answers] == statuses, (raw, size)


@test
def a_refusal_is_a_complete_answer(lab, api):
    with full_server(lab, api) as full:
        log_before = len(full.server.log_text())
        answer = full.post("contacts/", {"lead_external_id": "x", "source_id": 1}, headers={"X-Request-Id": "mine.7"})
        with full.connect() as plug:
            plug.sendall(POST + LENGTH + b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
            assert plug.recv(1000).startswith(b"HTTP/1.1 100 ")
            plug.sendall(BODY)
            (late,) = answers_in(read_all(plug), POST)

    assert answer.status == late.status == 503 and answer.headers["retry-after"] == "1"
    assert answer.problem == "unavailable" and "not stored" in answer.json["detail"]
    assert answer.headers["x-request-id"] == answer.json["instance"] == "mine.7"
    assert {"date", "cache-control", "x-content-type-options"} <= set(answer.headers)
    assert "status=503" in full.server.log_text(log_before) and "request=mine.7" in full.server.log_text(log_before)


@test
def a_flood_of_refusals_is_no_flood_of_lines(lab, api):
    with full_server(lab, api) as full:
        before, lines = metric(full, "leadd_contacts_total", outcome="unavailable"), full.server.log_text().count("\n")
        with full.connect() as plug:
            for _ in range(20):
                plug.sendall(WHOLE * 100)
            plug.sendall(LAST)
            answers = answers_in(read_all(plug), WHOLE)
        assert [answer.status for answer in answers] == [503] * 2000 + [200]
        assert metric(full, "leadd_contacts_total", outcome="unavailable") - before >= 2000
        poll(lambda: "log.left_out event=http.request" in full.server.log_text(), "the log says how many it left out")
        assert full.server.log_text().count("\n") - lines < 1900
