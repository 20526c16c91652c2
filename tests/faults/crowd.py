"""
Clients that do not wait for each other: so many operations a second, whatever becomes of them, and a log of each.

An operation is ok (acknowledged), failed (told that nothing was done, or never sent) or unknown (everything else).
"""

import asyncio
import collections
import dataclasses
import json
import random
import threading
import time

from waiting import poll

ANSWER_S = 12  # after that a client gives up
RETRY_S = 0.25
LAST_RETRIES_S = 40
PREFIX = "/api/v1"


@dataclasses.dataclass
class Operation:
    kind: str  # create, close, limit, assign
    name: str  # its message, for create
    source: str = ""
    lead: str = ""
    key: str = ""
    contact: int = 0
    outcome: str = ""
    status: int = 0
    problem: str = ""
    tries: int = 0
    sent_at: float = 0.0  # of the last try
    done_at: float = 0.0
    is_replay: bool = False
    body: dict = None


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return {}


class Lines:
    """Connections kept alive; each carries one request at a time."""

    def __init__(self, port):
        self.port = port
        self.idle = collections.deque()

    async def ask(self, method, path, body, headers):
        """The answer; None: nothing was sent. Raises what happens once something was."""
        line = await self._line()
        if line is None:
            return None
        reader, writer = line
        try:
            raw = json.dumps(body).encode() if body is not None else b""
            head = [f"{method} {path} HTTP/1.1", "Host: faults", f"Content-Length: {len(raw)}"]
            head += ["Content-Type: application/json"] if raw else []
            head += [f"{name}: {value}" for name, value in headers.items()]
            writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + raw)
            answer = await asyncio.wait_for(self._answer(reader), ANSWER_S)
        except BaseException:
            writer.transport.abort()
            raise
        if answer.headers.get("connection", "").lower() == "close":
            writer.transport.abort()
        else:
            self.idle.append(line)
        return answer

    async def _line(self):
        while self.idle:
            reader, writer = self.idle.popleft()
            if not reader.at_eof() and not writer.transport.is_closing():
                return reader, writer
            writer.transport.abort()
        try:
            return await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self.port), ANSWER_S)
        except (OSError, asyncio.TimeoutError):
            return None

    async def _answer(self, reader):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return Answer(int(head[0].split(" ")[1]), headers, body)

    def close(self):
        for _, writer in self.idle:
            writer.transport.abort()


