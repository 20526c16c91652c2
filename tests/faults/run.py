#!/usr/bin/env python3
"""
Breaks what can break under a deployment of two replicas, and holds the books against what clients were told.

run.py [--quick] [part of a case's name ...]

LEADD names the binary, PG_BIN the folder of PostgreSQL's programs, FAULTS_LOGS one that the logs are left in.
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
import case_locks  # noqa: E402,F401
import case_disk  # noqa: E402,F401
import case_replicas  # noqa: E402,F401
import case_network  # noqa: E402,F401

OWN = "LEADD_FAULTS_OWN"  # the namespaces that we have entered: "network", "mounts"
LOG_LINES_MAX = 60
TRIES = 3  # where a time that was promised is not kept: others may have had the processors


def enter_namespaces():
    """
    In a network namespace the loopback is ours to cut, in a mount namespace disks are ours to fill; for others than root
    in a user namespace around them. Returns those that are permitted: without them all other cases still run.
    """
    if OWN in os.environ:
        own = os.environ[OWN].split()
        if "network" in own:
            succeeds(program("ip"), "link", "set", "lo", "up")
        return own
    as_root = [] if os.geteuid() == 0 else ["-c", "--keep-caps"]
    tries = {"network": ("-n", "iptables", "-L", "-n"), "mounts": ("-m", "mount", "-t", "tmpfs", "leadd-faults", "/mnt")}
    own = [name for name, (flag, *trial) in tries.items()
           if program("unshare") and program("ip") and program(trial[0])
           and succeeds("unshare", flag, *as_root, program(trial[0]), *trial[1:])]
    os.environ[OWN] = " ".join(own)
    if own:
        os.execvp("unshare", ["unshare", *(tries[name][0] for name in own), *as_root, sys.executable, *sys.argv])
    return own


def succeeds(*command):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def run_case(world, wanted):
    """Whether it passed. What is lost, double or wrong is so at once; only what came too late gets another try."""
    for number in range(1, TRIES + 1):
        started = time.monotonic()
        try:
            figures, late, found = world.run(wanted)
        except Exception:  # a case fails in whatever way it likes
            traceback.print_exc(file=sys.stdout)
            figures, late, found = "no figures", [], ["it did not come to its end"]
        if found or not late or number == TRIES:
            break
        print(f"late   {wanted.run.__name__}: {'; '.join(late)}; once more", flush=True)
    found += late
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
    own = enter_namespaces()
    if not program("haproxy"):
        print("HAProxy is missing: the fault programme is left out (`make deps`)\n0 passed, 0 failed")
        return 1
    cases = [one for one in worlds.all_cases() if (one.is_quick or not options.quick)
             and (not options.names or any(name in one.run.__name__ for name in options.names))]
    passed = failed = 0
    world = worlds.World(options.quick)
    print(f"keys {'are' if world.takes_keys else 'are not'} used, "
          f"choosing again {'is' if world.scene.can_assign else 'is not'}", flush=True)
    try:
        for one in cases:
            if one.takes_network and "network" not in own:
                print(f"left out {one.run.__name__}: no network namespace or no iptables here")
                continue
            if one.disk and "mounts" not in own:
                print(f"left out {one.run.__name__}: no mount namespace here")
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
