"""Clients that are slow, deaf, or gone: what they cost the others, and when they are let go."""

import contextlib
import http.client
import selectors
import socket
import subprocess
import threading
import time

import bench_proc
from scrape import Metrics
from test_bounds import large_contacts
from waiting import poll, together

SLOW_SECONDS = 30
TICK_S = 0.25
DEADLINE_S = 10  # REQUEST_DEADLINE_MS
CUT_LATE_S = 1.5  # what a sweep, a tick and a busy machine may add
HEALTH_P99_MS = 100
MEMORY_MAX_MB = 100
GONE_S = 15
GONE_ADDRESS = "127.0.0.2"

HEAD = b"GET /health/live HTTP/1.1\r\nHost: slow\r\nX-Slow: "
BODY = b"POST /api/v1/contacts/ HTTP/1.1\r\nHost: slow\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
CHUNKS = BODY.replace(b"Content-Length: 5000", b"Transfer-Encoding: chunked") + b"1000\r\n"
PAGE = b"GET /api/v1/contacts/?limit=200 HTTP/1.1\r\nHost: slow\r\n\r\n"
ASSET = b"GET /assets/docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: slow\r\n\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\nHost: slow\r\n\r\n"

# How many of each, how they begin, and what they send bit by bit; deaf ones take nothing of what they are sent.
KINDS = [(250, HEAD, b"y", False), (250, BODY, b" ", False), (200, CHUNKS, b" ", False), (100, LIVE, b"", False),
         (100, PAGE, b"", True), (100, ASSET, b"", True)]


class Slow:
    """A slow connection; made anew when it is cut."""

    def __init__(self, crowd, kind):
        self.crowd = crowd
        _, self.start, self.drop, self.is_deaf = kind
        self.open()

    def open(self):
        self.plug = socket.socket()
        if self.is_deaf:
            self.plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.plug.connect(("127.0.0.1", self.crowd.port))
        self.plug.setblocking(False)
        self.plug.send(self.start)
        self.since = time.monotonic()
        if not self.is_deaf:
            self.crowd.selector.register(self.plug, selectors.EVENT_READ, self)

    def trickle(self):
        if self.drop:
            with contextlib.suppress(OSError):
                self.plug.send(self.drop)

    def on_readable(self):
        """A slow request is answered by 408 and the end; one that asked for something has its answer and waits on."""
        try:
            received = self.plug.recv(65536)
        except OSError:
            received = b""
        if not self.drop and received:
            return
        if self.drop:
            self.crowd.cut_after.append(time.monotonic() - self.since)
            self.crowd.wrong += not received.startswith(b"HTTP/1.1 408 ")
        self.close()
        self.open()

    def close(self):
        if not self.is_deaf:
            self.crowd.selector.unregister(self.plug)
        self.plug.close()


class Crowd:
    """A thousand of them in one thread."""

    def __init__(self, port):
        self.port = port
        self.selector = selectors.DefaultSelector()
        self.cut_after, self.wrong = [], 0
        self.over = threading.Event()
        self.members = [Slow(self, kind) for kind in KINDS for _ in range(kind[0])]

    def run(self):
        next_tick = time.monotonic()
        while not self.over.is_set():
            for key, _ in self.selector.select(max(0, next_tick - time.monotonic())):
                key.data.on_readable()
            if time.monotonic() >= next_tick:
                next_tick += TICK_S
                for member in self.members:
                    member.trickle()
        for member in self.members:
            member.close()


class Probe:
    """Asks the same thing now and then; how long each answer took, milliseconds."""

    def __init__(self, over, pause_s, ask):
        self.over, self.pause_s, self.ask = over, pause_s, ask
        self.ms = []

    def run(self):
        while not self.over.wait(self.pause_s):
            start = time.perf_counter()
            self.ask()
            self.ms.append((time.perf_counter() - start) * 1000)

    def p99(self):
        return sorted(self.ms)[int(len(self.ms) * 0.99)]


