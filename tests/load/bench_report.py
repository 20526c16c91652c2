"""Medians over the repeats, the table, the bars beside them, and docs/BENCHMARKS.md."""

import statistics

import bench_proc
from bench_runs import BASELINE, REPEATED_PERCENT
from bench_world import SETTINGS, versions

# How often pgbench's single-call rate with 64 clients on the hot source, of the same repeat.
RATIO_BARS = {"hot-64": 11, "hot-256": 15, "hot-1000": 15, "spread-64": 6, "spread-256": 8, "spread-1000": 9}

QUIET_PERCENT = 5  # of all CPU time; above it the report warns

NOT_YET = [
    "history, idempotency keys and events are not in the product yet: the bars that compare with pgbench's function "
    "\"storing the same rows\" have nothing to be held against, and CPU per contact is that of the core alone",
    "growth to 5 million contacts, two processes, lists, memory with 10,000 connections",
]


def numbers(values, form):
    return form.format(statistics.median(values)) if values else "-"


def run_line(repeat, scenario, figures):
    line = f"{repeat + 1} {scenario.name:<18}{figures['rate']:>9.0f}/s  p50 {figures['p50_ms']:>7.2f}  " \
           f"p99 {figures['p99_ms']:>7.2f} ms  {figures['contacts_per_commit']:>6.1f} per commit  " \
           f"postgres {figures['postgres_us']:>5.0f} us"
    if "server_us" in figures:
        line += f"  leadd {figures['server_us']:>4.0f} us  {figures['peak_mb']:>5.1f} MB"
    if figures.get("refused"):
        line += f"  {figures['refused']} not 2xx"
    return f"{line}  flush {figures['flush_ms']:>5.2f} ms  others {figures['others_percent']:>3.0f} %"


class Bar:
    """A figure of each repeat with its bar; what cannot be had from these scenarios is None."""

    def __init__(self, what, figure, bar, form, at_most=True, needs_quiet=False):
        self.what, self.figure, self.bar, self.form, self.at_most = what, figure, bar, form, at_most
        self.needs_quiet = needs_quiet  # worth nothing while other programs compete for the CPUs

    def row(self, repeats, is_quiet):
        values = []
        for repeat in repeats:
            try:
                values.append(self.figure(repeat))
            except KeyError:
                return None
        value = statistics.median(values)
        met = value <= self.bar if self.at_most else value >= self.bar
        sign = "at most" if self.at_most else "at least"
        return [self.what, self.form.format(value), f"{self.form.format(min(values))} to {self.form.format(max(values))}",
                f"{sign} {self.form.format(self.bar)}",
                ("met" if met else "not met") + (" (noise)" if self.needs_quiet and not is_quiet else "")]


def ratio_bar(name, bar):
    return Bar(f"{name}: times {BASELINE}, contacts/s", lambda repeat: repeat[name]["rate"] / repeat[BASELINE]["rate"],
               bar, "{:.1f}", at_most=False, needs_quiet=True)


def plain_bar(what, name, key, bar, form):
    return Bar(f"{name}: {what}", lambda repeat: repeat[name][key], bar, form)


BARS = [
    *[ratio_bar(name, bar) for name, bar in RATIO_BARS.items()],
    Bar(f"hot-64: p99 / mean of {BASELINE}", lambda repeat: repeat["hot-64"]["p99_ms"] / repeat[BASELINE]["mean_ms"],
        1 / 3, "{:.2f}", needs_quiet=True),
    Bar("hot-1: p50 / p50 of pgbench-1", lambda repeat: repeat["hot-1"]["p50_ms"] / repeat["pgbench-1"]["p50_ms"],
        1.6, "{:.2f}", needs_quiet=True),
    plain_bar("leadd's CPU per contact, µs", "hot-64", "server_us", 40, "{:.0f}"),
    plain_bar("leadd's CPU per contact, µs", "hot-256", "server_us", 40, "{:.0f}"),
    plain_bar("PostgreSQL's CPU per contact, µs", "hot-64", "postgres_us", 75, "{:.0f}"),
    plain_bar("PostgreSQL's CPU per contact, µs", "hot-256", "postgres_us", 55, "{:.0f}"),
    plain_bar("leadd's memory before the first contact, MB", "hot-64", "idle_mb", 10, "{:.1f}"),
    plain_bar("leadd's memory at its peak, MB", "hot-1000", "peak_mb", 16, "{:.1f}"),
]

