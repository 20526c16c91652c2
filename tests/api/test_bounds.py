"""Every line, pool and buffer has an end: the newest is refused there, and those who have no part in it are served."""

import contextlib
import os
import resource
import select
import socket
import struct
import time

from harness import test
from scrape import metric
from test_http_abuse import answers_in, must_be_alive, push, read_all
from waiting import meanwhile, poll

MIB = 1 << 20
POST = b"POST /api/v1/operators/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
ASSET = b"GET /assets/docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"
PAGE = b"GET /api/v1/contacts/?limit=200 HTTP/1.1\r\nHost: x\r\n\r\n"


def buffered(api, direction):
    return metric(api, "leadd_http_buffered_bytes", direction=direction)


def large_contacts(api):
    """A page of them has some three MiB."""
    source = api.source()
    api.psql.run(f"""
        with made as (insert into leads (external_id) select '{api.unique("large")}-' || number from generate_series(1, 60) as number
                      returning id)
        insert into contacts (lead_id, source_id, status, waiting_reason, payload)
        select made.id, {source['id']}, 'waiting', 'full', json_build_object('text', repeat('x', 50000)) from made""")


@contextlib.contextmanager
def plugs(api, count, receive_bytes=None):
    opened = []
    try:
        for _ in range(count):
            plug = socket.socket()
            if receive_bytes:
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
            plug.connect(("127.0.0.1", api.port))
            opened.append(plug)
        yield opened
    finally:
        for plug in opened:
            plug.close()


# -- requests that arrive ---------------------------------------------------------------------------


@test
def bodies_that_arrive_take_bounded_memory(lab):
    api = lab.serve(BUFFER_MAX_MIB=1, REQUEST_DEADLINE_MS=60000)
    with plugs(api, 30) as slow:
        for plug in slow:
            push(plug, POST + b"Content-Length: 131072\r\n\r\n" + b" " * 100000)
        refused = [plug for plug in slow if answer_of(plug)]
        assert 15 <= len(refused) < 30, len(refused)
        assert buffered(api, "in") <= 1.2 * MIB
        api.operator()
        for plug in slow:
            push(plug, b" " * 31070 + b"{]")
        for plug in set(slow) - set(refused):
            (answer,) = answers_in(plug.recv(65536), POST)
            assert answer.status in (400, 503), answer

    poll(lambda: buffered(api, "in") < 65536, "the memory is free again")
    api.operator()


def answer_of(plug):
    """The refusal, if it comes within half a second; the answer of others does not come before their bodies are whole."""
    plug.settimeout(0.5)
    try:
        received = plug.recv(65536)
    except TimeoutError:
        return None
    finally:
        plug.settimeout(15)
    (answer,) = answers_in(received, POST)
    assert answer.status == 503 and answer.headers["connection"] == "close", answer
    return answer


@test
def what_is_answered_is_no_longer_counted(lab):
    api = lab.serve(BUFFER_MAX_MIB=1)
    body = b'{"name": "x", "surplus": "' + b"y" * 60000 + b'"}'
    with api.connect() as plug:
        raw = (POST + b"Content-Length: %d\r\n\r\n" % len(body) + body) * 3
        for _ in range(20):
            push(plug, raw)
            received = b""
            while received.count(b"HTTP/1.1 422") < 3:
                received += plug.recv(65536)
        assert buffered(api, "in") < 65536
    for _ in range(40):
        with api.connect() as plug:
            push(plug, POST + b"Content-Length: 131072\r\n\r\n" + b" " * 100000)
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    poll(lambda: buffered(api, "in") < 65536, "nothing is left of those that went")


@test
def queries_that_arrive_take_no_more_memory_than_other_heads(lab):
    """Decoded they would take thirty times as much, for as long as the body does not come."""
    def resident_of(query):
        api = lab.serve(REQUEST_DEADLINE_MS=60000)
        before = resident(api)
        head = POST.replace(b"/operators/ ", b"/operators/?" + query + b" ") + b"Content-Length: 2\r\n\r\n"
        with plugs(api, 300) as slow:
            for plug in slow:
                push(plug, head)
            poll(lambda: buffered(api, "in") >= 300 * len(head), "all heads have come")
            return resident(api) - before

    assert resident_of(b"&" * 7900) < 1.5 * resident_of(b"x" * 7900) + MIB


