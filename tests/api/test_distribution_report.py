"""How a source's contacts went: what the choices made lead to expect, what came of them, and what is still open."""

import datetime
import os

from harness import test

SETTINGS = {"SEED": 20240229}
BIGGEST_ID = 2**63 - 1
PLENTY = 1000000
HOURS_SUM = os.path.join(os.path.dirname(__file__), "..", "..", "sql", "queries", "hours_sum.sql")


def report_of(api, source, **query):
    return api.get(f"distribution/sources/{source['id']}", **query).must(200)


def rows_of(api, source, **query):
    return {row["operator_id"]: row for row in report_of(api, source, **query)["items"]}


def hour(offset):
    """The whole hour that began so many hours from now."""
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=offset)
    return moment.strftime("%Y-%m-%dT%H:00:00Z")


def team_of(api, count):
    return [api.operator(max_load_limit=PLENTY) for _ in range(count)]


def book_hour(api, source, offset, rows):
    """An hour as it is summed up. rows: (operator, expected, assigned)"""
    values = ", ".join(f"({source['id']}, '{hour(offset)}', {operator['id']}, {expected}, {assigned})"
                       for operator, expected, assigned in rows)
    api.psql.run(f"insert into distribution_hours (source_id, hour, operator_id, expected, assigned) values {values}")


def decision(source, at, rows):
    """SQL that records what a batch chose for a source. at: SQL; rows: as above"""

    def listed(values, kind):
        return f"array[{', '.join(map(str, values))}]::{kind}[]"

    count = len(rows)
    return f"""
        insert into assignment_decisions (batch_id, source_id, at, strategy, operator_ids, weights, are_active, limits,
            loads, expected, assigned, waiting)
        values (nextval('assignment_batches_id_seq'), {source['id']}, {at}, 'weighted_random',
            {listed([operator['id'] for operator, _, _ in rows], 'bigint')}, {listed([1] * count, 'numeric')},
            {listed(['true'] * count, 'boolean')}, {listed([9] * count, 'integer')}, {listed([0] * count, 'integer')},
            {listed([expected for _, expected, _ in rows], 'double precision')},
            {listed([assigned for _, _, assigned in rows], 'integer')}, 0);"""


def judged(api, *counts):
    """The test of a source with operators of such (expected, assigned)."""
    source = api.source()
    book_hour(api, source, -3, [(operator, *pair) for operator, pair in zip(team_of(api, len(counts)), counts)])
    return report_of(api, source)["test"]


@test
def expectation_and_outcome_are_those_of_the_choices_made(api):
    """One inactive half of the time, one with few places: each contact's chances are counted along, one by one."""
    anna, boris = team_of(api, 2)
    clara = api.operator(max_load_limit=40)
    weights = {anna["id"]: 1, boris["id"]: 1.5, clara["id"]: 2.5}
    source = api.source([(anna, 1), (boris, 1.5), (clara, 2.5)])
    expected, assigned = dict.fromkeys(weights, 0), dict.fromkeys(weights, 0)
    for number in range(400):
        if number == 200:
            api.patch(f"operators/{boris['id']}", {"is_active": False}).must(200)
        there = {anna["id"], *([boris["id"]] if number < 200 else []),
                 *([clara["id"]] if assigned[clara["id"]] < 40 else [])}
        for operator_id in there:
            expected[operator_id] += weights[operator_id] / sum(weights[one] for one in there)
        assigned[api.contact(source)["operator_id"]] += 1

    report = report_of(api, source)

    rows = {row["operator_id"]: row for row in report["items"]}
    assert set(rows) == set(weights) and assigned[clara["id"]] == 40
    for operator_id, row in rows.items():
        assert (row["weight"], row["assigned"]) == (weights[operator_id], assigned[operator_id])
        assert abs(row["expected"] - expected[operator_id]) < 0.001
        assert abs(row["expected_share"] - expected[operator_id] / 400) < 1e-6
        assert row["actual_share"] == assigned[operator_id] / 400
    assert report["test"]["verdict"] == "as_expected", report["test"]
    assert report["test"]["degrees_of_freedom"] == 2
    assert (report["assigned"], report["active"], report["waiting"], report["closed"]) == (400, 400, 0, 0)


