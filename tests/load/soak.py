"""
Everything that clients do, for a while: what the chaos test does, and lists, large bodies, faults, hostile bytes,
connections that are dropped. Then nothing of it may be left in memory or among the descriptors.
"""

import json
import os
import random
import socket
import struct
import threading
import time

import bench_proc
import chaos_deeds
import test_http_abuse as abuse
from chaos_world import NOT_NOW, World
from client import Client
from scrape import Metrics
from waiting import poll, together

CLIENTS = 6
STRANGERS = 2
GROWTH_MAX_MIB = 5
WARM_UP_S = 60
WARM_UP_PART = 0.3
SAMPLES = 10

DEEDS = list(chaos_deeds.DEEDS)


def deed(often):
    return chaos_deeds.deed(often, DEEDS)


# -- what the chaos test does not do ----------------------------------------------------------------


@deed(2)
def pages(world, dice, api):
    path = dice.choice(("contacts/", "leads/", "operators/", "sources/"))
    chaos_deeds.look(world, "page", api.get(path, limit=200))


@deed(1)
def documents(world, dice, api):
    path = dice.choice(("/openapi.json", "/docs", "/redoc", "/metrics", "/health/live", "/health/ready", "/",
                        "/problems/validation", "/assets/docs/pages.css", "/assets/docs/swagger-ui-bundle.js"))
    answer = api.request(dice.choice(("GET", "GET", "HEAD")), path)
    assert answer.status == 200, answer
    world.count("document", answer.status)


@deed(1)
def large_list(world, dice, api):
    rows = [{**world.draft(dice), "message": "m" * 2000} for _ in range(200)]
    for item in chaos_deeds.told(world, "large list", api.post("contacts/batch", rows), 200).json.get("items", []):
        assert item["status"] in (201, NOT_NOW), item
        if item["status"] == 201:
            world.tell(item["contact"])


@deed(1)
def large_contact(world, dice, api):
    draft = world.draft(dice)
    draft["payload"]["text"] = "p" * 60000
    answer = chaos_deeds.told(world, "large contact", api.post("contacts/", draft), 201)
    if answer.status == 201:
        world.tell(answer.json)


FAULTS = [
    ("POST", "contacts/", b"{", 400), ("POST", "contacts/", b"{}", 422), ("POST", "contacts/", b"[1]", 422),
    ("POST", "contacts/", json.dumps({f"name {n}": n for n in range(200)}).encode(), 422),
    ("POST", "contacts/batch", b"[{}, 1, {]", 400), ("POST", "contacts/batch", b"[]", 422),
    ("GET", "contacts/0", None, 422), ("GET", "contacts/?limit=0&x=1", None, 422), ("GET", "nothing", None, 404),
    ("DELETE", "contacts/", None, 405), ("PUT", "operators/1", b"{}", 405), ("GET", "leads/?cursor=x", None, 422),
    ("POST", "operators/", b" " * 131072 + b"x", 413), ("GET", "%zz", None, 400),
]


@deed(3)
def fault(world, dice, api):
    method, path, body, _ = dice.choice(FAULTS)
    answer = api.request(method, path, body)
    assert 400 <= answer.status < 500 or answer.status == NOT_NOW, answer
    world.count("fault", answer.status)


# -- strangers: each with connections of its own ----------------------------------------------------


def hostile(dice, api):
    raw, statuses = dice.choice(HOSTILE)
    with api.connect() as plug:
        abuse.push(plug, raw)
        answers = abuse.answers_in(abuse.read_all(plug), raw)
    assert len(answers) == 1 and answers[0].status in statuses, f"{statuses} to {raw[:200]!r}: {answers}"


def dropped(dice, api):
    """Cut off at any point of what would have been fine, with a reset or without."""
    raw, _ = dice.choice(abuse.FINE)
    with api.connect() as plug:
        abuse.push(plug, raw[:dice.randrange(len(raw))])
        if dice.random() < 0.5:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def half_read(dice, api):
    """A large answer that is never fetched to its end."""
    with api.connect() as plug:
        abuse.push(plug, b"GET /assets/docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n")
        plug.recv(dice.choice((1, 1000, 100000)))