def resident(api):
    return metric(api, "process_resident_memory_bytes")


@test
def a_query_has_a_hundred_parameters_at_most(api):
    assert len(api.get("contacts/?" + "&".join(f"a{number}" for number in range(100))).must(422)["errors"]) > 1
    assert "100 parameters" in api.get("contacts/?" + "a&" * 101).must(400)["detail"]


# -- answers that are not fetched -------------------------------------------------------------------


@test
def answers_that_nobody_fetches_take_bounded_memory(lab, api):
    large_contacts(api)
    narrow = lab.serve(BUFFER_MAX_MIB=4)
    with plugs(narrow, 30, receive_bytes=4096) as deaf:
        for number, plug in enumerate(deaf):
            push(plug, (PAGE, ASSET)[number % 2])
        poll(lambda: "status=503" in narrow.server.log_text(), "some are told that there is no room")
        assert buffered(narrow, "out") <= 4 * MIB
        must_be_alive(narrow)
        narrow.contact(api.source())
        # Those who fetch nothing are cut long before the 10 s that they had otherwise.
        poll(lambda: "http.deaf" in narrow.server.log_text(), "the deaf are cut", seconds=8)
        poll(lambda: buffered(narrow, "out") < MIB, "their memory is free", seconds=8)
        poll(lambda: narrow.get("contacts/", limit=200).status == 200, "large answers are given again")


@test
def a_simulation_reads_only_and_so_may_be_refused(lab, api):
    narrow = lab.serve(BUFFER_MAX_MIB=1)
    source = api.source()
    api.psql.run(f"""
        with made as (insert into operators (name) select repeat('n', 190) || number from generate_series(1, 5000) as number
                      returning id)
        insert into source_operator_weights (source_id, operator_id, weight) select {source['id']}, id, 1 from made""")

    assert len(api.post(f"sources/{source['id']}/simulate", {"contacts": 1}).body) > MIB
    assert narrow.post(f"sources/{source['id']}/simulate", {"contacts": 1}).problem == "unavailable"


@test
def what_was_changed_is_told_all_the_same(lab, api):
    large_contacts(api)
    narrow = lab.serve(BUFFER_MAX_MIB=1)
    _, source = api.desk()

    assert narrow.get("contacts/", limit=200).problem == "unavailable"
    contact = narrow.contact(source, payload={"text": "x" * 60000})

    assert narrow.get(f"contacts/{contact['id']}").must(200)["payload"] == contact["payload"]


# -- the database's lines ---------------------------------------------------------------------------


@test
def who_waits_for_a_connection_is_counted(lab, api):
    narrow = lab.serve(DATABASE_CONNECTIONS=1, WAITING_MAX=2, STATEMENT_TIMEOUT_MS=60000, QUEUE_WAIT_MS=10000)
    with api.psql.session() as session, contextlib.ExitStack() as stack:
        session.run("begin")
        session.run("lock table operators in access exclusive mode")
        jobs = [stack.enter_context(meanwhile(narrow.get, "operators/")) for _ in range(3)]
        poll(lambda: metric(narrow, "leadd_pool_waiting", pool="requests") == 2, "as many wait as may")
        assert narrow.get("operators/").problem == "unavailable"
        session.run("rollback")

    # What the service does by itself when it starts, and now and then, may have had two of the places.
    assert [job.result().status for job in jobs].count(200) >= 1


@test
def lists_of_contacts_are_counted_in_bytes(lab, api):
    narrow = lab.serve(LISTS_MAX_MIB=1)
    operator, source = api.desk(max_load_limit=1000)
    rows = [{"lead_external_id": api.unique("lead"), "source_id": source["id"], "payload": {"text": "x" * 60000}}] * 10
    with api.psql.session() as session:
        session.run("begin")
        session.run(f"select active_load from operator_loads where operator_id = {operator['id']} for update")
        with meanwhile(narrow.post, "contacts/batch", rows) as first:
            poll(lambda: metric(narrow, "leadd_intake_queued") == 10, "the first list is under way")
            assert narrow.post("contacts/batch", rows).problem == "unavailable"
            session.run("rollback")

    assert [item["status"] for item in first.result().must(200)["items"]] == [201] * 10
    narrow.post("contacts/batch", rows[:1]).must(200)


