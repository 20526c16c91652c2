#!/usr/bin/env python3
"""
Runs the browser tests against servers and databases of their own, one open, one with AUTH=keys:
run.py [part of a test's name ...]

LEADD names the binary (default build/leadd), BUILD the folder that has browser/node_modules,
CHROMIUM the browser.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))

sys.path.insert(0, os.path.join(os.path.dirname(HERE), "api"))

import server as leadd  # noqa: E402  (after the path is set)
from harness import Lab  # noqa: E402
from postgres import Postgres  # noqa: E402
from waiting import poll  # noqa: E402

SUMMARY = re.compile(r"(\d+) passed, (\d+) failed")
LOG_LINES_MAX = 40


def run_node(url, locked, patterns):
    """(passed, failed); all lines but the summary are shown as they come."""
    passed, failed = 0, 1
    with subprocess.Popen(["node", os.path.join(HERE, "main.mjs"), url, *patterns], stdout=subprocess.PIPE,
                          text=True, encoding="utf-8", env={**os.environ, **locked}) as node:
        for line in node.stdout:
            summary = SUMMARY.fullmatch(line.strip())
            if summary:
                passed, failed = map(int, summary.groups())
            else:
                print(line, end="", flush=True)
    if node.returncode and not failed:
        failed = 1
    return passed, failed


def show_logs(lab):
    for path in lab.logs():
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
        shown = lines[:LOG_LINES_MAX] + lines[LOG_LINES_MAX:][-LOG_LINES_MAX:]
        print(f"--- {os.path.basename(path)}, the first and last of {len(lines)} lines", *shown, sep="\n")


def is_ready(url):
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=5) as answer:
            return answer.status == 200
    except OSError:  # not listening yet, or 503
        return False


def start(lab, database, **settings):
    """The URL of a new server that is ready."""
    url = f"http://127.0.0.1:{lab.start(database, **settings).port()}"
    poll(lambda: is_ready(url), "leadd is ready", seconds=20)
    return url


def start_locked(lab):
    """What the tests are told of a server that asks for keys: where it is, and a key for everything."""
    database = lab.new_database("browser_keys")
    arguments = ["key", "create", "--role", "admin", "--name", "browser"]
    made = leadd.command(arguments, DATABASE_URL=lab.postgres.url(database))
    assert made.returncode == 0, made.stderr
    return {"LOCKED_URL": start(lab, database, AUTH="keys"), "LOCKED_KEY": made.stdout.strip()}


def run_lab(lab, patterns):
    """(passed, failed) of the tests and of the servers' own end."""
    try:
        passed, failed = run_node(start(lab, lab.database), start_locked(lab), patterns)
    except AssertionError as complaint:
        passed, failed = 0, 1
        print(f"FAILED  {complaint}")
    for complaint in lab.close():
        failed += 1
        print(f"FAILED  a server left badly: {complaint}")
    if failed:
        show_logs(lab)
    return passed, failed


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    postgres = Postgres()
    try:
        lab = Lab(postgres, "browser", {"AUTH": "open"})
        passed, failed = run_lab(lab, sys.argv[1:])
        shutil.rmtree(lab.folder, ignore_errors=True)
    finally:
        postgres.close()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
