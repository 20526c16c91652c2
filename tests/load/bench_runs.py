"""The scenarios' two kinds: pgbench on the database itself, and wrk on the service. A run returns its figures."""

import glob
import json
import os
import re
import statistics
import subprocess

import bench_checks
import bench_proc
from bench_world import FULL_PLACES, HERE, HOT, SPREAD, Service
from postgres import clean_environment

REPEATED_PERCENT = 5
TAIL_SECONDS = 1  # beside the measured ones: for wrk's last answers, for pgbench's connections
FLUSHES = 50
FULL = "full"


class Run:
    """One run's figures and complaints."""

    def __init__(self):
        self.figures = {}
        self.complaints = []


def run_tool(command, seconds, **environment):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 60,
                          env={**clean_environment(), **environment})
    assert done.returncode == 0, f"{command[0]} left with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def percentile(ordered, part):
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


class Scenario:
    def __init__(self, name, about, sources, clients):
        self.name, self.about, self.sources, self.clients = name, about, sources, clients

    def run(self, world, repeat, seconds):
        """Loads, waits for what is under way, looks at the data."""
        run = Run()
        label = f"{self.name}-r{repeat}"
        sources = world.new_full_source() if self.sources == FULL else self.sources
        before = world.last_ids()
        flush_ms = bench_proc.flush_ms(world.folder, FLUSHES)
        wal = world.wal_bytes()
        load, usage = self.load(world, label, sources, seconds, repeat, run)
        wal = world.wal_bytes() - wal
        facts = bench_checks.facts_after(world, label, before)
        stored = max(1, facts["stored"])
        run.figures.update(load, stored=facts["stored"], flush_ms=flush_ms, contacts_per_commit=stored / max(1, facts["transactions"]),
                           wal_bytes=wal / stored, others_percent=usage.others_share() * 100,
                           postgres_us=usage.seconds("postgres") * 1e6 / stored,
                           generator_us=usage.seconds("generator") * 1e6 / stored)
        run.complaints += bench_checks.integrity(facts) + self.judge(facts, load)
        if self.sources == FULL:
            run.complaints += bench_checks.all_places_taken(world, sources[0], facts)
        else:
            run.complaints += bench_checks.shares_of(world, sources, before[0], pooled=True)
        return run


class Pgbench(Scenario):
    """One call of bench_contact() per contact, each client on a connection of its own."""

    def __init__(self, name, about, sources, clients, whole=False):
        super().__init__(name, about, sources, clients)
        self.whole = whole

    def load(self, world, label, sources, seconds, repeat, run):
        usage = bench_proc.Usage(world.postgres.process.pid)
        out, latencies = self._pgbench(world, sources, seconds + TAIL_SECONDS, repeat)
        usage.stop()
        assert latencies, f"pgbench finished no transaction within {seconds} s:\n{out}"
        return {"done": int(re.search(r"actually processed: (\d+)", out)[1]),
                "failed": int(re.search(r"failed transactions: (\d+)", out)[1]),
                "rate": float(re.search(r"^tps = ([\d.]+)", out, re.MULTILINE)[1]),
                "p50_ms": percentile(latencies, 0.5) / 1000, "p99_ms": percentile(latencies, 0.99) / 1000,
                "mean_ms": statistics.fmean(latencies) / 1000}, usage

    def _pgbench(self, world, sources, seconds, repeat):
        """What it printed, and the sorted latencies in microseconds. The seconds are from before it connects."""
        log = os.path.join(world.folder, "pgbench")
        variables = {"first_source": sources[0], "last_source": sources[1], "past_leads": world.past // 2,
                     "repeated": REPEATED_PERCENT, "whole": int(self.whole)}
        command = [f"{world.postgres.bin}/pgbench", "-n", "-M", "prepared", "-c", str(self.clients), "-T", str(seconds),
                   "-f", os.path.join(HERE, "bench_pgbench.sql"), "-l", f"--log-prefix={log}",
                   f"--random-seed={repeat + 1}", *[f"-D{name}={value}" for name, value in variables.items()], world.url]
        out = run_tool(command, seconds, PGOPTIONS="-c leadd.records=own")  # no history but what the function writes
        latencies = []
        for path in glob.glob(log + ".*"):
            with open(path, encoding="utf-8") as file:
                latencies += [int(line.split()[2]) for line in file]
            os.unlink(path)
        return out, sorted(latencies)

    def judge(self, facts, load):
        if (facts["stored"], load["failed"]) == (load["done"], 0):
            return []
        return [f"pgbench did {load['done']} transactions, {load['failed']} failed, {facts['stored']} are stored"]


