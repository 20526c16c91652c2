"""Scenarios that store nothing: lists and reads of the service, and its HTTP side without the database."""

import http.client
import json
import os
import random
import re
import subprocess

import bench_proc
import bench_runs
import server as leadd
from bench_world import HOT, REPEATED_PERCENT, Service, longest_turn
from postgres import clean_environment
from waiting import poll

READERS = 16
LEADS_ASKED = 500


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 200, f"GET {path}: {answer.status} {body[:500]}"
    return json.loads(body)


class Answers(bench_runs.Scenario):
    """Answers per second, of something that stores nothing."""

    stores_contacts = False

    def figures(self, world, load, usage, **more):
        answered = max(1, load["answered"])
        return {"rate": load["rate"], "p50_ms": load["p50_ms"], "p99_ms": load["p99_ms"], "mean_ms": load["mean_ms"],
                "asked": load["answered"], "not_2xx": load["refused"], "others_percent": usage.others_share() * 100,
                "server_us": usage.seconds("server") * 1e6 / answered,
                "postgres_us": usage.seconds("postgres") * 1e6 / answered,
                "generator_us": usage.seconds("generator") * 1e6 / answered,
                **bench_proc.prices(world.folder), **more}


class Reads(Answers):
    """paths(world, port): what is asked for; items: how many each answer has to show, None: it is no list"""

    def __init__(self, name, about, paths, items, **options):
        super().__init__(name, about, HOT, READERS, **options)
        self.paths, self.items = paths, items

    def run(self, world, repeat, seconds, _is_short=False):
        run = bench_runs.Run()
        service = Service(world)
        try:
            paths = self.paths(world, service.port)
            for path in (paths[0], paths[-1]):
                shown = get(service.port, path)
                if self.items and len(shown["items"]) != self.items:
                    run.complaints.append(f"GET {path} shows {len(shown['items'])} items, not {self.items}")
            tool = bench_runs.wrk("bench_get.lua", self.clients, seconds, service.port,
                                  {"PATHS": " ".join(paths), "SEED": repeat + 1})
            usage = bench_proc.Usage(world.postgres.process.pid, [service.pid])
            (out,) = bench_runs.run_tools([tool], seconds)
            usage.stop()
            load = bench_runs.wrk_figures(out)
            load["rate"] = load["answered"] / load["seconds"]
            run.figures = self.figures(world, load, usage, **longest_turn(service.port),
                                       answer_bytes=load["bytes"] / max(1, load["answered"]))
        finally:
            service.server.kill()
        if load["refused"]:
            run.complaints.append(f"{load['refused']} answers were not 200")
        return run


class Ceiling(Answers):
    """tests/load/ceiling.c: everything but the intake and the database."""

    def run(self, world, repeat, seconds, _is_short=False):
        run = bench_runs.Run()
        out_path = os.path.join(world.folder, "ceiling.out")
        with open(out_path, "wb") as out:
            process = subprocess.Popen([os.path.join(os.path.dirname(leadd.binary()), "ceiling")], stdout=out,
                                       env=clean_environment())

        def port():
            with open(out_path, encoding="utf-8") as printed:
                found = re.search(r"http://127\.0\.0\.1:(\d+)\n", printed.read())
            return found and int(found[1])

        try:
            tool = bench_runs.wrk("bench_wrk.lua", self.clients, seconds, poll(port, "the port is printed"), {
                "RUN": self.name, "FIRST_SOURCE": 1, "LAST_SOURCE": 1, "PAST_LEADS": world.past // 2,
                "REPEATED": REPEATED_PERCENT, "SEED": repeat + 1})
            usage = bench_proc.Usage(world.postgres.process.pid, [process.pid])
            (printed,) = bench_runs.run_tools([tool], seconds)
            usage.stop()
            load = bench_runs.wrk_figures(printed)
            load["rate"] = max(0, load["answered"] - self.clients) / bench_runs.sending_seconds(self.clients, seconds)
            run.figures = self.figures(world, load, usage)
        finally:
            process.kill()
            process.wait()
        if load["refused"]:
            run.complaints.append(f"{load['refused']} answers were not 201")
        return run


def first_page(_world, _port):
    return ["/api/v1/contacts/"]


def deep_page(world, port):
    """Where half of the past is newer."""
    path = "/api/v1/contacts/?lead_id=2&limit=1"  # its contacts of the past are the first one and that in the middle
    page = get(port, path)
    while page["items"][0]["id"] > world.past // 2 + 1:
        page = get(port, f"{path}&cursor={page['next_cursor']}")
    return [f"/api/v1/contacts/?cursor={page['next_cursor']}"]


def leads(world, _port):
    chosen = random.Random(1).sample(range(1, world.past // 2), LEADS_ASKED)
    return [f"/api/v1/leads/{lead}" for lead in chosen]


def loads(_world, _port):
    return ["/api/v1/distribution/load/"]


def reading():
    """The scenarios; their world is large."""
    return [
        Ceiling("ceiling-64", "HTTP alone, without database: parsed, checked, answered, connections: 64", HOT, 64),
        Ceiling("ceiling-256", "the same, connections: 256", HOT, 256, quick=False),
        Reads("contacts-first", "GET /contacts/, first page of 50", first_page, 50, world="1m"),
        Reads("contacts-deep", "GET /contacts/, a page of 50 behind half of the contacts", deep_page, 50, world="1m"),
        Reads("lead", f"GET /leads/{{id}}, {LEADS_ASKED} different ones", leads, None, world="1m"),
        Reads("load", "GET /distribution/load/ of 1,000 operators", loads, 1000, world="1m"),
    ]
