"""Trying out weights and limits: the real rule on a copy, nothing written."""

from harness import test

BIGGEST_ID = 2**63 - 1


def simulate(api, source, **draft):
    return api.post(f"sources/{source['id']}/simulate", draft)


def rows_of(simulation):
    return {row["operator_id"]: row for row in simulation["items"]}


@test
def the_weights_of_the_source_are_tried(api):
    anna, boris = api.operator(max_load_limit=100000), api.operator(max_load_limit=100000)
    source = api.source([(anna, 30), (boris, 10)])

    simulation = simulate(api, source, contacts=10000, seed=1).must(200)

    rows = rows_of(simulation)
    assert (simulation["contacts"], simulation["assigned"], simulation["waiting"]) == (10000, 10000, 0)
    assert [rows[one["id"]]["expected_share"] for one in (anna, boris)] == [0.75, 0.25]
    assert 0.72 < rows[anna["id"]]["actual_share"] < 0.78
    assert rows[anna["id"]]["assigned"] + rows[boris["id"]]["assigned"] == 10000
    assert simulation["first_waiting_at"] is rows[anna["id"]]["full_at"] is None


@test
def who_fills_up_and_who_waits_is_told(api):
    operator, source = api.desk(max_load_limit=5)
    api.contact(source)

    simulation = simulate(api, source, contacts=10).must(200)

    (row,) = simulation["items"]
    assert (simulation["assigned"], simulation["waiting"], simulation["first_waiting_at"]) == (4, 6, 5)
    assert (row["operator_id"], row["assigned"], row["active_load"], row["full_at"]) == (operator["id"], 4, 5, 4)


@test
def other_weights_and_limits_can_be_tried(api):
    anna, boris, carla = (api.operator(max_load_limit=0) for _ in range(3))
    source = api.source([(anna, 1)])
    weights = [{"operator_id": boris["id"], "weight": 0.5}, {"operator_id": carla["id"], "weight": 1.5}]
    limits = [{"operator_id": boris["id"], "max_load_limit": 7}, {"operator_id": carla["id"], "is_active": False}]

    simulation = simulate(api, source, contacts=10, weights=weights, operators=limits).must(200)

    rows = rows_of(simulation)
    assert (rows[boris["id"]]["assigned"], rows[carla["id"]]["assigned"], simulation["waiting"]) == (7, 0, 3)
    assert rows.get(anna["id"], {"assigned": 0})["assigned"] == 0


@test
def nothing_is_written(api):
    operator, source = api.desk(max_load_limit=3)
    before = api.get(f"sources/{source['id']}/weights/").must(200)

    simulate(api, source, contacts=100, weights=[], operators=[]).must(200)
    simulate(api, source, contacts=100, operators=[{"operator_id": operator["id"], "max_load_limit": 9}]).must(200)

    assert api.get(f"sources/{source['id']}/weights/").must(200) == before
    assert api.get(f"operators/{operator['id']}").must(200) == operator
    assert api.psql.count(f"contacts where source_id = {source['id']}") == 0


@test
def a_seed_repeats_the_result(api):
    source = api.source([(api.operator(max_load_limit=1000), 1) for _ in range(4)])
    first = simulate(api, source, contacts=500).must(200)
    again = simulate(api, source, contacts=500, seed=first["seed"]).must(200)
    assert again == first
    others = [simulate(api, source, contacts=500, seed=seed).must(200)["items"] for seed in range(5)]
    assert any(items != others[0] for items in others)


@test
def the_last_contacts_can_be_counted_instead(api):
    _, source = api.desk()
    for _ in range(4):
        api.contact(source)
    assert simulate(api, source, last=3).must(200)["contacts"] == 3
    assert simulate(api, source, last=100).must(200)["contacts"] == 4


@test
def an_empty_case_is_no_failure(api):
    simulation = simulate(api, api.source(), contacts=5).must(200)
    assert (simulation["waiting"], simulation["first_waiting_at"], simulation["items"]) == (5, 1, [])


@test
def others_are_served_meanwhile(api):
    team = [api.operator(max_load_limit=1000000) for _ in range(20)]
    source = api.source([(operator, 1) for operator in team])
    simulation = simulate(api, source, contacts=100000).must(200)
    assert simulation["assigned"] == 100000
    assert api.load(team[0]) == 0


@test
def wrong_cases_are_refused(api):
    operator, source = api.desk()
    twice = [{"operator_id": operator["id"], "weight": 1}] * 2
    assert simulate(api, source).fields
    assert simulate(api, source, contacts=1, last=1).fields
    assert simulate(api, source, contacts=0).fields == {"contacts"}
    assert simulate(api, source, contacts=100001, colour="red").fields == {"contacts", "colour"}
    assert "weights[1].operator_id" in simulate(api, source, contacts=1, weights=twice).fields
    unknown = [{"operator_id": BIGGEST_ID, "weight": 1}]
    assert simulate(api, source, contacts=1, weights=unknown).fields == {"weights[0].operator_id"}
    override = [{"operator_id": operator["id"], "max_load_limit": -1}]
    assert simulate(api, source, contacts=1, operators=override).fields == {"operators[0].max_load_limit"}
    api.post(f"sources/{BIGGEST_ID}/simulate", {"contacts": 1}).must(404)