def ask_live(port):
    """Over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/health/live")
    assert connection.getresponse().status == 200
    connection.close()


def slow_clients(lab):
    """1,000 slow connections: /health/live within 100 ms (p99), contacts are assigned, who trickles is cut after 10 s"""
    api = lab.serve()
    large_contacts(api)
    _, source = api.desk(max_load_limit=1000000)
    pid = api.server.process.pid
    crowd = Crowd(api.port)
    kept = Probe(crowd.over, 0.02, lambda: api.get("/health/live").must(200))
    new = Probe(crowd.over, 0.05, lambda: ask_live(api.port))
    contacts = Probe(crowd.over, 0.02, lambda: api.contact(source))
    bench_proc.forget_memory_peak(pid)

    def end(_):
        crowd.over.wait(SLOW_SECONDS)
        crowd.over.set()

    works = [end, *(lambda _, work=work: work.run() for work in (crowd, kept, new, contacts))]
    together(len(works), lambda index: works[index](index))

    peak = bench_proc.memory_mb(pid, "VmHWM")
    stored = api.psql.count(f"contacts where source_id = {source['id']} and operator_id is not null")
    complaints = []
    for name, probe in (("over a kept connection", kept), ("over new connections", new)):
        if probe.p99() >= HEALTH_P99_MS:
            complaints.append(f"p99 of /health/live {name}: {probe.p99():.0f} ms")
    late = [seconds for seconds in crowd.cut_after if not DEADLINE_S - 0.1 <= seconds <= DEADLINE_S + CUT_LATE_S]
    if late or crowd.wrong or len(crowd.cut_after) < 700:
        complaints.append(f"{len(crowd.cut_after)} cut, {len(late)} not after {DEADLINE_S} s: {late[:5]}, "
                          f"{crowd.wrong} without 408")
    if stored != len(contacts.ms):
        complaints.append(f"{stored} of {len(contacts.ms)} contacts are assigned")
    if peak >= MEMORY_MAX_MB:
        complaints.append(f"{peak:.1f} MB of memory")
    return (f"p99 of /health/live {kept.p99():.1f} ms kept, {new.p99():.1f} ms new connections; {stored} contacts assigned, "
            f"p99 {contacts.p99():.1f} ms; {len(crowd.cut_after)} cut after {min(crowd.cut_after):.1f} to "
            f"{max(crowd.cut_after):.1f} s; memory at most {peak:.1f} MB"), complaints


# -- gone -------------------------------------------------------------------------------------------


@contextlib.contextmanager
def cut_off(address):
    """Nothing of it arrives any more, and nobody is told."""
    rules = [("INPUT", "-s", address), ("OUTPUT", "-d", address)]
    try:
        for chain, *match in rules:
            subprocess.run(["iptables", "-A", chain, *match, "-j", "DROP"], check=True)
        yield
    finally:
        subprocess.run(["iptables", "-F"], check=True)


def connections(api):
    return Metrics(api.get("/metrics").body.decode()).value("leadd_http_connections")


def vanished_clients(lab):
    """Peers that are gone without a word are noticed within 15 s"""
    api = lab.serve(IDLE_TIMEOUT_MS=3600000, REQUEST_DEADLINE_MS=600000)
    large_contacts(api)
    starts = {"idle": b"", "in a request": HEAD, "in a body": BODY, "behind an answer": LIVE, "in an answer": PAGE}
    before = connections(api)
    plugs = {}
    for name, start in starts.items():
        plugs[name] = [socket.socket() for _ in range(10)]
        for plug in plugs[name]:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            plug.bind((GONE_ADDRESS, 0))
            plug.connect(("127.0.0.1", api.port))
            plug.sendall(start)
            if name == "behind an answer":
                plug.recv(65536)
    poll(lambda: connections(api) == before + 50, "all of them are connected")

    with cut_off(GONE_ADDRESS):
        started = time.monotonic()
        poll(lambda: connections(api) <= before, "all of them are let go", seconds=60)
        seconds = time.monotonic() - started
    for group in plugs.values():
        for plug in group:
            plug.close()
    complaints = [f"{seconds:.1f} s"] if seconds > GONE_S else []
    return f"50 connections ({', '.join(starts)}) were gone after {seconds:.1f} s", complaints
