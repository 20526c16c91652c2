#!/usr/bin/env python3
"""
Breaks what can break under a deployment of two replicas, and holds the books against what clients were told.

run.py [--quick] [part of a case's name ...]

LEADD names the binary, PG_BIN the folder of PostgreSQL's programs, FAULTS_LOGS one that the service's logs are left in.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "api")]

from cluster import program  # noqa: E402  (after the path is set)
import world as worlds  # noqa: E402
import case_database  # noqa: E402,F401  (they add their cases)
import case_replicas  # noqa: E402,F401
import case_network  # noqa: E402,F401

OWN_NETWORK = "LEADD_FAULTS_OWN_NETWORK"
LOG_LINES_MAX = 60


def enter_own_network():
    """
    In a network namespace the loopback is ours to cut, for others than root in a user namespace around it. Where that
    is not permitted all but the cuts still runs.
    """
    if os.environ.get(OWN_NETWORK):
        return succeeds(program("ip"), "link", "set", "lo", "up")
    enter = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-n", "-c", "--keep-caps"]
    if all(map(program, ("unshare", "ip", "iptables"))) and succeeds(*enter, program("iptables"), "-L", "-n"):
        os.environ[OWN_NETWORK] = "1"
        os.execvp("unshare", [*enter, sys.executable, *sys.argv])
    return False


def succeeds(*command):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def run_case(world, wanted):
    started = time.monotonic()
    try:
        figures, found = world.run(wanted)
    except Exception:  # a case fails in whatever way it likes
        traceback.print_exc(file=sys.stdout)
        figures, found = "no figures", ["it did not come to its end"]
    print(f"{'FAILED' if found else 'passed'} {wanted.run.__name__}: {wanted.title}\n"
          f"       {figures}; {time.monotonic() - started:.0f} s", flush=True)
    for complaint in found[:20]:
        print(f"       - {complaint}", flush=True)
    return not found


def print_logs(world):
    for path in world.logs():
        with open(path, encoding="utf-8", errors="replace") as log:
            print(f"--- {path}\n" + "".join(log.readlines()[-LOG_LINES_MAX:]))


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a selection, within a minute")
    parser.add_argument("--logs", action="store_true", help="print the logs' ends after a failure")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    has_network = enter_own_network()
    if not program("haproxy"):
        print("HAProxy is missing: the fault programme is left out (`make deps`)\n0 passed, 0 failed")
        return 1
    cases = [one for one in worlds.all_cases() if (one.is_quick or not options.quick)
             and (not options.names or any(name in one.run.__name__ for name in options.names))]
    passed = failed = 0
    world = worlds.World(has_network, options.quick)
    print(f"keys {'are' if world.takes_keys else 'are not'} used, "
          f"choosing again {'is' if world.scene.can_assign else 'is not'}", flush=True)
    try:
        for one in cases:
            if one.takes_network and not has_network:
                print(f"left out {one.run.__name__}: no network namespace or no iptables here")
                continue
            good = run_case(world, one)
            passed, failed = passed + good, failed + (not good)
            if not good and options.logs:
                print_logs(world)
    finally:
        world.close()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
