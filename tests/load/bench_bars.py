"""The bars: figures of each repeat, and what they have to be."""

import os
import statistics

from bench_runs import BASELINE, BASELINE_WHOLE

# How often pgbench's single-call rate with 64 clients on the hot source, run beside it: plain, storing the same rows.
RATIO_BARS = {"hot-64": (11, 18), "hot-256": (15, 25), "hot-1000": (15, 25),
              "spread-64": (6, 11), "spread-256": (8, 16), "spread-1000": (9, 17)}
FAIR = ("hot-256", "hot-1000", "spread-256", "spread-1000")
CPU_BARS = {"hot-64": {"server": 40, "postgres": 75}, "hot-256": {"server": 40, "postgres": 55}}
WHOSE = {"server": "leadd's", "postgres": "PostgreSQL's"}
GROWN = {"growth-1m": "1 million closed contacts", "growth-5m": "5 million closed contacts",
         "growth-busy": "100,000 active contacts of each operator"}

QUIET_PERCENT = 5  # of all CPU time; above it the report warns


class Bar:
    """
    A figure of each repeat with its bar (None: it has none); what cannot be had from these scenarios is left out.

    figure: of a repeat's {scenario: figures}; allowed: likewise, what it would be with processors that are never idle
    """

    def __init__(self, what, figure, bar, form, at_most=True, needs_quiet=False, allowed=None):
        self.what, self.figure, self.bar, self.form, self.at_most = what, figure, bar, form, at_most
        self.allowed = allowed
        self.needs_quiet = needs_quiet  # worth nothing while other programs compete for the CPUs

    def row(self, repeats, is_quiet):
        values = []
        for repeat in repeats:
            try:
                values.append(self.figure(repeat))
            except (KeyError, ValueError, ZeroDivisionError):
                return None
        value = statistics.median(values)
        return [self.what, self.form.format(value), f"{self.form.format(min(values))} to {self.form.format(max(values))}",
                *self._judged(value, is_quiet),
                self.form.format(statistics.median(map(self.allowed, repeats))) if self.allowed else "-"]

    def _judged(self, value, is_quiet):
        if self.bar is None:
            return ["-", ""]
        met = value <= self.bar if self.at_most else value >= self.bar
        words = "met" if met else "not met"
        if self.needs_quiet and not is_quiet:
            words += " (noise)"
        return [f"{'at most' if self.at_most else 'at least'} {self.form.format(self.bar)}", words]


def ratio(what, name, other, key, bar=None, other_key=None, form="{:.2f}", **options):
    """One scenario's figure over that of another one, which ran beside it."""
    return Bar(f"{name}: {what}", lambda repeat: repeat[name][key] / repeat[name]["near"][other][other_key or key], bar, form,
               needs_quiet=True, **options)


def rate_allowed(figures):
    """Contacts/s by which leadd, PostgreSQL and the load generator would fill all processors."""
    return len(os.sched_getaffinity(0)) * 1e6 / (figures["server_us"] + figures["postgres_us"] + figures["generator_us"])


def times(name, other, bar):
    return ratio(f"times {other}, contacts/s", name, other, "rate", bar, form="{:.1f}", at_most=False,
                 allowed=lambda repeat: rate_allowed(repeat[name]) / repeat[name]["near"][other]["rate"])


def of_ceiling(clients):
    return Bar(f"hot-{clients}: contacts/s / the HTTP side alone",
               lambda repeat: repeat[f"hot-{clients}"]["rate"] / repeat[f"ceiling-{clients}"]["rate"], None, "{:.2f}")


def plain(what, name, key, bar, form, **options):
    return Bar(f"{name}: {what}", lambda repeat: repeat[name][key], bar, form, **options)


def fairness(name):
    return Bar(f"{name}: p99 / p50", lambda repeat: repeat[name]["p99_ms"] / repeat[name]["p50_ms"], 2, "{:.2f}",
               needs_quiet=True)


def longest(key):
    return lambda repeat: max(run[key] for figures in repeat.values() for run in (figures, *figures["near"].values())
                              if key in run)


def growth(name, clients):
    return ratio(f"PostgreSQL's CPU per contact / that with 10 thousand ({GROWN[name]})", f"{name}-{clients}",
                 f"growth-10k-{clients}", "postgres_us", 1.1)


def cpu_bars():
    return [plain(f"{WHOSE[whose]} CPU per contact, µs", name, f"{whose}_us", bar, "{:.0f}", needs_quiet=True)
            for name, bars in CPU_BARS.items() for whose, bar in bars.items()]


BARS = [
    *[times(name, BASELINE, bar) for name, (bar, _) in RATIO_BARS.items()],
    *[times(name, BASELINE_WHOLE, bar) for name, (_, bar) in RATIO_BARS.items()],
    ratio(f"p99 / mean of {BASELINE}", "hot-64", BASELINE, "p99_ms", 1 / 3, "mean_ms"),
    ratio("p50 / p50 of pgbench-1-whole", "hot-1", "pgbench-1-whole", "p50_ms", 1.6),
    ratio("p50 / p50 of pgbench-1, which stores less", "hot-1", "pgbench-1", "p50_ms"),
    *[fairness(name) for name in FAIR],
    *cpu_bars(),
    *[growth(name, clients) for name in GROWN for clients in (64, 256)],
    plain("leadd's memory before the first contact, MB", "hot-64", "idle_mb", 10, "{:.1f}"),
    plain("leadd's memory at its peak, MB", "hot-1000", "peak_mb", 16, "{:.1f}"),
    plain("leadd's memory at its peak, MB", "hot-10000", "peak_mb", 60, "{:.1f}"),
    Bar("longest turn of the event loop in any run, ms of processor time", longest("turn_cpu_ms"), 20, "{:.1f}"),
    Bar("longest turn of the event loop in any run, ms, with the time in which others had the processor", longest("turn_ms"),
        None, "{:.1f}"),
    ratio("contacts/s / without the slow client", "hot-64-beside", "hot-64", "rate"),
    ratio("p99 / without the slow client", "hot-64-beside", "hot-64", "p99_ms"),
    ratio("contacts/s / one process", "hot-256-two", "hot-256", "rate"),
    ratio("contacts/s / one process", "spread-256-two", "spread-256", "rate"),
    of_ceiling(64),
    of_ceiling(256),
]
