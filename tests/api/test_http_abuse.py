"""
What hostile, broken and slow clients send, byte for byte.

Each case: the bytes, and the statuses that may come back. Whatever is refused ends its connection, so that nothing behind it is
taken for a second request, and the server goes on serving everybody else.
"""

import contextlib
import random
import re
import socket
import struct
import time

from client import Answer, check_ground_rules, decode
from harness import test
from waiting import poll, together

GET = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /api/v1/operators/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
HIDDEN = b"DELETE /api/v1/hidden HTTP/1.1\r\nHost: x\r\n\r\n"
PATIENCE_S = 15

REQUEST_LINES = [
    (b"\r\n\r\n\r\n", {400}),
    (b"\n" + GET + b"\r\n", {400}),
    (b"GET\r\n\r\n", {400}),
    (b"GET /\r\n\r\n", {400}),
    (b"GET / \r\n\r\n", {400}),
    (b"GET  /health/live HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    (b"GET\t/health/live\tHTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    (b"GET /health/live  HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    (b"GET /health/live HTTP/1.1 \r\nHost: x\r\n\r\n", {400}),
    (b"GET /health/live HTTP/1.1 x\r\nHost: x\r\n\r\n", {400}),
    (b" GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    (b"/health/live HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    (b"GET /health/live http/1.1\r\nHost: x\r\n\r\n", {400}),
    (b"GET /health/live HTTP/1.1.1\r\nHost: x\r\n\r\n", {400}),
    (b"GET /health/live HTTP/11\r\nHost: x\r\n\r\n", {400}),
    (b"GET /health/live HTTP/-1.1\r\nHost: x\r\n\r\n", {400}),
    (b"GET /health/live HTTP/1.10\r\nHost: x\r\n\r\n", {400}),
    (b"GET /health/live HTTP/1.2\r\nHost: x\r\n\r\n", {505}),
    (b"GET /health/live HTTP/0.9\r\nHost: x\r\n\r\n", {505}),
    (b"GET /health/live HTTP/2.0\r\nHost: x\r\n\r\n", {505}),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", {505}),
    (b"G\x00T /health/live HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    (b"GET /health\x00/live HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    (b"GET /health/live HTTP/1.1\x00\r\nHost: x\r\n\r\n", {400}),
    (b"G(T /health/live HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    (b"X" * 100 + b" /health/live HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) + b"\r\n\r\n", {400}),
    (b"\x00" * 64 + b"\r\n\r\n", {400}),
    (b"\xff\xfe\xfd\xfc\r\n\r\n", {400}),
    (b"GET " + b"/" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {414}),
    (b"GET /" + b"a" * 70000, {414}),
    (b"A" * 70000, {414}),
    (b"GET /health/live?" + b"a=%41&" * 3000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {414}),
]

TARGETS = [b"health/live", b"http://x/health/live", b"HTTP://x:8000/health/live", b"//x/health/live", b"//", b"*", b"x:80", b"?a=b", b"#", b"/health/live#x",
           b"/health/l\x01ve", b"/health/\x7f", b"/health/\xc3\xa9", b"/health/\xff", b"/health/<live>", b'/health/"live"', b"/health\\live",
           b"/%", b"/%4", b"/%zz", b"/%4g", b"/%%41", b"/%00", b"/health/live%00", b"/health/live%00/x", b"/%ff", b"/%c0%af", b"/%ed%a0%80",
           b"/%f5%80%80%80", b"/%0a", b"/%0d%0aX:y", b"/%1f", b"/%7f", b"/health//live", b"/health/live//", b"/health/./live", b"/health/../health/live",
           b"/..", b"/.", b"/health/..", b"/%2e%2e/health/live", b"/health/%2e/live", b"/health%2flive", b"/health/..%2f", b"/api/v1/leads/?q=%",
           b"/api/v1/leads/?q=%0", b"/api/v1/leads/?q=%00", b"/api/v1/leads/?%00=q", b"/api/v1/leads/?q=%ff", b"/api/v1/leads/?q=%ed%a0%80"]

HEADERS = [
    (b"Host: x\r\nHost: x\r\n", {400}),
    (b"", {400}),
    (b"Host: a b\r\n", {400}),
    (b"Host: a/b\r\n", {400}),
    (b"Host: user@x\r\n", {400}),
    (b"Host: x\r\n y\r\n", {400}),
    (b" Host: x\r\n", {400}),
    (b"Host : x\r\n", {400}),
    (b"Host\r\n", {400}),
    (b"Host: x\r\n: y\r\n", {400}),
    (b"Host: x\r\nX Y: z\r\n", {400}),
    (b"Host: x\r\nX\x00Y: z\r\n", {400}),
    (b"Host: x\r\n\x00Y: z\r\n", {400}),
    (b"Host: x\r\nX: a\x00b\r\n", {400}),
    (b"Host: x\r\nX: a\x01b\r\n", {400}),
    (b"Host: x\r\nX: a\x7fb\r\n", {400}),
    (b"Host: x\r\nX: a\rb\r\n", {400}),
    (b"Host: x\r\nX: a\nY: b\r\n", {400}),
    (b"Host: x\n", {400}),
    (b"Host: x\r\nX(: y\r\n", {400}),
    (b"Host: x\r\nX\xc3\xa9: y\r\n", {400}),
    (b"Host: x\r\nX-API-Key: a\r\nX-API-Key: b\r\n", {400}),
    (b"Host: x\r\nAuthorization: a\r\nauthorization: b\r\n", {400}),
    (b"Host: x\r\nContent-Type: a/b\r\nContent-Type: a/b\r\n", {400}),
    (b"Host: x\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\n", {400}),
    (b"Host: x\r\nExpect: 200-ok\r\n", {417}),
    (b"Host: x\r\n" + b"X: y\r\n" * 101, {431}),
    (b"Host: x\r\n" + b"X: " + b"y" * 20000 + b"\r\n", {431}),
    (b"Host: x\r\n" + b"X: " + b"y" * 1000000 + b"\r\n", {431}),
    (b"Host: x\r\n" + (b"X: " + b"y" * 1000 + b"\r\n") * 20, {431}),
]

# Behind the head of a POST; each could hide HIDDEN from one reader or the other.
LENGTHS = [
    (b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", {400}),
    (b"Content-Length: 2\r\nContent-Length: 0\r\n\r\n{}", {400}),
    (b"Content-Length: 2, 2\r\n\r\n{}", {400}),
    (b"Content-Length: +2\r\n\r\n{}", {400}),
    (b"Content-Length: -2\r\n\r\n{}", {400}),
    (b"Content-Length: -0\r\n\r\n", {400}),
    (b"Content-Length: 0x2\r\n\r\n{}", {400}),
    (b"Content-Length: 2.0\r\n\r\n{}", {400}),
    (b"Content-Length: 2 2\r\n\r\n{}", {400}),
    (b"Content-Length:\r\n\r\n", {400}),
    (b"Content-Length:\t2\r\n\r\n{}", {400}),
    (b"Content-Length: 2\t\r\n\r\n{}", {400}),
    (b"Content-Length : 2\r\n\r\n{}", {400}),
    (b"Content-Length: \xd9\xa2\r\n\r\n{}", {400}),
    (b"Content-Length: 2\x00\r\n\r\n{}", {400}),
    (b"Content-Length: 9223372036854775808\r\n\r\n{}", {413}),
    (b"Content-Length: 18446744073709551618\r\n\r\n{}", {413}),
    (b"Content-Length: " + b"9" * 200 + b"\r\n\r\n{}", {413}),
    (b"Content-Length: 131073\r\n\r\n{}", {413}),
    (b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    (b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", {400}),
    (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", {400}),
    (b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", {501}),
    (b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n", {501}),
    (b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", {501}),
    (b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", {501}),
    (b"Transfer-Encoding: chunked;x=y\r\n\r\n0\r\n\r\n", {501}),
    (b"Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n", {501}),
    (b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", {400}),
    (b"Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", {501}),
    (b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", {400}),
    (b"Transfer-Encoding:\r\n\r\n0\r\n\r\n", {501}),
    (b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", {400, 501}),
]

CHUNKS = [
    (b"x\r\n", {400}),
    (b"\r\n", {400}),
    (b"0x2\r\n{}\r\n0\r\n\r\n", {400}),
    (b"+2\r\n{}\r\n0\r\n\r\n", {400}),
    (b"-2\r\n{}\r\n0\r\n\r\n", {400}),
    (b" 2\r\n{}\r\n0\r\n\r\n", {400}),
    (b"2 \r\n{}\r\n0\r\n\r\n", {400}),
    (b"2;a=b\r\n{}\r\n0\r\n\r\n", {400}),
    (b"2;\n\r\n{}\r\n0\r\n\r\n", {400}),
    (b"2\n{}\r\n0\r\n\r\n", {400}),
    (b"2\r{}\r\n0\r\n\r\n", {400}),
    (b"2\r\r\n{}\r\n0\r\n\r\n", {400}),
    (b"2\x00\r\n{}\r\n0\r\n\r\n", {400}),
    (b"2\r\n{}0\r\n\r\n", {400}),
    (b"2\r\n{}\n0\r\n\r\n", {400}),
    (b"2\r\n{}xx0\r\n\r\n", {400}),
    (b"2\r\n{}\r\r\n0\r\n\r\n", {400}),
    (b"2\r\n{}\r\n\r\n0\r\n\r\n", {400}),
    (b"2\r\n{}\r\n0\r\nX: y\r\n\r\n", {400}),
    (b"2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n", {400}),
    (b"2\r\n{}\r\n0\r\n\x00\r\n", {400}),
    (b"2\r\n{}\r\n0\n\n", {400}),
    (b"000000002\r\n{}\r\n0\r\n\r\n", {400}),
    (b"fffffffff\r\n", {400}),
    (b"ffffffff\r\n", {413}),
    (b"20001\r\n", {413}),
    (b"10000\r\n" + b" " * 65536 + b"\r\n10001\r\n", {413}),
    (b"1" * 100000, {400}),
    (b"\x80\r\n", {400}),
]

METHODS = [
    (b"HEAD /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", {400}),
    (b"HEAD /health/live HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    (b"GET /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", {400}),
    (b"GET /health/live HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", {400}),
    (b"TRACE /health/live HTTP/1.1\r\nHost: x\r\n\r\n", {405}),
    (b"TRACE /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 45\r\n\r\n", {405}),
    (b"TRACE /nothing HTTP/1.1\r\nHost: x\r\n\r\n", {404}),
    (b"BREW /health/live HTTP/1.1\r\nHost: x\r\n\r\n", {405}),
    (b"BREW /nothing HTTP/1.1\r\nHost: x\r\n\r\n", {404}),
    (b"B / HTTP/1.1\r\nHost: x\r\n\r\n", {404, 405}),
    (b"get /health/live HTTP/1.1\r\nHost: x\r\n\r\n", {405}),
    (b"CONNECT /health/live HTTP/1.1\r\nHost: x\r\n\r\n", {405}),
    (b"CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", {400}),
    (b"CONNECT x HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    (b"POST /health/live HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
]

FINE = [
    (b"\r\n" + GET + b"Connection: close\r\n\r\n", 200),
    (b"GET /health/live HTTP/1.0\r\n\r\n", 200),
    (b"GET /health/live HTTP/1.0\r\nHost: x\r\n\r\n", 200),
    (b"GET /health/live HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", 200),
    (b"GET /health/live HTTP/1.1\r\nHOST:x\r\nconnection:close\r\n\r\n", 200),
    (b"GET /health/live/ HTTP/1.1\r\nHost: [::1]:8000\r\nConnection: close\r\n\r\n", 200),
    (b"GET /%68ealth/l%69ve HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200),
    (GET + b"X-Empty:\r\nX-Tab:\ta\tb\t\r\nX-Latin: \xe9\r\nConnection: close\r\n\r\n", 200),
    (GET + b"X: y\r\n" * 90 + b"Connection: close\r\n\r\n", 200),
    (GET + b"Content-Length: 0\r\nConnection: close\r\n\r\n", 200),
    (GET + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n", 200),
    (GET + b"Connection: x , CLOSE\r\n\r\n", 200),
    (GET + b"Connection: keep-alive\r\nConnection: close\r\n\r\n", 200),
    (b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 204),
    (b"OPTIONS /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 204),
    (b"HEAD /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200),
    (b"GET /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", 404),
    (POST + b"Content-Length: 00002\r\nConnection: close\r\n\r\n{]", 400),
    (POST + b"Content-Length: 4\r\nConnection: close\r\n\r\n\x00\x00\x00\x00", 400),
    (POST + b"Transfer-Encoding: ChUnKeD\r\nConnection: close\r\n\r\n1\r\n{\r\n1\r\n]\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n00000002\r\n{]\r\n00000000\r\n\r\n", 400),
]


def read_all(plug):
    """Everything until the server closes."""
    received = b""
    plug.settimeout(PATIENCE_S)
    while True:
        try:
            piece = plug.recv(65536)
        except ConnectionResetError:
            return received
        if not piece:
            return received
        received += piece


def push(plug, raw):
    """A server that refuses may have closed before the last byte is out."""
    try:
        plug.sendall(raw)
    except (BrokenPipeError, ConnectionResetError):
        pass


def answers_in(received, raw):
    """The answers, one behind the other, each held against the ground rules."""
    answers = []
    while received:
        head, separator, rest = received.partition(b"\r\n\r\n")
        status = re.match(rb"HTTP/1\.[01] (\d{3}) ", head)
        assert separator and status, f"no answer: {received[:300]!r} to {raw[:300]!r}"
        headers = [tuple(line.decode("latin-1").split(": ", 1)) for line in head.split(b"\r\n")[1:]]
        is_head = raw.lstrip().startswith(b"HEAD")
        length = 0 if is_head else int(dict(headers).get("Content-Length", 0))
        method = "HEAD" if is_head else "GET"
        answer = Answer(method, "?", raw[:300], int(status[1]), headers, rest[:length])
        check_ground_rules(answer, None)
        assert len(rest) >= length, f"cut short: {answer}"
        answers.append(answer)
        received = rest[length:]
    return answers


def must_be_alive(api):
    with api.connect() as plug:
        plug.sendall(GET + b"Connection: close\r\n\r\n")
        (answer,) = answers_in(read_all(plug), GET)
    assert answer.status == 200, answer


def must_refuse(api, raw, statuses):
    with api.connect() as plug:
        push(plug, raw)
        answers = answers_in(read_all(plug), raw)
    assert len(answers) == 1 and answers[0].status in statuses, f"{statuses} to {raw[:300]!r}:\n" + "\n".join(map(str, answers))
    assert answers[0].headers.get("connection") == "close", answers[0]
    must_be_alive(api)


def must_refuse_all(api, cases):
    for raw, statuses in cases:
        must_refuse(api, raw, statuses)


@test
def broken_request_lines_are_refused(api):
    must_refuse_all(api, REQUEST_LINES)


@test
def broken_targets_are_400(api):
    for target in TARGETS:
        raw = b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        must_refuse(api, raw, {400})
        must_refuse(api, raw.replace(b"GET ", b"BREW ", 1), {400})


@test
def broken_headers_are_refused(api):
    must_refuse_all(api, [(b"GET /health/live HTTP/1.1\r\n" + headers + b"\r\n" + HIDDEN, statuses) for headers, statuses in HEADERS])


@test
def ambiguous_lengths_are_refused(api):
    must_refuse_all(api, [(POST + rest + HIDDEN, statuses) for rest, statuses in LENGTHS])


@test
def broken_chunks_are_refused(api):
    must_refuse_all(api, [(CHUNKED + rest + HIDDEN, statuses) for rest, statuses in CHUNKS])


@test
def methods_hide_no_second_request(api):
    must_refuse_all(api, [(raw + HIDDEN, statuses) for raw, statuses in METHODS])


@test
def odd_but_correct_requests_are_served(api):
    for raw, status in FINE:
        with api.connect() as plug:
            plug.sendall(raw)
            answers = answers_in(read_all(plug), raw)
        assert [answer.status for answer in answers] == [status], f"{status} to {raw[:200]!r}: {[str(answer) for answer in answers]}"


@test
def byte_by_byte_is_the_same(api):
    """The same verdicts when each byte travels alone."""

    def one(case):
        raw, statuses = cases[case]
        with api.connect() as plug:
            plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(len(raw)):
                push(plug, raw[at:at + 1])
            answers = answers_in(read_all(plug), raw)
        assert len(answers) == 1 and answers[0].status in statuses, f"{statuses} to {raw!r}: {[str(answer) for answer in answers]}"

    cases = [(raw, {status}) for raw, status in FINE]
    cases += [(CHUNKED + rest + HIDDEN, statuses) for rest, statuses in CHUNKS]
    cases += [(POST + rest + HIDDEN, statuses) for rest, statuses in LENGTHS]
    cases += [(b"GET /health/live HTTP/1.1\r\n" + headers + b"\r\n" + HIDDEN, statuses) for headers, statuses in HEADERS]
    cases = [case for case in cases if len(case[0]) < 800]
    for first in range(0, len(cases), 16):
        together(min(16, len(cases) - first), lambda index, first=first: one(first + index))
    must_be_alive(api)


BYTES = [b"\r", b"\n", b"\r\n", b"\x00", b" ", b"\t", b":", b"/", b"%", b"?", b"#", b"\x7f", b"\x80", b"\xff", b"0", b"9", b"f", b"-", b"+", b",", b";",
         b"A", b"[", b"{", b"\"", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"HTTP/1.1", b"Host: y\r\n", b"\r\n\r\n"]


def mutated(dice, raw):
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(raw))
        raw = raw[:at] + dice.choice((b"", dice.choice(BYTES))) + raw[at + dice.choice((0, 1, 1, 8)):]
    return raw


@test
def whatever_becomes_of_a_request_its_answers_are_ours(api):
    """Nothing but well-formed answers comes back, none of them written by evhttp, and the end of the connection."""
    dice = random.Random(1)
    good = [raw for raw, _ in FINE if not raw.startswith((b"HEAD", b"OPTIONS"))] + [GET + b"\r\n"]
    for number in range(1500):
        raw = mutated(dice, dice.choice(good)) + dice.choice((b"", HIDDEN))
        with api.connect() as plug:
            push(plug, raw)
            with contextlib.suppress(OSError):
                plug.shutdown(socket.SHUT_WR)
            answers_in(read_all(plug), raw)
        if number % 50 == 0:
            must_be_alive(api)


@test
def good_requests_before_a_bad_one_are_answered(api):
    good, bad = GET + b"\r\n", b"GET /health/live HTTP/1.1\r\nHost : x\r\n\r\n"
    for count in (1, 2, 30):
        with api.connect() as plug:
            push(plug, good * count + bad + good)
            answers = answers_in(read_all(plug), good)
        assert [answer.status for answer in answers] == [200] * count + [400]


@test
def requests_behind_a_body_keep_their_order(api):
    post = POST + b"Content-Length: 2\r\n\r\n{]"
    chunked = CHUNKED + b"1\r\n{\r\n1\r\n]\r\n0\r\n\r\n"
    last = GET + b"Connection: close\r\n\r\n"
    raw = GET + b"\r\n" + post + b"\r\n" + chunked + GET + b"\r\n" + chunked + post + last
    for size in (1, 7, 100, len(raw)):
        with api.connect() as plug:
            for at in range(0, len(raw), size):
                plug.sendall(raw[at:at + size])
            answers = answers_in(read_all(plug), raw)
        assert [answer.status for answer in answers] == [200, 400, 400, 200, 400, 400, 200], size


@test
def thousands_of_pipelined_requests_are_answered(api):
    count = 3000
    raw = (GET + b"\r\n") * count + GET + b"Connection: close\r\n\r\n"
    with api.connect() as plug:
        received = b""
        plug.setblocking(False)
        deadline = time.monotonic() + PATIENCE_S
        while raw or not received.endswith(b"}"):
            assert time.monotonic() < deadline
            try:
                raw = raw[plug.send(raw[:8192]):] if raw else raw
            except BlockingIOError:
                pass
            try:
                received += plug.recv(65536)
            except BlockingIOError:
                pass
            if not raw:
                received += read_all(plug)
                break
    assert received.count(b"HTTP/1.1 200 OK\r\n") == count + 1


@test
def a_too_large_body_still_gets_its_answer(api):
    """The 413 reaches also clients that send everything before they read."""
    body = b" " * 5000000
    for raw in (POST + b"Content-Length: 5000000\r\n\r\n" + body, CHUNKED + b"4c4b40\r\n" + body + b"\r\n0\r\n\r\n",
                CHUNKED + b"".join(b"1000\r\n" + body[:4096] + b"\r\n" for _ in range(1000)) + b"0\r\n\r\n"):
        must_refuse(api, raw, {413})


@test
def expectations_are_answered_before_the_body(api):
    with api.connect() as plug:
        plug.sendall(POST + b"Content-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
        assert plug.recv(1000).startswith(b"HTTP/1.1 100 ")
        plug.sendall(b"{]")
        (answer,) = answers_in(read_all(plug), POST)
    assert answer.status == 400
    must_refuse(api, POST + b"Content-Length: 999999\r\nExpect: 100-continue\r\n\r\n", {413})
    with api.connect() as plug:
        plug.sendall(CHUNKED[:-2] + b"Expect: 100-continue\r\n\r\n")
        assert plug.recv(1000).startswith(b"HTTP/1.1 100 ")
        plug.sendall(b"zz\r\n")
        (answer,) = answers_in(read_all(plug), POST)
    assert answer.status == 400


@test
def a_client_that_closes_its_half_gets_its_answer(api):
    with api.connect() as plug:
        plug.sendall(GET + b"\r\n")
        plug.shutdown(socket.SHUT_WR)
        (answer,) = answers_in(read_all(plug), GET)
    assert answer.status == 200


@test
def clients_that_vanish_leave_nothing_behind(api):
    starts = [GET, GET + b"\r\n", POST + b"Content-Length: 20\r\n\r\n{", CHUNKED + b"5\r\n12", b"", b"\r", b"BREW / HTTP/1.1\r\n", POST + b"Content-Length: -1\r\n\r\n"]
    for start in starts * 5:
        with api.connect() as plug:
            push(plug, start)
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    for start in starts * 5:
        with api.connect() as plug:
            push(plug, start)
    must_be_alive(api)


@test
def slow_requests_end_with_408(api):
    """One byte now and then does not keep a request alive."""

    def drip(index):
        raw = (GET + b"X: " + b"y" * 200, POST + b"Content-Length: 300\r\n\r\n" + b" " * 200, CHUNKED + b"fff\r\n" + b" " * 200, GET)[index]
        begin, started = max(len(raw) - 190, 1), time.monotonic()
        with api.connect() as plug:
            push(plug, raw[:begin])
            for at in range(begin, len(raw)):
                push(plug, raw[at:at + 1])
                plug.settimeout(0.1)
                try:
                    received = plug.recv(65536)
                except TimeoutError:
                    continue
                break
            else:
                received = read_all(plug)
            received += read_all(plug)
        (answer,) = answers_in(received, raw)
        assert answer.status == 408 and answer.headers["connection"] == "close", answer
        assert time.monotonic() - started < 20

    together(4, drip)
    must_be_alive(api)


@test
def many_idle_connections_do_no_harm(api):
    plugs = [api.connect() for _ in range(300)]
    try:
        for plug in plugs[::2]:
            plug.sendall(GET)
        must_be_alive(api)
        for plug in plugs[::2]:
            plug.sendall(b"Connection: close\r\n\r\n")
        assert all(answers_in(read_all(plug), GET)[0].status == 200 for plug in plugs[::2])
    finally:
        for plug in plugs:
            plug.close()
    poll(lambda: must_be_alive(api) or True, "it serves")


@test
def readers_that_do_not_read_are_no_burden(api):
    """They send requests and never fetch an answer."""
    plugs = []
    for _ in range(5):
        plug = socket.socket()
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plug.connect(("127.0.0.1", api.port))
        plug.setblocking(False)
        plugs.append(plug)
        try:
            for _ in range(2000):
                plug.send((b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n") * 20)
        except BlockingIOError:
            pass
    for _ in range(20):
        must_be_alive(api)
    for plug in plugs:
        plug.close()
    must_be_alive(api)


@test
def problems_of_refusals_are_complete(api):
    raw = POST + b"X-Request-Id: mine.1\r\nContent-Length: 131073\r\n\r\n"
    with api.connect() as plug:
        push(plug, raw)
        (answer,) = answers_in(read_all(plug), raw)
    assert answer.headers["x-request-id"] == "mine.1"
    assert answer.headers["cache-control"] == "no-store" and answer.headers["x-content-type-options"] == "nosniff"
    assert decode(answer.body)["type"] == "/problems/too-large" and "131072" in decode(answer.body)["detail"]