COLUMNS = [
    # heading, key of the figures, form
    ("contacts/s", "rate", "{:.0f}"),
    ("p50 ms", "p50_ms", "{:.2f}"),
    ("p99 ms", "p99_ms", "{:.2f}"),
    ("contacts per commit", "contacts_per_commit", "{:.1f}"),
    ("leadd CPU µs", "server_us", "{:.0f}"),
    ("PostgreSQL CPU µs", "postgres_us", "{:.0f}"),
    ("generator CPU µs", "generator_us", "{:.0f}"),
    ("WAL bytes", "wal_bytes", "{:.0f}"),
    ("leadd MB idle", "idle_mb", "{:.1f}"),
    ("leadd MB peak", "peak_mb", "{:.1f}"),
    ("leadd MB after", "after_mb", "{:.1f}"),
    ("flush ms", "flush_ms", "{:.2f}"),
    ("others' CPU %", "others_percent", "{:.0f}"),
]


def markdown(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def aligned(head, rows):
    widths = [max(len(line[column]) for line in [head, *rows]) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                               for column, (cell, width) in enumerate(zip(line, widths))) for line in [head, *rows])


class Report:
    """Made while the database still runs, printed after."""

    def __init__(self, bench, world):
        self.bench = bench
        self.options = bench.options
        self.repeats = bench.repeats
        self.surroundings = [*bench_proc.machine(),
                             ("file system of the database", bench_proc.file_system(world.folder)),
                             ("one flush (8 KiB written over, fdatasync), median", self._flush()),
                             *versions(world.postgres.bin)]

    def _flush(self):
        flushes = [figures["flush_ms"] for repeat in self.repeats for figures in repeat.values()]
        return f"{statistics.median(flushes):.2f} ms ({min(flushes):.2f} to {max(flushes):.2f}; before each run)"

    def values(self, name, key):
        found = [repeat[name].get(key) for repeat in self.repeats]
        return [value for value in found if value is not None]

    def scenario_rows(self):
        rows = []
        for scenario in self.bench.scenarios:
            ratios = [repeat[scenario.name]["rate"] / repeat[BASELINE]["rate"] for repeat in self.repeats]
            row = [scenario.name, *[numbers(self.values(scenario.name, key), form) for _, key, form in COLUMNS]]
            row[2:2] = [f"{statistics.median(ratios):.2f}"]
            rows.append(row)
        return ["scenario", COLUMNS[0][0], f"times {BASELINE}", *[heading for heading, _, _ in COLUMNS[1:]]], rows

    def bar_rows(self):
        rows = [bar.row(self.repeats, self.others_percent() < QUIET_PERCENT) for bar in BARS]
        return ["figure", "median", "least to most", "bar", ""], [row for row in rows if row]

    def start_row(self):
        """Times to ready over all fresh processes of all runs."""
        from_exec, logged = ([figures[key] for repeat in self.repeats for figures in repeat.values()
                              if figures.get(key) is not None] for key in ("ready_ms", "logged_ready_ms"))
        if not from_exec:
            return ""
        return (f"Time to ready on this database, {len(from_exec)} starts: {numbers(from_exec, '{:.0f}')} ms from before "
                f"exec to the first 200 of /health/ready ({min(from_exec):.0f} to {max(from_exec):.0f}); by its own log "
                f"app.ready ms_since_start={numbers(logged, '{:.0f}')}.")

    def others_percent(self, of=statistics.median):
        return of([figures["others_percent"] for repeat in self.repeats for figures in repeat.values()])

    def noise_line(self):
        """How far the figures can be trusted."""
        share = self.others_percent()
        words = (f"Other programs took {share:.0f} % of all CPU time (median over the runs; "
                 f"at most {self.others_percent(max):.0f} %)")
        if share < QUIET_PERCENT:
            return words + "."
        return words + (": **this was no quiet machine**. Rates and latencies say little then, and pgbench, with its many "
                        "processes, suffers in another way than the service, so that ratios are no measure either. CPU and "
                        "WAL per contact, memory and the data checks suffer least.")

    def data_line(self):
        if self.bench.complaints:
            return f"WRONG DATA, {len(self.bench.complaints)} complaints:\n" + "\n".join(self.bench.complaints)
        runs = len(self.bench.scenarios) * len(self.repeats)
        loads = [figures for repeat in self.repeats for figures in repeat.values() if "sent" in figures]
        sent, answered, refused, stored = (sum(figures[key] for figures in loads)
                                           for key in ("sent", "answered", "refused", "stored"))
        return (f"Data: {runs} runs, {self.bench.stored} contacts stored, no complaint. Of wrk's {sent} requests "
                f"{answered - refused} were answered with 201 and {refused} otherwise, {sent - answered} were open when it "
                f"stopped; {stored} are stored.")

    def text(self):
        parts = [f"Medians of {len(self.repeats)} repeats; CPU, WAL: per contact", aligned(*self.scenario_rows()), ""]
        if self.bar_rows()[1]:
            parts += [aligned(*self.bar_rows()), ""]
        parts += [f"{what}: {value}" for what, value in self.surroundings] + [self.start_row(), self.noise_line(), self.data_line()]
        return "\n" + "\n".join(parts)

    def document(self):
        options = self.options
        settings = ", ".join(f"`{name}={value}`" for name, value in SETTINGS.items())
        about = "\n".join(f"- `{scenario.name}`: {scenario.about}" for scenario in self.bench.scenarios)
        return f"""# Benchmarks

Written by `make bench ARGS="--write docs/BENCHMARKS.md"`; the bars are those of the assignment's design. **A first
version, measured on a shared 2-core machine** on which load generator, service and PostgreSQL compete with each other and
with whatever else ran (last column: that part of all CPU time).

## Repeating it

    make bench                                       # five repeats of 5 s runs; installs wrk when it is missing
    QUICK=1 make bench                               # a look, within two minutes
    make bench ARGS="--only hot --repeats 7"         # some scenarios, and the one they are compared with

The database is made anew in the folder for temporary files (`TMPDIR` names another, which has to lie on a real disk), and is
durable: every 201 is on the disk before it is sent. Exit code 1 means that the data was wrong, never that it was slow.

## Surroundings

{markdown(["what", "value"], [list(row) for row in self.surroundings])}

- PostgreSQL: {settings}; the rest is its default.
  Checkpoint and `vacuum analyze` between the repeats, not within.
- Before: {options.past} closed contacts, two of each lead; what earlier runs stored stays.
- {len(self.repeats)} repeats of {options.seconds} s runs, each beginning with another scenario; leadd is a fresh process in each run.
- {REPEATED_PERCENT} % of the contacts come from a lead that is known. The message is some 20 characters; no payload.
- hot: one source, ten operators, weights 1 to 10. spread: 50 sources with ten of 200 operators each, neighbours share six.
- pgbench: one PL/pgSQL call per contact through a Unix socket, doing the same transaction plain
  (`tests/load/bench_contact.sql`).
- wrk: one thread, TCP on the loopback address; it corrects its latencies for coordinated omission.

## Figures

{self.noise_line()}

Medians. CPU is user and system time per stored contact, of leadd, of all of PostgreSQL's processes (for pgbench with the
start of its connections), and of the load generator. Memory is resident memory. The flush was measured before each run.

{markdown(*self.scenario_rows())}

{about}

{self.start_row()}

## Bars

{markdown(*self.bar_rows())}

"pgbench" is always `{BASELINE}` of the same repeat, also for spread: one source is what row locks make slow.
`pgbench-64-spread` shows what single calls reach where they seldom meet.

Not measured yet:

{chr(10).join(f"- {line}" for line in NOT_YET)}

## The data after each run

- No operator above the limit; every load counter equals the count of its active contacts; one lead per external id.
- wrk numbers its requests, and the number is stored with the contact. For its last second wrk sends no more, so that all
  requests are answered: as many contacts as were acknowledged have to be stored, every number of 1..sent once. Were some
  still open when wrk left (at most one on each connection), it is acknowledged <= stored <= sent.
- Shares by chi-square (one in a million is refused): over each run by weight, at the end for each source.
- `full`: exactly as many contacts are active as there are places, all others wait.

{self.data_line()}
"""
