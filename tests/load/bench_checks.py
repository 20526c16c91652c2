"""Speed is worth nothing with wrong data: what must hold after each run. Each check returns its complaints."""

import collections

from bench_world import FULL_PLACES, HOT, SPREAD
from test_shares import chi_square_bound

EXPECTED_LEAST = 5  # below that the chi-square distribution is no longer a good likeness


def facts_after(world, run, before):
    """The row of bench_checks.sql as a dictionary of numbers."""
    names = ("stored", "different", "transactions", "of_wrong_lead", "highest_number", "waiting", "overloaded",
             "drifted", "twins")
    ((*values,),) = world.run_file("bench_checks.sql", last_contact=before[0], last_lead=before[1], run=run)
    return dict(zip(names, map(int, values)))


def integrity(facts):
    """What has to be so whoever stored the contacts."""
    said = {"overloaded": "operators above their limit", "drifted": "load counters that differ from the count",
            "twins": "external ids with more than one lead", "of_wrong_lead": "contacts of another lead than asked for"}
    return [f"{facts[name]} {words}" for name, words in said.items() if facts[name]]


def exactly_once(facts, load, connections):
    """
    Every 201 is stored, and nothing is stored twice.

    wrk numbers its requests, 1..sent, and sends none at the end of a run: then all are answered, acknowledged = sent, and
    every number has to be stored, once. On a machine so slow that answers are still open when wrk leaves (at most one on
    each connection, and one more on each that broke), or refuses, those may be stored or not:
    acknowledged <= stored <= sent.
    An answer that is no 2xx (503 on a machine that is too slow) promises nothing and is no fault of the data.
    """
    complaints = []
    acknowledged = load["answered"] - load["refused"]
    tolerance = connections + load["broken"]
    if not acknowledged <= facts["stored"] <= load["sent"]:
        complaints.append(f"{facts['stored']} stored, {acknowledged} acknowledged, {load['sent']} sent")
    if load["sent"] - load["answered"] > tolerance:
        complaints.append(f"{load['sent'] - load['answered']} requests without an answer, at most {tolerance} can be open")
    if facts["different"] != facts["stored"]:
        complaints.append(f"{facts['stored'] - facts['different']} requests are stored more than once")
    if facts["highest_number"] > load["sent"]:
        complaints.append(f"request {facts['highest_number']} is stored, {load['sent']} were sent")
    return complaints


def shares(rows, pooled):
    """Chi-square of (source, weight, count) rows, for each source or pooled over all; one in a million is refused."""
    totals = collections.Counter()
    wholes = collections.Counter()
    for source, weight, count in rows:
        totals[source] += int(count)
        wholes[source] += float(weight)
    cells = collections.defaultdict(lambda: collections.defaultdict(lambda: [0, 0.0]))
    for source, weight, count in rows:
        cell = cells["all sources" if pooled else f"source {source}"][weight]
        cell[0] += int(count)
        cell[1] += totals[source] * float(weight) / wholes[source]
    complaints = []
    for name, classes in cells.items():
        if min(expected for _, expected in classes.values()) < EXPECTED_LEAST:
            continue
        statistic = sum((count - expected) ** 2 / expected for count, expected in classes.values())
        bound = chi_square_bound(len(classes) - 1)
        if statistic > bound:
            complaints.append(f"shares of {name}: chi-square {statistic:.1f}, at most {bound:.1f}")
    return complaints


def shares_of(world, sources, last_contact, pooled):
    rows = world.run_file("bench_shares.sql", first_source=sources[0], last_source=sources[1],
                          last_contact=last_contact)
    return shares(rows, pooled)


def all_places_taken(world, source, facts):
    """When the places run out, exactly as many are active as there are places."""
    places = min(FULL_PLACES, facts["stored"])
    active = world.psql.count(f"contacts where source_id = {source} and status = 'active'")
    if (active, facts["waiting"]) == (places, facts["stored"] - places):
        return []
    return [f"{active} active and {facts['waiting']} waiting of {facts['stored']} contacts for {places} places"]


def whole_database(world):
    """Once at the end: what a run's own check cannot see."""
    complaints = []
    twins = world.psql.value("""set enable_indexscan = off; set enable_indexonlyscan = off;
                                select count(*) - count(distinct external_id) from leads""")
    if twins != "0":
        complaints.append(f"{twins} leads share their external id with another one")
    for sources in (HOT, SPREAD):
        complaints += shares_of(world, sources, world.last_seeded, pooled=False)
    return complaints
