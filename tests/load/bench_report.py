"""Medians over the repeats, the tables, the bars beside them, and docs/BENCHMARKS.md."""

import statistics

import bench_proc
from bench_bars import BARS, QUIET_PERCENT
from bench_runs import BASELINE, GROWTH_WARM_SECONDS, SERVICE_WARM_SECONDS, WARM_SECONDS
from bench_world import (CYCLE_RATE, CYCLE_SECONDS, KNOWN_IN_HALF_A_CYCLE, REPEATED_PERCENT, SETTINGS, WAL_FILES,
                         versions)


def numbers(values, form):
    return form.format(statistics.median(values)) if values else "-"


def run_line(repeat, scenario, figures):
    line = f"{repeat + 1} {scenario.name:<18}{figures['rate']:>9.0f}/s  p50 {figures['p50_ms']:>7.2f}  " \
           f"p99 {figures['p99_ms']:>7.2f} ms  postgres {figures['postgres_us']:>5.0f} us"
    for key, form in (("server_us", "  leadd {:>4.0f} us"), ("contacts_per_commit", "  {:>6.1f} per commit"),
                      ("peak_mb", "  {:>5.1f} MB"), ("turn_ms", "  turn {:>5.1f}"), ("turn_cpu_ms", " (CPU {:>4.1f}) ms")):
        if key in figures:
            line += form.format(figures[key])
    if figures.get("refused") or figures.get("not_2xx"):
        line += f"  {figures.get('refused', 0) + figures.get('not_2xx', 0)} not 2xx"
    return f"{line}  flush {figures['flush_ms']:>5.2f} ms  others {figures['others_percent']:>3.0f} %"


COLUMNS = [
    # heading, key of the figures, form
    ("contacts/s", "rate", "{:.0f}"),
    ("p50 ms", "p50_ms", "{:.2f}"),
    ("p99 ms", "p99_ms", "{:.2f}"),
    ("contacts per commit", "contacts_per_commit", "{:.1f}"),
    ("leadd CPU µs", "server_us", "{:.0f}"),
    ("PostgreSQL CPU µs", "postgres_us", "{:.0f}"),
    ("its page faults", "postgres_faults", "{:.2f}"),
    ("generator CPU µs", "generator_us", "{:.0f}"),
    ("WAL bytes", "wal_bytes", "{:.0f}"),
    ("leadd MB idle", "idle_mb", "{:.1f}"),
    ("leadd MB peak", "peak_mb", "{:.1f}"),
    ("leadd MB after", "after_mb", "{:.1f}"),
    ("longest turn ms", "turn_ms", "{:.1f}"),
    ("its CPU ms", "turn_cpu_ms", "{:.1f}"),
    ("flush ms", "flush_ms", "{:.2f}"),
    ("others' CPU %", "others_percent", "{:.0f}"),
]

