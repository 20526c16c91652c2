"""HTTP as a client sees it. Every answer, whoever asked, is held against the ground rules of the API."""

import copy
import functools
import http.client
import json
import re
import select
import socket
import threading
import urllib.parse

PREFIX = "/api/v1/"
TIMEOUT_S = 12
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def decode(raw):
    """JSON as RFC 8259 has it: no NaN, no member twice, nothing but UTF-8."""

    def members(pairs):
        value = dict(pairs)
        assert len(value) == len(pairs), f"a member twice in {raw[:200]}"
        return value

    def constant(name):
        raise AssertionError(f"{name} in {raw[:200]}")

    return json.loads(raw.decode("utf-8", "strict"), object_pairs_hook=members, parse_constant=constant)


class Answer:
    """One answer, with enough of its request to judge it."""

    def __init__(self, method, target, sent, status, headers, body):
        self.method, self.target, self.sent = method, target, sent
        self.status, self.body = status, body
        self.headers = {name.lower(): value for name, value in headers}

    @property
    def media_type(self):
        return self.headers.get("content-type", "").partition(";")[0]

    @functools.cached_property
    def json(self):
        return decode(self.body)

    @property
    def fields(self):
        """Of a 422: the set of the fields at fault."""
        return {fault["field"] for fault in self.must(422)["errors"]}

    @property
    def problem(self):
        """The last part of the problem's type: "validation"."""
        return self.json["type"].removeprefix("/problems/")

    def must(self, *statuses):
        """The decoded body, given that the status is one of these."""
        assert self.status in statuses, f"expected {statuses}\n{self}"
        return self.json if self.body and self.media_type.endswith("json") else None

    def __str__(self):
        return (f"{self.method} {self.target}\n  sent   {self.sent!r:.600}\n  answer {self.status} {self.headers}\n"
                f"  body   {self.body[:1500]!r}")


def check_ground_rules(answer, contract):
    """What holds for each and every answer."""
    assert answer.status != 500, f"500\n{answer}"
    assert REQUEST_ID.fullmatch(answer.headers.get("x-request-id", "")), f"no X-Request-Id\n{answer}"
    if answer.status == 503:
        assert re.fullmatch("[1-9][0-9]*", answer.headers.get("retry-after", "")), f"503 without Retry-After\n{answer}"
    if answer.status in (204, 304) or answer.method == "HEAD":
        assert not answer.body, f"a body\n{answer}"
    elif answer.status >= 400:
        check_problem(answer)
    if answer.body and answer.media_type.endswith("json"):
        check_times(answer.json, answer)
    if contract and answer.method not in ("HEAD", "OPTIONS"):
        faults = contract.faults(answer)
        assert not faults, "against the OpenAPI document: " + "; ".join(faults[:5]) + f"\n{answer}"


def check_problem(answer):
    assert answer.media_type == "application/problem+json", f"an error that is no problem+json\n{answer}"
    problem = answer.json
    for member in ("type", "title", "detail"):
        assert isinstance(problem.get(member), str) and problem[member], f"problem without {member}\n{answer}"
    assert problem["type"].startswith("/problems/"), f"type is not ours\n{answer}"
    assert problem.get("status") == answer.status, f"status differs\n{answer}"
    assert problem.get("instance") == answer.headers["x-request-id"], f"instance is not the request id\n{answer}"
    assert (answer.status == 422) == ("errors" in problem), f"errors belong to 422\n{answer}"
    for fault in problem.get("errors", []):
        assert set(fault) == {"field", "message"} and fault["message"], f"a fault without a message\n{answer}"


def check_times(value, answer):
    if isinstance(value, list):
        for item in value:
            check_times(item, answer)
    elif isinstance(value, dict):
        for name, member in value.items():
            if name.endswith("_at") and isinstance(member, str):
                assert TIME.fullmatch(member), f"{name} is not UTC with microseconds\n{answer}"
            elif name != "payload":
                check_times(member, answer)


def target_of(path, query=None):
    """A path without a leading slash is one below /api/v1/."""
    target = path if path.startswith("/") else PREFIX + path
    return target + ("?" + urllib.parse.urlencode(query) if query else "")


def encode(body):
    """Bytes go as they are, everything else as JSON."""
    return body if body is None or isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()


class Client:
    """Keeps one connection per thread alive."""

    def __init__(self, port, contract=None):
        self.port = port
        self.contract = contract
        self.key = None  # of the API, sent with each request
        self.last = None  # answer, for the report of a failure
        self._local = threading.local()

    def bearing(self, key):
        """The same client with that key; on connections of its own."""
        other = copy.copy(self)
        other.key, other._local = key, threading.local()
        return other

    def get(self, path, headers=None, **query):
        return self.request("GET", path, headers=headers, query=query)

    def head(self, path, **query):
        return self.request("HEAD", path, query=query)

    def options(self, path):
        return self.request("OPTIONS", path)

    def post(self, path, body=None, headers=None):
        return self.request("POST", path, body, headers)

    def put(self, path, body=None, headers=None):
        return self.request("PUT", path, body, headers)

    def patch(self, path, body=None, headers=None):
        return self.request("PATCH", path, body, headers)

    def delete(self, path):
        return self.request("DELETE", path)

    def request(self, method, path, body=None, headers=None, query=None):
        """A header of None is not sent. The answer has passed the ground rules."""
        target = target_of(path, query)
        headers = {**({} if body is None else {"Content-Type": "application/json"}),
                   **({"Authorization": f"Bearer {self.key}"} if self.key else {}), **(headers or {})}
        connection = self._connection()
        try:
            connection.request(method, target, encode(body), {k: v for k, v in headers.items() if v is not None})
            response = connection.getresponse()
            answer = Answer(method, target, body, response.status, response.getheaders(), response.read())
        except Exception:
            connection.close()
            raise
        return self._judged(answer)

    def _judged(self, answer):
        self.last = answer
        check_ground_rules(answer, self.contract)
        return answer

    def _connection(self):
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
            self._local.connection = connection
        elif connection.sock and select.select([connection.sock], [], [], 0)[0]:
            connection.close()  # the server hung up while it was idle
        return connection

    def close(self):
        """This thread's connection."""
        if getattr(self._local, "connection", None):
            self._local.connection.close()

    def pages(self, path, **query):
        """All items of a list, following next_cursor; each page has at most `limit` items."""
        items, cursor = [], {}
        while True:
            page = self.get(path, **query, **cursor).must(200)
            assert set(page) == {"items", "next_cursor"}, page
            assert len(page["items"]) <= query.get("limit", 50)
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            assert page["items"], "an empty page that has a next one"
            cursor = {"cursor": page["next_cursor"]}

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_S)

    def raw(self, request):
        """Sends these bytes on a connection of their own; the answer, held against the ground rules."""
        with self.connect() as plug:
            plug.sendall(request)
            return self.read_answer(plug, request)

    def read_answer(self, plug, request):
        method, target = request.split(b" ", 2)[:2]
        response = http.client.HTTPResponse(plug, method=method.decode("latin-1"))
        response.begin()
        answer = Answer(method.decode("latin-1"), target.decode("latin-1"), request, response.status,
                        response.getheaders(), response.read())
        return self._judged(answer)
