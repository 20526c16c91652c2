"""More comes than can be stored: the service goes on storing what it can, and tells the others at once."""

import json
import os
import subprocess

import bench_proc
import server as leadd

CONNECTIONS = 9000  # as many may be open at the same time, each with one contact on its way
LOOK_SECONDS = 4  # each look for the sustainable rate
OVERLOAD_SECONDS = 20
TIMES = 3
CROWD = 1000  # clients who wait for their answers: what they reach is the most
UNSENT_PART = 0.01
STORED_PART = 0.8  # "about the sustainable load"
SENT_PART = 2  # times the sustainable load, at least: the generator shares the processors, and may be too slow for more
P99_MS = 1000
REFUSED_P99_MS = 1000
MEMORY_MAX_MB = 100
TRIES = 3
BUSY_PART = 0.1  # of all CPU time went to others: then a try that fails says little


class Flood:
    """So many contacts a second, from a program of its own; rate 0: each connection waits for its answers."""

    def __init__(self, api, source, rate, seconds, connections):
        build = os.environ.get("BUILD", os.path.dirname(leadd.binary()))
        usage = bench_proc.Usage(api.server.process.pid)
        # Clients have machines of their own; here they yield to those that are measured.
        command = ["nice", "-n", "5", os.path.join(build, "flood"), api.port, round(rate), seconds, connections, source["id"]]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True)
        usage.stop()
        self.__dict__.update(json.loads(done.stdout))

    def wrong(self):
        return self.others + self.lost + self.without_retry_after

    def is_served(self):
        """All of it; but for what was due at the last moment."""
        return not self.refused and not self.wrong() and self.stored == self.sent and self.unsent < UNSENT_PART * self.due


def sustainable_rate(api, source):
    """The highest rate, in steps of a tenth of what a crowd reaches that waits, of which nothing is refused or late."""
    most = Flood(api, source, 0, LOOK_SECONDS, CROWD).stored_per_s
    for part in range(10, 2, -1):
        rate = most * part / 10
        look = Flood(api, source, rate, LOOK_SECONDS, CONNECTIONS)
        if look.is_served() and look.stored_p99_ms < P99_MS:
            return rate, look
    raise AssertionError(f"not even {most * 0.3:.0f} a second are served in time")


class Try:
    """
    The sustainable rate, and at once after it three times as much. Then the rate again: a machine whose speed changes
    meanwhile is held to the lower one.
    """

    def __init__(self, lab, api, source):
        pid = api.server.process.pid
        usage = bench_proc.Usage(lab.postgres.process.pid, [pid])
        self.rate, self.calm = sustainable_rate(api, source)
        bench_proc.forget_memory_peak(pid)
        self.flood = Flood(api, source, TIMES * self.rate, OVERLOAD_SECONDS, CONNECTIONS)
        self.peak_mb = bench_proc.memory_mb(pid, "VmHWM")
        self.after = Flood(api, source, self.rate / 2, LOOK_SECONDS, CONNECTIONS)
        self.rate_after, _ = sustainable_rate(api, source)
        usage.stop()
        self.others = usage.others_share()

    def figures(self):
        flood = self.flood
        return (f"sustainable {self.rate:.0f}/s (p99 {self.calm.stored_p99_ms:.0f} ms), afterwards {self.rate_after:.0f}/s; "
                f"of {TIMES * self.rate:.0f}/s sent {flood.sent / OVERLOAD_SECONDS:.0f}/s, for the others no connection got free; stored "
                f"{flood.stored_per_s:.0f}/s ({flood.stored_per_s / self.rate:.0%}), p50 {flood.stored_p50_ms:.0f} ms, p99 "
                f"{flood.stored_p99_ms:.0f} ms; {flood.refused} refused, p50 {flood.refused_p50_ms:.0f} ms, p99 "
                f"{flood.refused_p99_ms:.0f} ms; {flood.connections} connections, memory at most {self.peak_mb:.1f} MB; "
                f"at half the rate after it p99 {self.after.stored_p99_ms:.0f} ms; others took {self.others:.0%} of the CPUs")

    def complaints(self):
        flood, after = self.flood, self.after
        found = []
        if flood.sent < SENT_PART * self.rate * OVERLOAD_SECONDS:
            found.append(f"only {flood.sent / OVERLOAD_SECONDS / self.rate:.1f} times the sustainable load was sent")
        sustainable = min(self.rate, self.rate_after)
        if flood.stored_per_s < STORED_PART * sustainable:
            found.append(f"only {flood.stored_per_s / sustainable:.0%} of the sustainable load are stored")
        if flood.stored_p99_ms >= P99_MS:
            found.append(f"p99 of what it accepts: {flood.stored_p99_ms:.0f} ms")
        if flood.refused_p99_ms >= REFUSED_P99_MS:
            found.append(f"p99 of what it refuses: {flood.refused_p99_ms:.0f} ms")
        if flood.wrong():
            found.append(f"{flood.others} other answers, {flood.lost} lost, {flood.without_retry_after} without Retry-After")
        if self.peak_mb >= MEMORY_MAX_MB:
            found.append(f"{self.peak_mb:.1f} MB of memory")
        if not after.is_served():
            found.append(f"after it, half the sustainable load is not served: {after.stored} of {after.due}")
        return found


def overloaded(lab, prepare=None):
    api = lab.serve()
    source = api.source([(api.operator(max_load_limit=1000000), weight) for weight in range(1, 11)])
    if prepare:
        api.psql.run(prepare)
    for number in range(1, TRIES + 1):
        attempt = Try(lab, api, source)
        complaints = attempt.complaints()
        if not complaints or attempt.others < BUSY_PART or number == TRIES:
            break
        print(f"       again, others took {attempt.others:.0%} of the CPUs: {'; '.join(complaints)}\n"
              f"       {attempt.figures()}", flush=True)
    twice = api.psql.value("""
        select count(*) from (select from contacts group by lead_id having count(*) > 1) as twice""")
    if twice != "0":
        complaints.append(f"{twice} contacts are there twice")
    api.loads_must_match()
    return attempt.figures(), complaints


def overload(lab):
    """Three times the sustainable load: that load is stored, with p99 below 1 s, in less than 100 MB; the rest is told"""
    return overloaded(lab)


def overload_of_a_slow_database(lab):
    """The same where each batch takes 60 ms more: a database far away, or with a slow disk"""
    return overloaded(lab, """
        create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.06); return null; end $$;
        create trigger zz_slow after insert on contacts for each statement execute function slow()""")
