"""Scenarios that store contacts: pgbench on the database itself, and wrk on the service. A run returns its figures."""

import contextlib
import glob
import json
import os
import re
import resource
import statistics
import subprocess

import bench_checks
import bench_proc
from bench_world import FULL_PLACES, HERE, HOT, REPEATED_PERCENT, SPREAD, Service, longest_turn
from postgres import clean_environment

TAIL_SECONDS = 0.3  # of a run: for the answers of wrk's last requests
CROWD = 1000  # more connections than that need longer
CROWD_SECONDS, CROWD_TAIL_SECONDS = 4, 3  # beside the others' seconds; of these the last
WARM_SECONDS = 6  # of pgbench with many clients
SERVICE_WARM_SECONDS, GROWTH_WARM_SECONDS = 2, 3  # in a short run one less
FULL = "full"


class Run:
    """One run's figures and complaints."""

    def __init__(self):
        self.figures = {}
        self.complaints = []


def run_tools(tools, seconds):
    """Runs (command, environment) pairs beside each other; what each printed."""
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env={**clean_environment(), **environment}) for command, environment in tools]
    try:
        printed = [process.communicate(timeout=seconds + 60) for process in running]
    finally:
        for process in running:
            process.kill()
    for (command, _), process, (out, errors) in zip(tools, running, printed):
        assert process.returncode == 0, f"{command[0]} left with {process.returncode}:\n{out[-2000:]}{errors[-2000:]}"
    return [out for out, _ in printed]


def sending_seconds(connections, seconds):
    """For how long of a run wrk sends."""
    return seconds - TAIL_SECONDS if connections <= CROWD else seconds + CROWD_SECONDS - CROWD_TAIL_SECONDS


def wrk(script, connections, seconds, port, settings):
    """A tool for run_tools()."""
    whole = seconds if connections <= CROWD else seconds + CROWD_SECONDS
    command = ["wrk", "-t1", f"-c{connections}", f"-d{whole:g}s", "--timeout", "10s",
               "-s", os.path.join(HERE, script), f"http://127.0.0.1:{port}/"]
    settings = {**settings, "SECONDS": sending_seconds(connections, seconds)}
    return command, {f"BENCH_{name}": str(value) for name, value in settings.items()}


def wrk_figures(out):
    return json.loads(out.strip().splitlines()[-1])


def most(figures):
    """Of each of several the most."""
    return {name: max(each[name] for each in figures) for name in figures[0]}


def together(loads):
    """Figures of several wrk beside each other; the latencies are those of the slowest."""
    whole = {name: sum(load[name] for load in loads) for name in ("sent", "answered", "refused", "broken")}
    return {**whole, **most([{name: load[name] for name in ("p50_ms", "p99_ms", "mean_ms")} for load in loads])}


def slow_paths(world):
    """What one client may ask for that takes long: pages that are searched for in everything, and a report."""
    moment = world.psql.value("select to_char(min(created_at) + interval '1 minute', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') "
                              "from contacts")
    return [f"/api/v1/contacts/?created_to={moment}&limit=200", "/api/v1/leads/?limit=200",
            "/api/v1/contacts/?limit=200", "/api/v1/distribution/sources/1"]


def percentile(ordered, part):
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