@test
def contacts_that_nobody_could_take_are_not_expected_of_anybody(api):
    anna, boris = api.operator(max_load_limit=3), api.operator(max_load_limit=1)
    source = api.source([(anna, 1.5), (boris, 0.5)])
    contacts = [api.contact(source) for _ in range(6)]

    report = report_of(api, source)

    rows = {row["operator_id"]: row for row in report["items"]}
    assert [rows[one["id"]]["assigned"] for one in (anna, boris)] == [3, 1]
    assert [rows[one["id"]]["actual_share"] for one in (anna, boris)] == [0.75, 0.25]
    assert abs(sum(row["expected"] for row in rows.values()) - 4) < 0.002
    assert abs(sum(row["expected_share"] for row in rows.values()) - 1) < 1e-9
    assert (report["assigned"], report["active"], report["waiting"], report["closed"]) == (4, 4, 2, 0)
    assert [item["id"] for item in report["oldest_waiting"]] == [contact["id"] for contact in contacts[4:]]


@test
def who_gave_no_chances_took_none(api):
    """Weight 0, inactive, or no place: listed, with nothing expected."""
    anna, idle, full = api.operator(), api.operator(is_active=False), api.operator(max_load_limit=0)
    none = api.operator()
    source = api.source([(anna, 1), (idle, 5), (full, 7), (none, 0)])
    for _ in range(5):
        api.contact(source)
    rows = rows_of(api, source)
    assert (rows[anna["id"]]["expected"], rows[anna["id"]]["assigned"]) == (5, 5)
    for one in (idle, full, none):
        row = rows[one["id"]]
        assert (row["expected"], row["expected_share"], row["assigned"], row["actual_share"]) == (0, 0, 0, 0)


@test
def closed_contacts_are_still_assigned(api):
    operator, source = api.desk(max_load_limit=1)
    api.close(api.contact(source))
    api.contact(source)

    report = report_of(api, source)

    (row,) = report["items"]
    assert (row["operator_id"], row["assigned"], row["actual_share"]) == (operator["id"], 2, 1)
    assert (report["active"], report["waiting"], report["closed"]) == (1, 0, 1)


@test
def contacts_assigned_in_psql_are_no_choices(api):
    operator, source = api.desk()
    contact = api.contact(source)
    api.psql.run(f"""insert into contacts (lead_id, source_id, operator_id, status)
                     values ({contact['lead_id']}, {source['id']}, {operator['id']}, 'active')""")
    report = report_of(api, source)
    assert (report["assigned"], report["active"]) == (1, 2)


@test
def a_source_without_anything_is_reported(api):
    report = report_of(api, api.source())
    assert report["items"] == []
    assert (report["assigned"], report["active"], report["waiting"], report["closed"]) == (0, 0, 0, 0)
    assert report["test"] == {"chi_square": None, "degrees_of_freedom": None, "critical_value": None,
                              "significance": 0.001, "verdict": "too_few"}


@test
def operators_that_left_the_source_stay_in_its_report(api):
    operator, source = api.desk()
    api.contact(source)
    api.put(f"sources/{source['id']}/weights/", {"weights": []}).must(200)
    (row,) = report_of(api, source)["items"]
    assert (row["operator_id"], row["assigned"], row["expected"], row["weight"]) == (operator["id"], 1, 1, None)


@test
def the_test_is_worked_out_as_described(api):
    """(60-50)^2/50 + (40-50)^2/50 = 4; for 1 degree of freedom Wilson and Hilferty's quantile 0.999 is 11.157."""
    assert judged(api, (50, 60), (50, 40)) == {"chi_square": 4, "degrees_of_freedom": 1, "critical_value": 11.157,
                                               "significance": 0.001, "verdict": "as_expected"}
    three = judged(api, (100, 110), (60, 45), (40, 45))
    assert (three["chi_square"], three["degrees_of_freedom"], three["critical_value"]) == (5.375, 2, 14.133)


@test
def a_biased_source_deviates(api):
    biased = judged(api, (500, 620), (300, 230), (200, 150))
    assert (biased["chi_square"], biased["verdict"]) == (57.633, "deviates")
    assert judged(api, (50, 67), (50, 33))["verdict"] == "deviates"  # 11.56
    assert judged(api, (50, 66), (50, 34))["verdict"] == "as_expected"  # 10.24


@test
def rare_operators_share_a_cell(api):
    """4 + 3 and 2 make a cell of 9 that got 0: 9; the other: (91 - 100)^2 / 91 = 0.89."""
    pooled = judged(api, (91, 100), (4, 0), (3, 0), (2, 0))
    assert (pooled["chi_square"], pooled["degrees_of_freedom"]) == (9.89, 1)
    left_out = judged(api, (90, 80), (60, 70), (4.9, 5))
    assert (left_out["chi_square"], left_out["degrees_of_freedom"]) == (2.778, 1)