class Crowd:
    """Runs in a thread of its own from start() to stop(); `log` may be read meanwhile, `stop()` returns it whole."""

    def __init__(self, port, scene, mark, rate, takes_keys):
        self.port, self.scene, self.mark, self.rate, self.takes_keys = port, scene, mark, rate, takes_keys
        self.random = random.Random(mark)
        self.log = []
        self.faults = []  # what no client should ever see
        self.longest_refusal = 0  # seconds until a 503
        self.open_contacts = collections.deque(maxlen=400)
        self.number = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def start(self):
        self.thread.start()

    def stop(self):
        self.over.set()
        self.thread.join(timeout=LAST_RETRIES_S + 3 * ANSWER_S)
        assert not self.thread.is_alive(), "the clients did not come to an end"
        return self.log

    # -- figures -----------------------------------------------------------------------------------

    def acknowledged(self, source=None):
        """Moments at which contacts were acknowledged."""
        return sorted(entry.done_at for entry in list(self.log) if entry.kind == "create" and entry.outcome == "ok"
                      and source in (None, entry.source))

    def comes_through(self, more=40, source="wide", seconds=40):
        """Waits until so many contacts were acknowledged that were sent from now on."""
        start, known = time.monotonic(), len(self.log)  # who looks through all of it keeps the clients from working
        poll(lambda: sum(entry.sent_at > start and entry.kind == "create" and entry.outcome == "ok"
                         and entry.source == source for entry in self.log[known:]) >= more,
             f"{more} more contacts are acknowledged", seconds)

    def longest_pause(self, since, source="wide"):
        """Between two acknowledgements, seconds, from a moment on."""
        moments = [since, *(moment for moment in self.acknowledged(source) if moment > since)]
        return max((later - earlier for earlier, later in zip(moments, moments[1:])), default=float("inf"))

    def first_after(self, moment, source="wide"):
        """Seconds until something that was sent after the moment was acknowledged."""
        done = [entry.done_at for entry in self.log if entry.kind == "create" and entry.outcome == "ok"
                and entry.source == source and entry.sent_at > moment]
        return min(done, default=float("inf")) - moment

    def refused(self, source="wide"):
        """Contacts that were told 503, the last time they were sent."""
        return [entry for entry in list(self.log) if entry.kind == "create" and entry.source == source
                and entry.status == 503]

    # -- work --------------------------------------------------------------------------------------

    async def _run(self):
        self.lines = Lines(self.port)
        tasks = set()
        begin = time.monotonic()
        started = 0
        while not self.over.is_set():
            due = int((time.monotonic() - begin) * self.rate)
            for _ in range(started, due):
                task = asyncio.create_task(self._one())
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            started = max(started, due)
            await asyncio.sleep(0.005)
        if tasks:
            await asyncio.wait(tasks)
        self.lines.close()

    def _operation(self):
        self.number += 1
        name = f"{self.mark}-{self.number}"
        draw = self.random.random()
        if draw < 0.25 and len(self.open_contacts) > 20:
            return self._change("close", name, {"status": "closed"})
        if draw < 0.29 and self.scene.can_assign and len(self.open_contacts) > 20:
            return self._change("assign", name, {})
        if draw < 0.30:
            return Operation("limit", name, contact=self.random.choice(self.scene.tight_operators),
                             body={"max_load_limit": self.random.randint(2, 9)})
        source = self.random.choices(list(self.scene.sources), [6, 3, 1])[0]
        # Two contacts of each lead, near each other: who makes the lead is decided by chance.
        lead = f"{self.mark}-lead-{self.number // 2}"
        key = f"key-{name}" if self.takes_keys and self.random.random() < 0.5 else ""
        return Operation("create", name, source, lead, key, body={
            "lead_external_id": lead, "source_id": self.scene.sources[source], "message": name})

    def _change(self, kind, name, body):
        contact = self.open_contacts.popleft()
        return Operation(kind, name, contact=contact, body=body)

    async def _one(self):
        entry = self._operation()
        last = time.monotonic() + LAST_RETRIES_S
        while True:
            await self._try(entry)
            if entry.outcome == "ok" or not entry.key or time.monotonic() > last:
                break
            await asyncio.sleep(RETRY_S)
        if entry.outcome == "ok" and entry.kind == "create" and self.random.random() < 0.9:
            self.open_contacts.append(entry.contact)
        self.log.append(entry)

    def _request(self, entry):
        if entry.kind == "create":
            return "POST", f"{PREFIX}/contacts/"
        if entry.kind == "assign":
            return "POST", f"{PREFIX}/contacts/{entry.contact}/assign"
        if entry.kind == "limit":
            return "PATCH", f"{PREFIX}/operators/{entry.contact}"
        return "PATCH", f"{PREFIX}/contacts/{entry.contact}"

    async def _try(self, entry):
        method, path = self._request(entry)
        entry.tries += 1
        entry.sent_at = time.monotonic()
        was_unknown = entry.outcome == "unknown"
        try:
            answer = await self.lines.ask(method, path, entry.body,
                                          {"Idempotency-Key": entry.key} if entry.key else {})
        except (OSError, EOFError, asyncio.TimeoutError, asyncio.IncompleteReadError):
            answer, entry.outcome, entry.status = None, "unknown", 0
        else:
            entry.outcome = "failed" if answer is None else self._judge(entry, answer)
        entry.done_at = time.monotonic()
        # What an earlier try left open stays open until a try is acknowledged.
        if was_unknown and entry.outcome == "failed":
            entry.outcome = "unknown"

    def _judge(self, entry, answer):
        entry.status = answer.status
        entry.problem = answer.json().get("type", "").removeprefix("/problems/")
        if answer.status in (200, 201):
            if entry.kind == "create":
                entry.contact = answer.json()["id"]
                entry.is_replay = "idempotency-replayed" in answer.headers
            return "ok"
        if answer.status == 503:
            if "retry-after" not in answer.headers:
                self.faults.append(f"503 without Retry-After: {answer.headers} {answer.body[:200]}")
            waited_s = time.monotonic() - entry.sent_at
            self.longest_refusal = max(self.longest_refusal, waited_s)
            if waited_s > 5.5:
                self.faults.append(f"503 only after {waited_s:.1f} s: {entry.kind} {entry.problem}")
            return "unknown" if entry.problem == "outcome-unknown" else "failed"
        if answer.status in (502, 504):
            return "unknown"
        if entry.kind == "assign" and answer.status == 409:
            return "failed"
        self.faults.append(f"{entry.kind} was answered {answer.status}: {answer.body[:300]}")
        return "failed"
