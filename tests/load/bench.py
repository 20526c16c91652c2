#!/usr/bin/env python3
"""
The load test: bench.py [--only part of a scenario's name] [--repeats N] [--seconds N] [--past N] [--write FILE]

Starts a durable PostgreSQL of its own, runs all scenarios in turn, several times over, checks the data after each run,
and prints medians; ten minutes for each repeat. QUICK=1 in the environment: a short run of the most important ones, within two minutes
(on a slow machine with fewer repeats). GROWTH=0 leaves out pasts of other sizes, up to 5 million contacts; GROWTH=1 has
them in a short run, too.
LEADD names the binary (default build/leadd), PG_BIN the folder of PostgreSQL's programs, TMPDIR a folder on the disk to
be measured. Exit code 1 when the data of a run is wrong; speed is reported, not judged.
"""

import argparse
import collections
import os
import resource
import shutil
import signal
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "api"), HERE]

import bench_checks  # noqa: E402  (after the path is set)
import bench_proc  # noqa: E402
import bench_reads  # noqa: E402
import bench_report  # noqa: E402
from bench_runs import GROWTH, STORING  # noqa: E402
from bench_world import Worlds  # noqa: E402

QUICK_SECONDS_MAX = 105


def is_set(name, fallback):
    return os.environ.get(name, fallback) not in ("", "0")


def is_quick():
    return is_set("QUICK", "0")


def sizes(past):
    """Of the worlds; the large one of a short run is smaller than its name."""
    return {"main": {"past": past}, "10k": {"past": 10000, "active": 10, "is_renewed": True}, "5m": {"past": 5000000, "active": 10},
            "1m": {"past": 100000 if is_quick() and not is_set("GROWTH", "0") else 1000000, "active": 10, "idle": 790},
            "busy": {"past": 10000, "active": 100000}}


def arguments():
    quick = is_quick()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="PART",
                        help="scenarios with this in their name, and those that they are compared with")
    parser.add_argument("--repeats", type=int, default=3 if quick else 7)
    parser.add_argument("--seconds", type=int, default=2, help="length of each run")
    parser.add_argument("--past", type=int, default=10000 if quick else 100000, help="closed contacts of the past")
    parser.add_argument("--write", metavar="FILE", help="write the report as Markdown, too")
    return parser.parse_args()


def possible():
    """{name: scenario}"""
    growth = GROWTH if is_set("GROWTH", "0" if is_quick() else "1") else []
    scenarios = [scenario for scenario in [*STORING, *bench_reads.reading()] if scenario.quick or not is_quick()] + growth
    for scenario in scenarios:
        if scenario.why_impossible():
            print(f"bench: without {scenario.name}: {scenario.why_impossible()}")
    return {scenario.name: scenario for scenario in scenarios if not scenario.why_impossible()}


def chosen(scenarios, part):
    """Those with this in their name that are no mere neighbours of others."""
    found = [scenario for scenario in scenarios.values() if part in scenario.name]
    neighbours = {name for scenario in found for name in scenario.against}
    return [scenario for scenario in found if scenario.against or scenario.name not in neighbours]


MOST_OF = ("turn_ms", "turn_cpu_ms", "peak_mb")


def together(runs):
    """The figures of one run, or the means of several; of the longest turn and the highest peak the most."""
    known = [name for name in runs[0] if None not in [run[name] for run in runs]]
    return {name: (max if name in MOST_OF else statistics.fmean)(run[name] for run in runs) for name in known}


def in_turn(scenario):
    """Names of a scenario and of those that it is compared with: each time one right before it and the last one after."""
    before, after = scenario.against[:1], scenario.against[1:]
    names = (*before, scenario.name, *after) * (1 if is_quick() else scenario.rounds)
    return names if after else (*names, *before)


class Bench:
    def __init__(self, options):
        self.options = options
        self.scenarios = possible()
        self.turn = collections.deque(chosen(self.scenarios, options.only))
        self.runs = []  # (scenario's name, figures)
        self.just_run = None  # scenario's name
        self.repeats = []  # of each, {scenario's name: figures}, with "near" in them: the same of those that ran beside it
        self.complaints = []
        self.stored = 0
        self.started = time.monotonic()

    def all_repeats(self, worlds):
        for name in self.turn_names():
            worlds.make(self.scenarios[name].world)  # before the first repeat: behind each comes a checkpoint
        started = time.monotonic()
        for repeat in range(self.options.repeats):
            spent = time.monotonic() - started
            if is_quick() and repeat and spent / repeat * (repeat + 1) > QUICK_SECONDS_MAX:
                print(f"bench: no time for repeat {repeat + 1}")
                break
            self.repeat(worlds, repeat)
        for world in worlds.made.values():
            self.complain(f"world {world.name}, at the end", bench_checks.whole_database(world))

    def turn_names(self):
        return [name for scenario in self.turn for name in in_turn(scenario)]

    def repeat(self, worlds, repeat):
        """
        All scenarios with their neighbours, each time beginning with another one. What has just run as the neighbour of
        the one before is that of the next as well; in a short run each goes but once.
        """
        worlds.tidy()
        figures, known = {}, {}
        self.just_run = None
        for scenario in self.turn:
            runs = collections.defaultdict(list)
            names = in_turn(scenario)
            if names[-1] == self.just_run:
                names = names[::-1]
            for place, name in enumerate(names):
                is_known = name in known if is_quick() else place == 0 and name == self.just_run
                if not is_known:
                    known[name] = self.once(self.scenarios[name], worlds, repeat)
                    self.just_run = name
                runs[name].append(known[name])
            near = {name: together(its) for name, its in runs.items()}
            figures[scenario.name] = {**near.pop(scenario.name), "near": near}
        self.repeats.append(figures)
        self.turn.rotate(-1)

    def once(self, scenario, worlds, repeat):
        worlds[scenario.world].renew()
        run = scenario.run(worlds[scenario.world], repeat, self.options.seconds, is_quick())
        self.runs.append((scenario.name, run.figures))
        self.stored += run.figures.get("stored", 0)
        print(bench_report.run_line(repeat, scenario, run.figures), flush=True)
        self.complain(f"repeat {repeat + 1}, {scenario.name}", run.complaints)
        return run.figures

    def minutes(self):
        return (time.monotonic() - self.started) / 60

    def complain(self, where, complaints):
        for complaint in complaints:
            self.complaints.append(f"{where}: {complaint}")
            print(f"    WRONG DATA: {complaint}", flush=True)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = arguments()
    if not shutil.which("wrk"):
        sys.exit("bench: wrk is missing (make deps installs it)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    bench = Bench(options)
    worlds = Worlds(sizes(options.past))
    try:
        if not os.path.exists(f"{worlds.postgres.bin}/pgbench"):
            sys.exit(f"bench: pgbench is missing in {worlds.postgres.bin}")
        if bench_proc.file_system(worlds.postgres.folder) == "tmpfs":
            print("bench: the database lies in memory (tmpfs), where a commit costs nothing; TMPDIR=/somewhere/on/disk helps")
        bench.all_repeats(worlds)
        report = bench_report.Report(bench, worlds)
    finally:
        worlds.close()
    print(report.text())
    if options.write:
        with open(options.write, "w", encoding="utf-8") as file:
            file.write(report.document())
    print(f"{time.monotonic() - bench.started:.0f} s")
    return 1 if bench.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