ANSWER_COLUMNS = [
    ("answers/s", "rate", "{:.0f}"),
    ("p50 ms", "p50_ms", "{:.2f}"),
    ("p99 ms", "p99_ms", "{:.2f}"),
    ("bytes", "answer_bytes", "{:.0f}"),
    ("leadd CPU µs", "server_us", "{:.0f}"),
    ("PostgreSQL CPU µs", "postgres_us", "{:.0f}"),
    ("generator CPU µs", "generator_us", "{:.0f}"),
    ("longest turn ms", "turn_ms", "{:.1f}"),
    ("its CPU ms", "turn_cpu_ms", "{:.1f}"),
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

    def __init__(self, bench, worlds):
        self.bench = bench
        self.options = bench.options
        self.runs, self.repeats = bench.runs, bench.repeats
        self.surroundings = [*bench_proc.machine(),
                             ("file system of the database", bench_proc.file_system(worlds.postgres.folder)),
                             ("one flush (8 KiB written over, fdatasync)", self._price("flush_ms", "ms")),
                             ("one page of shared memory touched first", self._price("fault_us", "µs")),
                             ("one byte to another process and back", self._price("round_trip_us", "µs")),
                             *versions(worlds.postgres.bin)]
        self.worlds = [f"`{world.name}`: {world.past} closed contacts, two of each lead, with their history (made in "
                       f"{world.seconds:.0f} s)" for world in worlds.made.values()]

    def _price(self, key, unit):
        each = [figures[key] for _, figures in self.runs]
        return f"{statistics.median(each):.2f} {unit} ({min(each):.2f} to {max(each):.2f}; medians beside each run)"

    def values(self, name, key):
        return [figures[key] for its, figures in self.runs if its == name and figures.get(key) is not None]

    def ran(self, stores_contacts):
        names = {name for name, _ in self.runs}
        return [scenario for scenario in self.bench.scenarios.values()
                if scenario.name in names and scenario.stores_contacts == stores_contacts]

    def storing(self):
        return self.ran(True)

    def answering(self):
        return self.ran(False)

    def answer_rows(self):
        rows = [[scenario.name, *[numbers(self.values(scenario.name, key), form) for _, key, form in ANSWER_COLUMNS]]
                for scenario in self.answering()]
        return ["scenario", *[heading for heading, _, _ in ANSWER_COLUMNS]], rows

    def scenario_rows(self):
        rows = []
        for scenario in self.storing():
            beside = [repeat[scenario.name] for repeat in self.repeats if scenario.name in repeat]
            ratios = [figures["rate"] / figures["near"][BASELINE]["rate"] for figures in beside if BASELINE in figures["near"]]
            row = [scenario.name, *[numbers(self.values(scenario.name, key), form) for _, key, form in COLUMNS]]
            row[2:2] = [numbers(ratios, "{:.2f}")]
            rows.append(row)
        return ["scenario", COLUMNS[0][0], f"times {BASELINE}", *[heading for heading, _, _ in COLUMNS[1:]]], rows

    def bar_rows(self):
        rows = [bar.row(self.repeats, self.others_percent() < QUIET_PERCENT) for bar in BARS]
        return ["figure", "median", "least to most", "bar", "", "CPUs allow"], [row for row in rows if row]

    def start_row(self):
        """Times to ready over all fresh processes of all runs."""
        from_exec, logged = ([figures[key] for _, figures in self.runs if figures.get(key) is not None]
                             for key in ("ready_ms", "logged_ready_ms"))
        if not from_exec:
            return ""
        return (f"Time to ready on this database, {len(from_exec)} starts: {numbers(from_exec, '{:.0f}')} ms from before "
                f"exec to the first 200 of /health/ready ({min(from_exec):.0f} to {max(from_exec):.0f}); by its own log "
                f"app.ready ms_since_start={numbers(logged, '{:.0f}')}.")

    def others_percent(self, of=statistics.median):
        return of([figures["others_percent"] for _, figures in self.runs])

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
        runs = sum("stored" in figures for _, figures in self.runs)
        loads = [figures for _, figures in self.runs if "sent" in figures]
        sent, answered, refused, stored = (sum(figures[key] for figures in loads)
                                           for key in ("sent", "answered", "refused", "stored"))
        return (f"Data: {runs} runs, {self.bench.stored} contacts stored, no complaint. Of wrk's {sent} requests "
                f"{answered - refused} were answered with 201 and {refused} otherwise, {sent - answered} were open when it "
                f"stopped; {stored} are stored.")

    def text(self):
        parts = [f"Medians of {len(self.repeats)} repeats; CPU, page faults, WAL: per contact", aligned(*self.scenario_rows()), ""]
        if self.answering():
            parts += [aligned(*self.answer_rows()), ""]
        if self.bar_rows()[1]:
            parts += [aligned(*self.bar_rows()), ""]
        parts += [f"{what}: {value}" for what, value in self.surroundings] + [self.start_row(), self.noise_line(), self.data_line()]
        return "\n" + "\n".join(parts)

    def document(self):
        options = self.options
        settings = ", ".join(f"`{name}={value}`" for name, value in SETTINGS.items())
        about, answers = ("\n".join(f"- `{scenario.name}`: {scenario.about}" for scenario in scenarios)
                          for scenarios in (self.storing(), self.answering()))
        return f"""# Benchmarks

Written by `make bench ARGS="--repeats {options.repeats} --write docs/BENCHMARKS.md"`; the bars are those of the assignment's design. Load
generator, service and PostgreSQL compete for the same processors, and with whatever else ran (last column: that part of
all CPU time). The whole took {self.bench.minutes():.0f} minutes.

## Repeating it

    make bench                                       # seven repeats of 2 s runs, an hour; installs wrk if missing
    QUICK=1 make bench                               # a look, within two minutes
    GROWTH=0 make bench                              # without the large pasts, which take some minutes to make
    make bench ARGS="--only hot --repeats 7"         # some scenarios, and those they are compared with

The database is made anew in the folder for temporary files (`TMPDIR` names another, which has to lie on a real disk), and is
durable: every 201 is on the disk before it is sent. Exit code 1 means that the data was wrong, never that it was slow.

## Surroundings

{markdown(["what", "value"], [list(row) for row in self.surroundings])}

- PostgreSQL: {settings}; the rest is its default.
  Checkpoint and `vacuum analyze` between the repeats, not within. Behind a checkpoint each page costs its image in the WAL
  when it is touched first, and known leads, drawn from all of the past, touch many. So that the runs lie in the midst of a
  checkpoint's cycle, not at its beginning, {KNOWN_IN_HALF_A_CYCLE} contacts of known leads are inserted and rolled back before
  (those of {CYCLE_SECONDS // 2} s with {CYCLE_RATE} contacts/s). And so that WAL files are old ones used again, as on a server that
  has run for some time, {WAL_FILES} are written before the first checkpoint.
- Worlds, each a database of its own; what earlier runs stored stays, but `10k` is made anew for each run:
{chr(10).join(f"  - {line}" for line in self.worlds)}
- Either side is warm before its contacts are counted. A run of leadd that stores contacts begins when all connections of
  its pools stand, and behind some {SERVICE_WARM_SECONDS} s of load (`QUICK=1`: one less) on the same process: of the same, but for
  `full-64`, which has the hot source's, and `hot-64-beside`, without its slow client. A new backend finds each page of
  PostgreSQL's shared memory, and of the WAL's buffers above all, by a page fault, which is dear on a virtual machine. What
  the service sums up about once a minute, and at its start, mostly falls in there. pgbench with 64 clients runs for
  {WARM_SECONDS} s longer than what is counted: its many processes need them to start, and to make their plans.
- Before all runs for growth it is {GROWTH_WARM_SECONDS} s of known leads only, drawn from all of the past. A backend that has run for
  hours has touched the whole of that memory; a young one pays for each page that the past makes it touch, and the more
  past, the more such pages. The faults that are left are in the table: where the small past has more of them than another,
  the ratio of the two is too low by what they cost. What the warm-up stores is there as well when counting begins.
- {len(self.repeats)} repeats of {options.seconds} s runs, twice as long for `hot-` and `spread-` from 64 connections up
  (`hot-10000`: 4 s more), each beginning with another scenario; leadd is a fresh process in each run.
- Virtual machines of a shared host change their speed from minute to minute. So what is compared runs side by side: in each
  repeat plain pgbench goes right before a scenario and `-whole` right after it, or the other way round; where a bar names one other
  only, that goes before and after it, and the mean of both counts. `hot-1` and growth take several turns with what they are compared
  with, since they differ from it by less than such a machine from itself. (`QUICK=1`: each goes but once in a repeat.)
- {REPEATED_PERCENT} % of the contacts come from a lead that is known. The message is some 20 characters; no payload.
- hot: one source, ten operators, weights 1 to 10. spread: 50 sources with ten of 200 operators each, neighbours share six.
- pgbench: one PL/pgSQL call per contact through a Unix socket, doing the same transaction
  (`tests/load/bench_contact.sql`): plain (lead, contact, load), or storing the same rows as the service (`-whole`).
- wrk: one thread, TCP on the loopback address; it corrects its latencies for coordinated omission.

## Figures

{self.noise_line()}

Medians. CPU is user and system time per stored contact, of leadd, of all of PostgreSQL's processes (for pgbench in the
whole of its run, start and warm-up included), and of the load generator. Page faults are PostgreSQL's, those without
reading, counted over the same time and per contact as well. Memory is resident memory. The flush was measured before each run.

{markdown(*self.scenario_rows())}

{about}

{markdown(*self.answer_rows()) if answers else ""}

{answers}

The longest turn of the event loop is what GET /metrics told at the end of the run, since the start of the process.

{self.start_row()}

## Bars

{markdown(*self.bar_rows())}

"pgbench" is always `{BASELINE}` or `{BASELINE}-whole`, also for spread: one source is what row locks make slow.
`pgbench-64-spread` shows what single calls reach where they seldom meet. The bars in microseconds of CPU are absolute: a
virtual machine whose neighbours fill the processors' caches may need twice its own time for the same work. Figures
without a bar are there to be looked at.

"CPUs allow" is the ratio if none of the processors had ever been idle while leadd, PostgreSQL and the load generator took
the time that they took for each contact; pgbench's rate is as measured. A bar above it cannot be met on that machine with
that work, however the parts wait for each other. pgbench with 64 clients is a crowd of processes that wake each other and
touch memory for the first time; where both are cheap (see Surroundings), it is far ahead of where they are dear, and the
service, one process with few connections, only a little.

## The data after each run

- No operator above the limit; every load counter equals the count of its active contacts; one lead per external id.
- wrk numbers its requests, and the number is stored with the contact. At the end of a run wrk sends no more, so that all
  requests are answered: as many contacts as were acknowledged have to be stored, every number of 1..sent once. Were some
  still open when wrk left (at most one on each connection), it is acknowledged <= stored <= sent.
- Shares by chi-square (one in a million is refused): over each run by weight, at the end for each source.
- `full`: exactly as many contacts are active as there are places, all others wait.

{self.data_line()}
"""
