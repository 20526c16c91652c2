"""Weights: how a source's contacts are shared among its operators."""

from harness import test

BIGGEST_ID = 2**63 - 1


def weights_of(api, source):
    """{operator: weight}"""
    items = api.get(f"sources/{source['id']}/weights/").must(200)["items"]
    return {item["operator_id"]: item["weight"] for item in items}


def put(api, source, *pairs):
    weights = [{"operator_id": operator, "weight": weight} for operator, weight in pairs]
    return api.put(f"sources/{source['id']}/weights/", {"weights": weights})


@test
def a_weight_is_shown_with_its_share_and_its_operator(api):
    anna, boris = api.operator(max_load_limit=2), api.operator(is_active=False)
    source = api.source([(anna, 30), (boris, 10)])
    api.contact(source)

    body = api.get(f"sources/{source['id']}/weights/").must(200)

    assert body == {"items": [
        {"operator_id": anna["id"], "operator_name": anna["name"], "weight": 30, "share": 0.75, "is_active": True,
         "max_load_limit": 2, "active_load": 1},
        {"operator_id": boris["id"], "operator_name": boris["name"], "weight": 10, "share": 0.25, "is_active": False,
         "max_load_limit": 10, "active_load": 0}]}


@test
def shares_sum_up_to_one(api):
    source = api.source([(api.operator(), weight) for weight in (1, 1, 1, 0.001, 1000000, 7.125)])
    items = api.get(f"sources/{source['id']}/weights/").must(200)["items"]
    assert abs(sum(item["share"] for item in items) - 1) < 1e-6


@test
def weights_have_up_to_three_decimals(api):
    anna, source = api.operator(), api.source()
    for weight in (0, 0.001, 0.1, 0.125, 12.345, 999999.999, 1000000):
        put(api, source, (anna["id"], weight)).must(200)
        assert weights_of(api, source) == {anna["id"]: weight}
    for weight in (-1, -0.001, 0.0001, 1.2345, 1000000.001, 1000001, 1e300, 1e-300, 2**63 - 1, "5", True, None, [], {}):
        assert put(api, source, (anna["id"], weight)).fields == {"weights[0].weight"}, weight
    assert weights_of(api, source) == {anna["id"]: 1000000}


@test
def numbers_may_be_written_in_any_way(api):
    anna, source = api.operator(), api.source()
    for text, weight in ((b"1e3", 1000), (b"1.5E+1", 15), (b"2.50", 2.5), (b"1250e-3", 1.25), (b"-0", 0), (b"0.0", 0)):
        api.put(f"sources/{source['id']}/weights/{anna['id']}", b'{"weight": %s}' % text).must(200, 201)
        assert weights_of(api, source) == {anna["id"]: weight}, text


@test
def zero_keeps_the_link(api):
    anna, boris = api.operator(), api.operator()
    source = api.source([(anna, 0), (boris, 0)])

    items = api.get(f"sources/{source['id']}/weights/").must(200)["items"]

    assert [(item["weight"], item["share"]) for item in items] == [(0, 0), (0, 0)]
    assert api.contact(source)["status"] == "waiting"


@test
def put_replaces_them_all(api):
    anna, boris, carla = (api.operator() for _ in range(3))
    source = api.source([(anna, 1), (boris, 2)])

    put(api, source, (boris["id"], 5), (carla["id"], 6)).must(200)

    assert weights_of(api, source) == {boris["id"]: 5, carla["id"]: 6}
    put(api, source).must(200)
    assert weights_of(api, source) == {}


@test
def put_answers_what_get_answers(api):
    anna, source = api.operator(), api.source()
    assert put(api, source, (anna["id"], 2.5)).must(200) == api.get(f"sources/{source['id']}/weights/").must(200)


@test
def put_replaces_all_or_nothing(api):
    anna, boris = api.operator(), api.operator()
    source = api.source([(anna, 1)])

    assert "weights[1].operator_id" in put(api, source, (boris["id"], 1), (boris["id"], 2)).fields
    assert put(api, source, (boris["id"], 1), (anna["id"], -5)).fields == {"weights[1].weight"}
    unknown = put(api, source, (boris["id"], 1), (BIGGEST_ID, 2))
    assert unknown.fields == {"weights[1].operator_id"} and str(BIGGEST_ID) in str(unknown.json)

    assert weights_of(api, source) == {anna["id"]: 1}


@test
def put_wants_the_list(api):
    source = api.source()
    path = f"sources/{source['id']}/weights/"
    assert api.put(path, {}).fields == {"weights"}
    assert api.put(path, {"weights": None}).fields == {"weights"}
    assert api.put(path, {"weights": {}, "more": 1}).fields == {"weights", "more"}
    api.put(path, []).must(422)


@test
def at_most_a_thousand_weights(api):
    source = api.source()
    api.psql.run("insert into operators (name) select 'bulk ' || n from generate_series(1, 1001) n")
    ids = [int(row[0]) for row in api.psql.run("select id from operators where name like 'bulk %' order by id")]

    put(api, source, *((number, 1) for number in ids[:1000])).must(200)
    assert "weights" in put(api, source, *((number, 1) for number in ids)).fields

    assert len(weights_of(api, source)) == 1000
    assert len(api.pages("operators/", source_id=source["id"], limit=200)) == 1000


@test
def one_weight_can_be_set_and_removed(api):
    anna, source = api.operator(), api.source()
    path = f"sources/{source['id']}/weights/{anna['id']}"

    api.put(path, {"weight": 1.5}).must(201)
    assert weights_of(api, source) == {anna["id"]: 1.5}
    api.put(path, {"weight": 0}).must(200)
    assert weights_of(api, source) == {anna["id"]: 0}
    api.delete(path).must(204)
    assert weights_of(api, source) == {}
    api.delete(path).must(404)


@test
def one_weight_follows_the_same_rules(api):
    anna, source = api.operator(), api.source()
    path = f"sources/{source['id']}/weights/{anna['id']}"
    for weight in (-1, 0.0001, 1000001, "1", None, False):
        assert api.put(path, {"weight": weight}).fields == {"weight"}, weight
    assert api.put(path, {}).fields == {"weight"}
    assert api.put(path, {"weight": 1, "operator_id": anna["id"]}).fields == {"operator_id"}
    assert weights_of(api, source) == {}


@test
def a_weight_needs_an_operator(api):
    source = api.source()
    api.put(f"sources/{source['id']}/weights/{BIGGEST_ID}", {"weight": 1}).must(404)
    api.delete(f"sources/{source['id']}/weights/{BIGGEST_ID}").must(404)


@test
def new_weights_count_at_once(api):
    anna, boris = api.operator(), api.operator()
    source = api.source([(anna, 1)])
    assert api.contact(source)["operator_id"] == anna["id"]

    put(api, source, (boris["id"], 1)).must(200)
    assert api.contact(source)["operator_id"] == boris["id"]

    api.delete(f"sources/{source['id']}/weights/{boris['id']}").must(204)
    assert api.contact(source)["operator_id"] is None
