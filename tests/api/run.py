#!/usr/bin/env python3
"""
Runs the tests over HTTP: run.py [part of a file's name or of a test's name ...]

LEADD names the binary (default build/leadd), PG_BIN the folder of PostgreSQL's programs. Files run side by side, one for
each of WORKERS (default 2) processes, each of which has a PostgreSQL of its own: most of them spend their time waiting.
"""

import contextlib
import glob
import importlib
import inspect
import io
import multiprocessing
import os
import queue
import signal
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
LOAD = os.path.join(os.path.dirname(HERE), "load")
LOG_LINES_MAX = 150
SLOW_S = 4

sys.path[:0] = [HERE, LOAD]

import harness  # noqa: E402  (after the path is set)
from postgres import Postgres  # noqa: E402


def selected(patterns):
    """(module, tests) of each file that has something to run, those that take longest first."""
    paths = sorted(glob.glob(f"{LOAD}/test_*.py")) + sorted(glob.glob(f"{HERE}/test_*.py"))
    for path in paths:
        module = importlib.import_module(os.path.basename(path).removesuffix(".py"))
        tests = [function for function in harness.tests_of(module) if fits(module, function, patterns)]
        if tests:
            yield module, tests


def fits(module, function, patterns):
    return not patterns or any(pattern in f"{module.__name__}.py:{function.__name__}" for pattern in patterns)


class Logs:
    """Shows what the logs gained since the last look."""

    def __init__(self):
        self.seen = {}

    def new_lines(self, paths):
        for path in paths:
            if not os.path.exists(path):
                continue
            with open(path, encoding="utf-8", errors="replace") as file:
                file.seek(self.seen.get(path, 0))
                lines = file.read().splitlines()
                self.seen[path] = file.tell()
            yield path, lines

    def print_new(self, paths):
        for path, lines in self.new_lines(paths):
            print(f"--- {os.path.basename(path)}, the last of {len(lines)} lines")
            print("\n".join(lines[-LOG_LINES_MAX:]))

    def skip(self, paths):
        for _ in self.new_lines(paths):
            pass


def print_world(lab):
    """What the test had in its hands: its variables and each client's last answer."""
    frame = sys.exc_info()[2].tb_next
    for name, value in (frame.tb_frame.f_locals if frame else {}).items():
        print(f"  {name} = {value!r:.300}")
    for api in lab.apis:
        if api.last:
            print(f"last answer from port {api.port}: {api.last}")


def run_file(postgres, module, tests):
    """(passed, failed)"""
    started = time.monotonic()
    lab = harness.Lab(postgres, module.__name__, getattr(module, "SETTINGS", {}))
    try:
        passed, failed = run_tests(lab, module, tests)
    finally:
        lab.kill()
    print(f"{module.__name__}: {passed} passed, {failed} failed, {time.monotonic() - started:.1f} s", flush=True)
    return passed, failed


def run_tests(lab, module, tests):
    passed = failed = 0
    logs = Logs()
    for function in tests:
        logs.skip(lab.logs())
        started = time.monotonic()
        try:
            function(*[lab.fixture(name) for name in inspect.signature(function).parameters])
            passed += 1
        except Exception:  # a test fails in whatever way it likes
            failed += 1
            print(f"\nFAILED {module.__name__}: {function.__name__}")
            traceback.print_exc(file=sys.stdout)
            print_world(lab)
            logs.print_new(lab.logs())
        if time.monotonic() - started > SLOW_S:
            print(f"  {time.monotonic() - started:.1f} s: {function.__name__}")
    for complaint in lab.close():
        failed += 1
        print(f"\nFAILED {module.__name__}: its server left badly: {complaint}")
        logs.print_new(lab.logs())
    return passed, failed


def work(files, numbers, results):
    """A worker: takes the number of a file, gives ((passed, failed), what was printed), until there are no more."""
    postgres = Postgres()
    try:
        while (number := numbers.get()) is not None:
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                counts = run_file(postgres, *files[number])
            results.put((counts, printed.getvalue()))
    finally:
        postgres.close()


def run_files(files, worker_count):
    """The counts of all files; those of a worker that is gone are missing."""
    numbers, results = multiprocessing.SimpleQueue(), multiprocessing.Queue()
    workers = [multiprocessing.Process(target=work, args=(files, numbers, results)) for _ in range(worker_count)]
    counts = []
    for number in [*range(len(files)), *[None] * worker_count]:
        numbers.put(number)
    try:
        for worker in workers:
            worker.start()
        while len(counts) < len(files):
            try:
                count, printed = results.get(timeout=1)
            except queue.Empty:
                if not any(worker.is_alive() for worker in workers):
                    break
            else:
                counts.append(count)
                print(printed, end="", flush=True)
    except BaseException:
        for worker in workers:
            worker.terminate()
        raise
    finally:
        for worker in workers:
            worker.join()
    return counts


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup servers would ignore it, too
    files = list(selected(sys.argv[1:]))
    counts = run_files(files, min(len(files), int(os.environ.get("WORKERS", "2"))))
    passed, failed = (sum(column) for column in zip(*counts)) if counts else (0, 0)
    if len(counts) < len(files):
        failed += 1
        print(f"FAILED: {len(files) - len(counts)} files were not run to their end")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