class Scenario:
    """
    quick: whether a short run has it, too; world: of bench.py's list; against: names of those that it is compared with,
    which run right before and after it, since a machine shared with others is not as fast at all times; rounds: how often
    in each repeat, in turn with those, where they differ by less than such a machine does; lasts: times the usual seconds, so
    that the first moment, when all connect at once and each waits for all others, weighs less (with 256 connections it is
    less than the slowest hundredth then)
    """

    stores_contacts = True

    def __init__(self, name, about, sources, clients, quick=True, world="main", against=(), rounds=1, lasts=1):
        self.name, self.about, self.sources, self.clients = name, about, sources, clients
        self.quick, self.world, self.against, self.rounds, self.lasts = quick, world, against, rounds, lasts

    def why_impossible(self):
        """What this machine lacks for it, or None."""
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if self.clients + 200 > descriptors:
            return f"{self.clients} connections need more than the {descriptors} descriptors that a process may have here"
        return None

    def run(self, world, repeat, seconds, is_short=False):
        """Loads, waits for what is under way, looks at the data."""
        seconds *= 1 if is_short else self.lasts
        run = Run()
        label = world.new_label(self.name)
        sources = world.new_full_source() if self.sources == FULL else self.sources
        with contextlib.ExitStack() as leaving:
            services = self.start(world, label, repeat, is_short, leaving)
            before = world.last_ids()
            prices = bench_proc.prices(world.folder)
            wal = world.wal_bytes()
            load, usage = self.load(world, services, label, sources, seconds, repeat, run)
            wal = world.wal_bytes() - wal
        facts = bench_checks.facts_after(world, label, before)
        stored = max(1, facts["stored"])
        run.figures.update(load, **prices, stored=facts["stored"], contacts_per_commit=stored / max(1, facts["transactions"]),
                           wal_bytes=wal / stored, others_percent=usage.others_share() * 100,
                           postgres_us=usage.seconds("postgres") * 1e6 / stored, postgres_faults=usage.faults() / stored,
                           generator_us=usage.seconds("generator") * 1e6 / stored)
        run.complaints += bench_checks.integrity(facts) + self.judge(facts, load)
        if self.sources == FULL:
            run.complaints += bench_checks.all_places_taken(world, sources[0], facts)
        else:
            run.complaints += bench_checks.shares_of(world, sources, before[0], pooled=True)
        return run

    def start(self, _world, _label, _repeat, _is_short, _leaving):
        """What has to run before, and to be warm; leaving ends it, whatever happens."""
        return []


class Pgbench(Scenario):
    """
    One call of bench_contact() per contact, each client on a connection of its own. The first seconds, in which its many
    processes start and make their plans, do not count for rate and latencies.
    """

    def __init__(self, name, about, sources, clients, whole=False, quick=True):
        super().__init__(name, about, sources, clients, quick)
        self.whole = whole

    def load(self, world, _services, label, sources, seconds, repeat, run):
        usage = bench_proc.Usage(world.postgres.process.pid)
        out, done = self._pgbench(world, sources, seconds + (WARM_SECONDS if self.clients > 1 else 1), repeat)
        usage.stop()
        assert done, f"pgbench finished no transaction:\n{out}"
        end = max(at - latency for at, latency in done)  # the last one's beginning
        start = end - seconds * 1e6
        latencies = sorted(latency for at, latency in done if start < at <= end)
        assert latencies and min(at for at, _ in done) <= start, f"pgbench was not warm in time:\n{out}"
        return {"done": int(re.search(r"actually processed: (\d+)", out)[1]),
                "failed": int(re.search(r"failed transactions: (\d+)", out)[1]), "rate": len(latencies) / seconds,
                "p50_ms": percentile(latencies, 0.5) / 1000, "p99_ms": percentile(latencies, 0.99) / 1000,
                "mean_ms": statistics.fmean(latencies) / 1000}, usage

    def _pgbench(self, world, sources, seconds, repeat):
        """What it printed; when each transaction ended, and its latency, in microseconds. The seconds begin before it connects."""
        log = os.path.join(world.folder, "pgbench")
        variables = {"first_source": sources[0], "last_source": sources[1], "past_leads": world.past // 2,
                     "repeated": REPEATED_PERCENT, "whole": int(self.whole)}
        command = [f"{world.postgres.bin}/pgbench", "-n", "-M", "prepared", "-c", str(self.clients), "-T", str(seconds),
                   "-f", os.path.join(HERE, "bench_pgbench.sql"), "-l", f"--log-prefix={log}",
                   f"--random-seed={repeat + 1}", *[f"-D{name}={value}" for name, value in variables.items()], world.url]
        # No history but what the function writes.
        (out,) = run_tools([(command, {"PGOPTIONS": "-c leadd.records=own"})], seconds)
        done = []
        for path in glob.glob(log + ".*"):
            with open(path, encoding="utf-8") as file:
                for _client, _number, latency, _script, epoch_s, epoch_us in map(str.split, file):
                    done.append((int(epoch_s) * 1_000_000 + int(epoch_us), int(latency)))
            os.unlink(path)
        return out, done

    def judge(self, facts, load):
        if (facts["stored"], load["failed"]) == (load["done"], 0):
            return []
        return [f"pgbench did {load['done']} transactions, {load['failed']} failed, {facts['stored']} are stored"]


