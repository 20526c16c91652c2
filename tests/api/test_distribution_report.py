"""How a source's contacts went: promised and actual shares, and what is still open."""

import datetime

from harness import test

BIGGEST_ID = 2**63 - 1


def report_of(api, source, **query):
    return api.get(f"distribution/sources/{source['id']}", **query).must(200)


def hour(offset):
    """The whole hour that began so many hours from now."""
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=offset)
    return moment.strftime("%Y-%m-%dT%H:00:00Z")


@test
def shares_are_compared_with_the_weights(api):
    anna, boris = api.operator(max_load_limit=3), api.operator(max_load_limit=1)
    source = api.source([(anna, 1.5), (boris, 0.5)])
    for _ in range(6):
        api.contact(source)

    report = report_of(api, source)

    rows = {row["operator_id"]: row for row in report["items"]}
    assert set(rows) == {anna["id"], boris["id"]}
    for operator, weight, expected, assigned, actual in ((anna, 1.5, 0.75, 3, 0.75), (boris, 0.5, 0.25, 1, 0.25)):
        row = rows[operator["id"]]
        assert (row["weight"], row["expected_share"]) == (weight, expected)
        assert (row["assigned"], row["actual_share"]) == (assigned, actual)
    assert (report["active"], report["waiting"], report["closed"]) == (4, 2, 0)


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
def a_source_without_anything_is_reported(api):
    report = report_of(api, api.source())
    assert report["items"] == []
    assert (report["active"], report["waiting"], report["closed"]) == (0, 0, 0)


@test
def operators_that_left_the_source_stay_in_its_report(api):
    operator, source = api.desk()
    api.contact(source)
    api.put(f"sources/{source['id']}/weights/", {"weights": []}).must(200)
    (row,) = report_of(api, source)["items"]
    assert (row["operator_id"], row["assigned"], row["expected_share"]) == (operator["id"], 1, 0)


@test
def whole_hours_bound_the_report(api):
    _, source = api.desk()
    api.contact(source)

    def assigned(**query):
        (row,) = report_of(api, source, **query)["items"]
        return row["assigned"]

    assert assigned(**{"from": hour(-1), "to": hour(2)}) == 1
    assert assigned(**{"to": hour(-1)}) == 0
    assert assigned(**{"from": hour(2)}) == 0


@test
def wrong_queries_are_refused(api):
    path = f"distribution/sources/{api.source()['id']}"
    for wrong in ("yesterday", "2024-01-01T10:30:00Z", "2024-01-01T10:00:00.5Z", ""):
        assert api.get(path, **{"from": wrong, "to": wrong}).fields == {"from", "to"}, wrong
    assert api.get(path, limit=5).fields == {"limit"}
    api.get(f"distribution/sources/{BIGGEST_ID}").must(404)
