"""Trying out weights, limits and strategies: the real rule on a copy, nothing written."""

from harness import test
from waiting import meanwhile, together

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


def assigned_of(simulation, team):
    rows = rows_of(simulation)
    return [rows[operator["id"]]["assigned"] for operator in team]


def set_source(api, source, **settings):
    return api.patch(f"sources/{source['id']}", settings).must(200)


@test
def the_strategy_of_the_source_chooses_unless_another_is_tried(api):
    _, source = api.desk()
    assert simulate(api, source, contacts=1).must(200)["strategy"] == "weighted_random"
    set_source(api, source, strategy="least_recent")
    assert simulate(api, source, contacts=1).must(200)["strategy"] == "least_recent"
    assert simulate(api, source, contacts=1, strategy="least_loaded").must(200)["strategy"] == "least_loaded"
    assert api.get(f"sources/{source['id']}").must(200)["strategy"] == "least_recent"


@test
def smooth_weighted_keeps_to_the_weights_exactly(api):
    team = [api.operator(max_load_limit=100000) for _ in range(4)]
    source = api.source(zip(team, (5, 2.5, 0, 0.5)))

    simulation = simulate(api, source, contacts=8000, strategy="smooth_weighted").must(200)

    assert assigned_of(simulation, team) == [5000, 2500, 0, 500]
    for row in simulation["items"]:
        assert row["actual_share"] == row["expected_share"] == row["weight"] / 8


@test
def smooth_weighted_starts_from_the_credits_that_are_stored(api):
    team = [api.operator(max_load_limit=100) for _ in range(2)]
    source = set_source(api, api.source([(operator, 1) for operator in team]), strategy="smooth_weighted")
    assert assigned_of(simulate(api, source, contacts=1).must(200), team) == [1, 0]

    api.psql.run(f"update source_operator_weights set credit = 600 where operator_id = {team[1]['id']}")

    assert assigned_of(simulate(api, source, contacts=1).must(200), team) == [0, 1]
    assert api.psql.run(f"select credit from source_operator_weights where source_id = {source['id']} "
                        "order by operator_id") == [("0",), ("600",)]


@test
def least_loaded_fills_everybody_to_the_same_part(api):
    team = [api.operator(max_load_limit=limit) for limit in (10, 20, 30)]
    source = api.source(zip(team, (100, 1, 1)))
    for _ in range(3):
        api.contact(api.source([(team[2], 1)]))

    simulation = simulate(api, source, contacts=27, strategy="least_loaded").must(200)

    assert assigned_of(simulation, team) == [5, 10, 12]
    assert [row["active_load"] for row in simulation["items"]] == [5, 10, 15]
    assert [row["expected_share"] for row in simulation["items"]] == [row["actual_share"] for row in
                                                                      simulation["items"]]


@test
def least_recent_begins_with_whoever_waited_longest(api):
    team = [api.operator(max_load_limit=100) for _ in range(3)]
    source = api.source(zip(team, (1, 50, 900)))
    for operator in (team[1], team[0]):
        api.contact(api.source([(operator, 1)]))

    played = [assigned_of(simulate(api, source, contacts=contacts, strategy="least_recent").must(200), team)
              for contacts in range(1, 7)]

    assert played == [[0, 0, 1], [0, 1, 1], [1, 1, 1], [1, 1, 2], [1, 2, 2], [2, 2, 2]]


@test
def what_is_expected_accounts_for_who_fills_up(api):
    """The half of the first twenty or so, nothing of the rest."""
    small, large = api.operator(max_load_limit=10), api.operator(max_load_limit=1000)
    source = api.source([(small, 1), (large, 1)])

    rows = rows_of(simulate(api, source, contacts=200, seed=3).must(200))

    filled = rows[small["id"]]["full_at"]
    assert abs(rows[small["id"]]["expected_share"] - filled / 2 / 200) < 1e-9
    assert abs(rows[large["id"]]["expected_share"] - (200 - filled / 2) / 200) < 1e-9


@test
def nothing_is_written(api):
    operator, source = api.desk(max_load_limit=3)
    before = api.get(f"sources/{source['id']}/weights/").must(200)

    simulate(api, source, contacts=100, weights=[], operators=[]).must(200)
    for strategy in ("weighted_random", "smooth_weighted", "least_loaded", "least_recent"):
        limits = [{"operator_id": operator["id"], "max_load_limit": 9}]
        simulate(api, source, contacts=100, strategy=strategy, operators=limits).must(200)

    assert api.get(f"sources/{source['id']}/weights/").must(200) == before
    assert api.get(f"operators/{operator['id']}").must(200) == operator
    assert api.psql.count(f"contacts where source_id = {source['id']}") == 0
    assert api.psql.count(f"source_operator_weights where source_id = {source['id']} and credit <> 0") == 0
    assert api.psql.count(f"operator_loads where operator_id = {operator['id']} and last_contact_id <> 0") == 0


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
def many_at_once_are_bounded_and_keep_nobody_waiting(api):
    team = [api.operator(max_load_limit=1000000) for _ in range(100)]
    source = api.source([(operator, 1) for operator in team])
    _, other = api.desk()
    with meanwhile(together, 40, lambda _: simulate(api, source, contacts=100000, seed=1)) as running:
        api.contact(other)
        assert not running.done(), "contacts wait for simulations"
    answers = running.result()
    played = [answer.must(200) for answer in answers if answer.status != 503]
    assert 16 <= len(played) < 40
    assert all(simulation["assigned"] == 100000 for simulation in played)
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers if answer.status == 503)
    assert simulate(api, source, contacts=10).must(200)["assigned"] == 10
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
    for strategy in ("random", "", None, 1):
        assert simulate(api, source, contacts=1, strategy=strategy).fields == {"strategy"}, strategy
    unknown = [{"operator_id": BIGGEST_ID, "weight": 1}]
    assert simulate(api, source, contacts=1, weights=unknown).fields == {"weights[0].operator_id"}
    override = [{"operator_id": operator["id"], "max_load_limit": -1}]
    assert simulate(api, source, contacts=1, operators=override).fields == {"operators[0].max_load_limit"}
    api.post(f"sources/{BIGGEST_ID}/simulate", {"contacts": 1}).must(404)