class Wrk(Scenario):
    """
    The service through HTTP, fresh processes for each run, so that their memory is this run's.

    processes: as many, each with a wrk of its own; beside: one more client asks for slow lists and reports meanwhile;
    settings: of leadd; is_old: warm by known leads only, until its backend has touched what the past will make it touch
    """

    def __init__(self, name, about, sources, clients, processes=1, beside=False, settings=None, is_old=False, **options):
        super().__init__(name, about, sources, clients, **options)
        self.processes, self.beside, self.settings, self.is_old = processes, beside, settings or {}, is_old

    def start(self, world, label, repeat, is_short, leaving):
        """Like processes that have run for some time: new backends of PostgreSQL find each page of its memory by a fault."""
        services = []
        for _ in range(self.processes):
            services.append(Service(world, self.settings))
            leaving.callback(services[-1].server.kill)
        sources = HOT if self.sources == FULL else self.sources
        seconds, repeated = (GROWTH_WARM_SECONDS, 100) if self.is_old else (SERVICE_WARM_SECONDS, REPEATED_PERCENT)
        seconds -= is_short
        tools = [self._tool(world, service, f"{label}-warm-p{number}", sources, seconds, 1000 + repeat, repeated)
                 for number, service in enumerate(services)]
        for load in map(wrk_figures, run_tools(tools, seconds)):
            assert load["answered"] > load["refused"], load
        world.wait_until_quiet()
        return services

    def load(self, world, services, label, sources, seconds, repeat, run):
        load, usage = self._load(world, services, label, sources, seconds, repeat)
        world.wait_until_quiet()
        first = services[0]
        load.update(after_mb=bench_proc.memory_mb(first.pid), idle_mb=first.idle_mb, ready_ms=first.ready_ms,
                    logged_ready_ms=first.logged_ready_ms(), **most([longest_turn(service.port) for service in services]))
        for service in services:
            try:
                service.stop()
            except AssertionError as complaint:
                run.complaints.append(str(complaint))
        return load, usage

    def _tool(self, world, service, name, sources, seconds, seed, repeated=REPEATED_PERCENT):
        """One of the load generators: it sends through its part of the connections."""
        settings = {"RUN": name, "FIRST_SOURCE": sources[0], "LAST_SOURCE": sources[1], "PAST_LEADS": world.past // 2,
                    "REPEATED": repeated, "SEED": seed}
        return wrk("bench_wrk.lua", self.clients // self.processes, seconds, service.port, settings)

    def _tools(self, world, services, label, sources, seconds, repeat):
        tools = [self._tool(world, service, f"{label}-p{number}", sources, seconds, 100 * number + repeat + 1)
                 for number, service in enumerate(services)]
        if self.beside:
            tools.append(wrk("bench_get.lua", 1, seconds, services[0].port,
                             {"PATHS": " ".join(slow_paths(world)), "SEED": repeat + 1}))
        return tools

    def _load(self, world, services, label, sources, seconds, repeat):
        tools = self._tools(world, services, label, sources, seconds, repeat)
        pids = [service.pid for service in services]
        for pid in pids:
            bench_proc.forget_memory_peak(pid)
        usage = bench_proc.Usage(world.postgres.process.pid, pids)
        loads = [wrk_figures(out) for out in run_tools(tools, seconds)]
        usage.stop()
        load = together(loads[:len(services)])
        acknowledged = load["answered"] - load["refused"]
        # When the requests ended each connection had one open, which was answered after.
        load.update(rate=max(0, acknowledged - self.clients) / sending_seconds(self.clients, seconds),
                    peak_mb=max(bench_proc.memory_mb(pid, "VmHWM") for pid in pids),
                    server_us=usage.seconds("server") * 1e6 / max(1, acknowledged))
        if self.beside:
            load.update(beside_rate=loads[-1]["answered"] / seconds, beside_refused=loads[-1]["refused"])
        return load, usage

    def judge(self, facts, load):
        return bench_checks.exactly_once(facts, load, self.clients)


BASELINE, BASELINE_WHOLE = "pgbench-64", "pgbench-64-whole"
CLIENTS = (1, 64, 256, 1000)


def baselines(clients):
    return ("pgbench-1", "pgbench-1-whole") if clients == 1 else (BASELINE, BASELINE_WHOLE)


STORING = [
    Pgbench("pgbench-1", "pgbench, hot source, clients: 1", HOT, 1),
    Pgbench(BASELINE, "pgbench, hot source, clients: 64", HOT, 64),
    Pgbench("pgbench-1-whole", "pgbench storing all that the service stores, hot source, clients: 1", HOT, 1, True),
    Pgbench(BASELINE_WHOLE, "the same, clients: 64", HOT, 64, True),
    Pgbench("pgbench-64-spread", "pgbench, 50 sources, clients: 64", SPREAD, 64, quick=False),
    Pgbench("pgbench-64-spread-whole", "pgbench storing all that the service stores, 50 sources, clients: 64", SPREAD, 64,
            True, quick=False),
    *[Wrk(f"hot-{clients}", f"leadd, hot source, connections: {clients}", HOT, clients, against=baselines(clients),
          rounds=3 if clients == 1 else 1, lasts=1 if clients == 1 else 2) for clients in CLIENTS],
    *[Wrk(f"spread-{clients}", f"leadd, 50 sources, connections: {clients}", SPREAD, clients, quick=clients != 1,
          against=baselines(clients), lasts=1 if clients == 1 else 2) for clients in CLIENTS],
    Wrk("hot-64-beside", "hot-64 while one client asks for slow lists and reports", HOT, 64, beside=True, against=("hot-64",),
        lasts=2),
    Wrk("hot-256-two", "two processes of leadd on one database, hot source, connections: 128 each", HOT, 256, processes=2,
        against=("hot-256",), lasts=2),
    Wrk("spread-256-two", "the same, 50 sources", SPREAD, 256, processes=2, quick=False, against=("spread-256",),
        lasts=2),
    Wrk("hot-10000", "leadd, hot source, connections: 10000, nobody turned away (LINE_WAIT_MS=60000)", HOT, 10000,
        settings={"LINE_WAIT_MS": 60000}, quick=False),
    Wrk("full-64", f"leadd, {FULL_PLACES} places run out, connections: 64", FULL, 64),
]

# The same on pasts of other sizes; of the last one each of the ten operators holds 100,000 contacts.
GROWTH_CLIENTS = (64, 256)
GROWTH_WORLDS = {"10k": "10 thousand closed contacts", "1m": "1 million closed contacts", "5m": "5 million closed contacts",
                 "busy": "10 thousand closed contacts, 100,000 active ones of each operator"}
GROWTH = [Wrk(f"growth-{world}-{clients}", f"leadd, hot source, {words}, connections: {clients}", HOT, clients, world=world,
              against=() if world == "10k" else (f"growth-10k-{clients}",), rounds=1 if world == "10k" else 2, is_old=True)
          for clients in GROWTH_CLIENTS for world, words in GROWTH_WORLDS.items()]