@test
def too_few_contacts_are_not_judged(api):
    for counts in ([(1000, 1000)], [(4, 9), (0.5, 0)], [(100, 101), (4, 3)]):
        test_of_few = judged(api, *counts)
        assert (test_of_few["verdict"], test_of_few["chi_square"]) == ("too_few", None), counts


@test
def hours_and_newer_choices_add_up(api):
    source, (anna, boris) = api.source(), team_of(api, 2)
    book_hour(api, source, -2, [(anna, 10.25, 12), (boris, 9.75, 8)])
    book_hour(api, source, -1, [(anna, 0.5, 1)])
    api.psql.run(decision(source, "now()", [(anna, 0.25, 0), (boris, 0.75, 1)]))
    api.contact(api.source([(anna, 1)]))  # another source's

    rows = rows_of(api, source)

    assert (rows[anna["id"]]["expected"], rows[anna["id"]]["assigned"]) == (11, 13)
    assert (rows[boris["id"]]["expected"], rows[boris["id"]]["assigned"]) == (10.5, 9)
    assert rows[anna["id"]]["weight"] is None


@test
def summing_up_changes_no_report(lab):
    """Decisions of three hours, of which the newest are not settled yet, summed up in slices of four."""
    api = lab.serve(lab.new_database("hours"))
    source, other, (anna, boris) = api.source(), api.source(), team_of(api, 2)
    for minutes in (170, 140, 110, 80, 50, 20, 0):
        at = f"now() - interval '{minutes} minutes'"
        api.psql.run(decision(source, at, [(anna, 0.5, 1), (boris, 1.5, 1)]) + decision(other, at, [(anna, 2, 2)]))
    # Only now, or the server might have gone past them.
    api.psql.run("update distribution_progress set summed_until = date_trunc('hour', now()) - interval '3 hours'")
    periods = [{}, *({"from": hour(begin), "to": hour(begin + 1)} for begin in (-3, -2, -1, 0))]
    before = [report_of(api, one, **period) for one in (source, other) for period in periods]
    assert before[0]["assigned"] == before[5]["assigned"] == 14

    with open(HOURS_SUM, encoding="utf-8") as file:
        api.psql.run(f"prepare sum_up(integer) as {file.read()};" + "execute sum_up(4);" * 5)

    assert api.psql.value("select sum(assigned) from distribution_hours") == "24"
    assert [report_of(api, one, **period) for one in (source, other) for period in periods] == before


@test
def whole_hours_bound_the_report(api):
    operator, source = api.desk()
    api.contact(source)
    book_hour(api, source, -5, [(operator, 16, 16)])
    book_hour(api, source, -4, [(operator, 32, 32)])

    def assigned(**query):
        (row,) = report_of(api, source, **query)["items"]
        return row["assigned"]

    assert assigned() == 49
    assert assigned(**{"from": hour(-1), "to": hour(2)}) == 1
    assert assigned(**{"from": hour(-4)}) == 33
    assert assigned(**{"from": hour(-5), "to": hour(-4)}) == 16
    assert assigned(**{"to": hour(-1)}) == 48
    assert assigned(**{"to": hour(-5)}) == 0
    assert assigned(**{"from": hour(2)}) == 0


@test
def wrong_queries_are_refused(api):
    path = f"distribution/sources/{api.source()['id']}"
    for wrong in ("yesterday", "2024-01-01T10:30:00Z", "2024-01-01T10:00:00.5Z", ""):
        assert api.get(path, **{"from": wrong, "to": wrong}).fields == {"from", "to"}, wrong
    for begin, end in ((0, 0), (1, 0), (24, -24)):
        problem = api.get(path, **{"from": hour(begin), "to": hour(end)}).must(422)
        assert problem["errors"] == [{"field": "to", "message": "must be later than from"}]
    noon = "2026-01-31T12:00:00Z"
    assert api.get(path, **{"from": noon, "to": "2026-01-31T14:00:00+02:00"}).fields == {"to"}
    assert api.get(path, **{"from": noon, "to": "2026-01-31T09:30:00-03:30"}).status == 200
    assert api.get(path, **{"from": noon, "to": "yesterday"}).fields == {"to"}
    assert api.get(path, limit=5).fields == {"limit"}
    api.get(f"distribution/sources/{BIGGEST_ID}").must(404)