# -- connections ------------------------------------------------------------------------------------


@test
def connections_beyond_the_limit_wait_their_turn(lab):
    narrow = lab.serve(CONNECTIONS_MAX=4)
    with plugs(narrow, 12) as opened:
        for plug in opened:
            push(plug, LIVE)
        assert len(answered(opened, 0.5)) < 12
        must_be_served_in_turn(opened)
    must_be_alive(narrow)


def answered(opened, seconds):
    """Those of the connections whose answers come within that time."""
    found, end = set(), time.monotonic() + seconds
    while found != set(opened) and time.monotonic() < end:
        found.update(select.select(list(set(opened) - found), [], [], 0.05)[0])
    return found


def must_be_served_in_turn(opened):
    """Each that has its answer makes room for another one."""
    left = set(opened)
    while left:
        served = select.select(list(left), [], [], 15)[0]
        assert served, f"{len(left)} get no answer"
        for plug in served:
            assert plug.recv(65536).startswith(b"HTTP/1.1 200 ")
            plug.close()
        left -= set(served)


@test
def it_survives_running_out_of_descriptors(lab):
    api = lab.serve()
    pid = api.server.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    in_use = max(int(name) for name in os.listdir(f"/proc/{pid}/fd")) + 1
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (in_use + 4, before[1]))
    with plugs(api, 12) as opened:
        for plug in opened:
            push(plug, LIVE)
        poll(lambda: "http.accept" in api.server.log_text(), "accept fails")
        cpu_before = cpu_s(pid)
        assert 1 <= len(answered(opened, 1)) < 12
        assert cpu_s(pid) - cpu_before < 0.3, "it spins"
        must_be_served_in_turn(opened)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    poll(lambda: must_be_alive(api) or True, "it serves")
    assert api.server.log_text().count("http.accept") < 10


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# -- answers without a body -------------------------------------------------------------------------

WITHOUT_BODY = [
    (b"HEAD /health/live HTTP/1.1\r\n", 200),
    (b"HEAD /openapi.json HTTP/1.1\r\n", 200),
    (b"HEAD /api/v1/contacts/ HTTP/1.1\r\n", 200),
    (b"HEAD /api/v1/contacts/999999999 HTTP/1.1\r\n", 404),
    (b"HEAD /api/v1/contacts/?limit=x HTTP/1.1\r\n", 422),
    (b"HEAD /nothing HTTP/1.1\r\n", 404),
    (b"HEAD /api/v1/contacts/batch HTTP/1.1\r\n", 405),
    (b"HEAD /docs HTTP/1.1\r\n", 200),
    (b"OPTIONS /api/v1/contacts/ HTTP/1.1\r\n", 204),
    (b"OPTIONS * HTTP/1.1\r\n", 204),
]


@test
def head_204_and_304_never_carry_a_body(api):
    """Behind each comes a request whose answer would not be found if there was one byte too many."""
    etag = api.get("/assets/docs/pages.css").headers["etag"].encode()
    cases = WITHOUT_BODY + [(b"GET /assets/docs/pages.css HTTP/1.1\r\nIf-None-Match: " + etag + b"\r\n", 304),
                            (b"HEAD /assets/docs/pages.css HTTP/1.1\r\nIf-None-Match: " + etag + b"\r\n", 304)]
    for raw, status in cases:
        with api.connect() as plug:
            push(plug, raw + b"Host: x\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            first, _, rest = read_all(plug).partition(b"\r\n\r\n")
        assert first.startswith(b"HTTP/1.1 %d " % status), (raw, first)
        assert rest.startswith(b"HTTP/1.1 200 "), (raw, rest[:200])