def pipelined(dice, api):
    raw = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n" * dice.choice((2, 50, 500))
    with api.connect() as plug:
        abuse.push(plug, raw + abuse.GET + b"Connection: close\r\n\r\n")
        abuse.read_all(plug)


HOSTILE = ([(raw, statuses) for raw, statuses in abuse.REQUEST_LINES + abuse.METHODS]
           + [(b"GET /health/live HTTP/1.1\r\n" + lines + b"\r\n", statuses) for lines, statuses in abuse.HEADERS]
           + [(abuse.POST + rest, statuses) for rest, statuses in abuse.LENGTHS]
           + [(abuse.CHUNKED + rest, statuses) for rest, statuses in abuse.CHUNKS])
STRANGE_DEEDS = (hostile, hostile, dropped, dropped, half_read, pipelined)


# -- the soak ---------------------------------------------------------------------------------------


class Soak:
    """After run(): `figures` for people, and `complaints`."""

    def __init__(self, api, seconds, seed=1):
        self.api, self.seconds, self.seed = api, seconds, seed
        self.pid = api.server.process.pid
        self.complaints = []
        self.samples = []  # (seconds since the start, MiB)
        self.failed = threading.Event()

    def run(self):
        self.wait_until_connected()
        before = self.descriptors()
        self.world = World([self.api, self.api], random.Random(self.seed))
        self.start = time.monotonic()
        together(CLIENTS + STRANGERS + 1, self._one)
        self.rest(before)
        self.judge_memory()

    def wait_until_connected(self):
        def is_whole():
            metrics = Metrics(self.api.get("/metrics").body.decode())
            return all(metrics.value("leadd_pool_connections", pool=pool)
                       == metrics.value("leadd_pool_connections_max", pool=pool) > 0 for pool in ("lane", "requests"))

        poll(is_whole, "all connections to the database stand", seconds=20)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def is_over(self):
        return self.failed.is_set() or time.monotonic() - self.start > self.seconds

    def _one(self, number):
        dice = random.Random(f"{self.seed}/{number}")
        try:
            if number < CLIENTS:
                self.client(dice)
            elif number < CLIENTS + STRANGERS:
                self.stranger(dice)
            else:
                self.watch()
        except BaseException:
            self.failed.set()
            raise

    def client(self, dice):
        """Works over one connection, now and then over a new one."""
        weights = [often for often, _ in DEEDS]
        while not self.is_over():
            api = Client(self.api.port, self.api.contract)
            api.unique = self.api.unique
            for _ in range(dice.choice((1, 20, 200))):
                if self.is_over():
                    break
                ((_, work),) = dice.choices(DEEDS, weights)
                work(self.world, dice, api)
            api.close()

    def stranger(self, dice):
        while not self.is_over():
            deed = dice.choice(STRANGE_DEEDS)
            deed(dice, self.api)
            self.world.count(deed.__name__, "done")

    def watch(self):
        while not self.is_over():
            self.samples.append((time.monotonic() - self.start, bench_proc.memory_mb(self.pid)))
            self.failed.wait(min(1, self.seconds / 40))

    def rest(self, before):
        """The strangers' last connections linger for two seconds."""
        try:
            poll(lambda: self.descriptors() <= before, "descriptors are where they were", seconds=20)
        except AssertionError:
            self.complaints.append(f"{self.descriptors()} descriptors, {before} before")

    def judge_memory(self):
        warm_s = min(WARM_UP_S, self.seconds * WARM_UP_PART)
        warm = [mib for at, mib in self.samples if at >= warm_s]
        first, last = (sorted(part)[len(part) // 2] for part in (warm[:SAMPLES], warm[-SAMPLES:]))
        self.growth = last - first
        done = sum(self.world.tally.values())
        self.figures = (f"{done} operations in {self.seconds:g} s, resident memory {first:.1f} MiB after {warm_s:.0f} s, "
                        f"{last:.1f} at the end ({self.growth:+.1f}), at most {max(mib for _, mib in self.samples):.1f}")
        if self.growth >= GROWTH_MAX_MIB:
            self.complaints.append(f"memory grew by {self.growth:.1f} MiB")