class Wrk(Scenario):
    """The service through HTTP, a fresh process for each run, so that its memory is this run's."""

    def load(self, world, label, sources, seconds, repeat, run):
        service = Service(world)
        try:
            load, usage = self._load(world, service, label, sources, seconds, repeat)
            world.wait_until_quiet()
            load.update(after_mb=bench_proc.memory_mb(service.pid), idle_mb=service.idle_mb, ready_ms=service.ready_ms,
                        logged_ready_ms=service.logged_ready_ms())
        except BaseException:
            service.server.kill()
            raise
        try:
            service.stop()
        except AssertionError as complaint:
            run.complaints.append(str(complaint))
        return load, usage

    def _load(self, world, service, label, sources, seconds, repeat):
        settings = {"BENCH_RUN": label, "BENCH_FIRST_SOURCE": sources[0], "BENCH_LAST_SOURCE": sources[1],
                    "BENCH_PAST_LEADS": world.past // 2, "BENCH_REPEATED": REPEATED_PERCENT, "BENCH_SEED": repeat + 1,
                    "BENCH_SECONDS": seconds}
        command = ["wrk", "-t1", f"-c{self.clients}", f"-d{seconds + TAIL_SECONDS}s", "--timeout", "10s",
                   "-s", os.path.join(HERE, "bench_wrk.lua"), f"http://127.0.0.1:{service.port}/"]
        bench_proc.forget_memory_peak(service.pid)
        usage = bench_proc.Usage(world.postgres.process.pid, service.pid)
        out = run_tool(command, seconds, **{name: str(value) for name, value in settings.items()})
        usage.stop()
        load = json.loads(out.strip().splitlines()[-1])
        acknowledged = load["answered"] - load["refused"]
        # When the requests ended each connection had one open, which was answered after.
        load.update(rate=max(0, acknowledged - self.clients) / seconds,
                    peak_mb=bench_proc.memory_mb(service.pid, "VmHWM"),
                    server_us=usage.seconds("server") * 1e6 / max(1, acknowledged))
        return load, usage

    def judge(self, facts, load):
        return bench_checks.exactly_once(facts, load, self.clients)


BASELINE = "pgbench-64"
SCENARIOS = [
    Pgbench("pgbench-1", "pgbench, hot source, clients: 1", HOT, 1),
    Pgbench(BASELINE, "pgbench, hot source, clients: 64", HOT, 64),
    Pgbench("pgbench-1-whole", "pgbench storing all that the service stores, hot source, clients: 1", HOT, 1, True),
    Pgbench("pgbench-64-whole", "the same, clients: 64", HOT, 64, True),
    Pgbench("pgbench-64-spread", "pgbench, 50 sources, clients: 64", SPREAD, 64),
    Pgbench("pgbench-64-spread-whole", "pgbench storing all that the service stores, 50 sources, clients: 64", SPREAD, 64, True),
    *[Wrk(f"hot-{clients}", f"leadd, hot source, connections: {clients}", HOT, clients)
      for clients in (1, 64, 256, 1000)],
    *[Wrk(f"spread-{clients}", f"leadd, 50 sources, connections: {clients}", SPREAD, clients)
      for clients in (1, 64, 256, 1000)],
    Wrk("full-64", f"leadd, {FULL_PLACES} places run out, connections: 64", FULL, 64),
]
