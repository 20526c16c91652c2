#!/usr/bin/env python3
"""
The load test: bench.py [--only part of a scenario's name] [--repeats N] [--seconds N] [--past N] [--write FILE]

Starts a durable PostgreSQL of its own, runs all scenarios in turn, several times over, checks the data after each run,
and prints medians. QUICK=1 in the environment: a short run, within two minutes (on a slow machine with fewer repeats).
LEADD names the binary (default build/leadd), PG_BIN the folder of PostgreSQL's programs, TMPDIR a folder on the disk to
be measured. Exit code 1 when the data of a run is wrong; speed is reported, not judged.
"""

import argparse
import collections
import os
import shutil
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "api"), HERE]

import bench_checks  # noqa: E402  (after the path is set)
import bench_proc  # noqa: E402
import bench_report  # noqa: E402
from bench_runs import BASELINE, SCENARIOS  # noqa: E402
from bench_world import World  # noqa: E402

QUICK_SECONDS_MAX = 105


def is_quick():
    return os.environ.get("QUICK", "") not in ("", "0")


def arguments():
    quick = is_quick()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="PART",
                        help="scenarios with this in their name, and the one they are compared with")
    parser.add_argument("--repeats", type=int, default=3 if quick else 5)
    parser.add_argument("--seconds", type=int, default=1 if quick else 5, help="length of each run")
    parser.add_argument("--past", type=int, default=10000 if quick else 100000, help="closed contacts of the past")
    parser.add_argument("--write", metavar="FILE", help="write the report as Markdown, too")
    return parser.parse_args()


def selected(part):
    return [scenario for scenario in SCENARIOS if part in scenario.name or scenario.name == BASELINE]


class Bench:
    def __init__(self, options):
        self.options = options
        self.scenarios = selected(options.only)
        self.repeats = []  # of each, {scenario's name: figures}
        self.complaints = []
        self.stored = 0

    def run(self, world):
        started = time.monotonic()
        for repeat in range(self.options.repeats):
            spent = time.monotonic() - started
            if is_quick() and repeat and spent / repeat * (repeat + 1) > QUICK_SECONDS_MAX:
                print(f"bench: no time for repeat {repeat + 1}")
                break
            self.repeat(world, repeat)
        self.complain("at the end", bench_checks.whole_database(world))

    def repeat(self, world, repeat):
        """All scenarios once, each time beginning with another one."""
        world.tidy()
        figures = {}
        turn = collections.deque(self.scenarios)
        turn.rotate(-repeat)
        for scenario in turn:
            run = scenario.run(world, repeat, self.options.seconds)
            figures[scenario.name] = run.figures
            self.stored += run.figures["stored"]
            print(bench_report.run_line(repeat, scenario, run.figures), flush=True)
            self.complain(f"repeat {repeat + 1}, {scenario.name}", run.complaints)
        self.repeats.append(figures)

    def complain(self, where, complaints):
        for complaint in complaints:
            self.complaints.append(f"{where}: {complaint}")
            print(f"    WRONG DATA: {complaint}", flush=True)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = arguments()
    if not shutil.which("wrk"):
        sys.exit("bench: wrk is missing (make deps installs it)")
    started = time.monotonic()
    bench = Bench(options)
    world = World(options.past)
    try:
        if not os.path.exists(f"{world.postgres.bin}/pgbench"):
            sys.exit(f"bench: pgbench is missing in {world.postgres.bin}")
        if bench_proc.file_system(world.folder) == "tmpfs":
            print("bench: the database lies in memory (tmpfs), where a commit costs nothing; TMPDIR=/somewhere/on/disk helps")
        bench.run(world)
        report = bench_report.Report(bench, world)
    finally:
        world.close()
    print(report.text())
    if options.write:
        with open(options.write, "w", encoding="utf-8") as file:
            file.write(report.document())
    print(f"{time.monotonic() - started:.0f} s")
    return 1 if bench.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
