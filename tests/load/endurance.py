#!/usr/bin/env python3
"""
What the service bears: endurance.py [part of a case's name ...]

Slow, deaf and vanished clients, overload, exhausted memory, a soak; each held against what docs/RELIABILITY.md promises.
SOAK_SECONDS is the length of the soak (300); all else takes some four minutes. LEADD names the binary, BUILD the folder
with flood and scarce.so, PG_BIN the folder of PostgreSQL's programs. Figures of speed are only good on a machine that
has nothing else to do; what others took of it is printed.
"""

import os
import resource
import signal
import shutil
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "api"), HERE]

import endurance_clients  # noqa: E402  (after the path is set)
import endurance_memory  # noqa: E402
import endurance_overload  # noqa: E402
import harness  # noqa: E402
from bench_world import DurablePostgres  # noqa: E402
from soak import Soak  # noqa: E402

SOAK_SECONDS = float(os.environ.get("SOAK_SECONDS", "300"))
OWN_NETWORK = "LEADD_ENDURANCE_OWN_NETWORK"
LOG_LINES_MAX = 40


def enter_own_network():
    """In a network namespace of its own the loopback may be cut; False: that is not permitted here."""
    if os.environ.get(OWN_NETWORK):
        return succeeds("ip", "link", "set", "lo", "up")
    enter = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-n", "-c", "--keep-caps"]
    if all(map(shutil.which, ("unshare", "ip", "iptables"))) and succeeds(*enter, "iptables", "-L", "-n"):
        os.environ[OWN_NETWORK] = "1"
        os.execvp("unshare", [*enter, sys.executable, *sys.argv])
    return False


def succeeds(*command):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def soak(lab):
    """Mixed traffic leaves nothing in memory or among the descriptors"""
    run = Soak(lab.serve(), SOAK_SECONDS)
    run.run()
    return run.figures, run.complaints


def cases(has_network):
    yield endurance_clients.slow_clients
    if has_network:
        yield endurance_clients.vanished_clients
    else:
        print("left out vanished_clients: no network namespace or no iptables here")
    yield from (endurance_overload.overload, endurance_overload.overload_of_a_slow_database,
                endurance_memory.memory_runs_out, soak)


def run_case(postgres, case):
    """Whether it passed; all servers of a case belong to it alone."""
    started = time.monotonic()
    lab = harness.Lab(postgres, case.__name__, {})
    try:
        figures, complaints = case(lab)
        complaints += lab.close()
    except Exception:  # a case fails in whatever way it likes
        traceback.print_exc(file=sys.stdout)
        figures, complaints = "no figures", ["it did not come to its end"]
        for path in lab.logs():
            with open(path, encoding="utf-8", errors="replace") as log:
                print(f"--- {os.path.basename(path)}\n" + "".join(log.readlines()[-LOG_LINES_MAX:]))
    finally:
        lab.kill()
    print(f"{'FAILED' if complaints else 'passed'} {case.__name__}: {case.__doc__}\n       {figures}; "
          f"{time.monotonic() - started:.0f} s", flush=True)
    for complaint in complaints[:20]:
        print(f"       - {complaint}", flush=True)
    return not complaints


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    has_network = enter_own_network()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    passed = failed = 0
    postgres = DurablePostgres()
    try:
        for case in cases(has_network):
            if len(sys.argv) > 1 and not any(part in case.__name__ for part in sys.argv[1:]):
                continue
            good = run_case(postgres, case)
            passed, failed = passed + good, failed + (not good)
    finally:
        postgres.close()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
