"""Sources: where contacts come from."""

from harness import test

BIGGEST_ID = 2**63 - 1


@test
def the_request_of_the_original_service_works(api):
    """POST with inline weights, as its clients send it."""
    anna, boris = api.operator(), api.operator()
    name = api.unique("telegram bot")
    weights = [{"operator_id": anna["id"], "weight": 10}, {"operator_id": boris["id"], "weight": 30}]

    source = api.post("/api/v1/sources", {"name": name, "weights": weights}).must(201)

    assert source["name"] == name
    items = api.get(f"sources/{source['id']}/weights/").must(200)["items"]
    assert [(item["operator_id"], item["weight"]) for item in items] == [(anna["id"], 10), (boris["id"], 30)]


@test
def location_leads_to_the_new_source(api):
    answer = api.post("sources/", {"name": api.unique("source")})

    source = answer.must(201)
    assert {"id", "name", "strategy", "sticky_seconds", "backlog", "created_at", "updated_at"} == set(source)
    assert source["created_at"] == source["updated_at"]
    assert api.get(answer.headers["location"]).must(200) == source
    assert api.get(f"sources/{source['id']}/").must(200) == source


@test
def names_are_unique(api):
    source = api.source()

    api.post("sources/", {"name": source["name"]}).must(409)
    api.post("sources/", {"name": f"  {source['name']} "}).must(409)
    assert api.source(name=source["name"].upper())["id"] != source["id"]


@test
def names_are_trimmed_and_counted_in_characters(api):
    longest = api.unique("source").ljust(200, "ü")
    assert api.source(name=f"\n{longest}  ")["name"] == longest
    assert api.post("sources/", {"name": longest + "ü"}).fields == {"name"}


@test
def all_faults_are_told_at_once(api):
    operator = api.operator()
    good, bad = {"operator_id": operator["id"], "weight": 1}, {"operator_id": "x", "weight": -1, "colour": "red"}

    answer = api.post("sources/", {"name": " ", "weights": [good, bad, 7, {}], "owner": None})

    assert answer.fields == {"name", "owner", "weights[1].operator_id", "weights[1].weight", "weights[1].colour",
                             "weights[2]",
                             "weights[3].operator_id", "weights[3].weight"}
    for weights in (None, {}, "x", 1):
        assert api.post("sources/", {"name": "x", "weights": weights}).fields == {"weights"}, weights


@test
def nothing_is_created_when_a_weight_is_wrong(api):
    name, operator = api.unique("source"), api.operator()
    twice = [{"operator_id": operator["id"], "weight": 1}] * 2
    unknown = [{"operator_id": operator["id"], "weight": 1}, {"operator_id": BIGGEST_ID, "weight": 1}]

    assert "weights[1].operator_id" in api.post("sources/", {"name": name, "weights": twice}).fields
    assert api.post("sources/", {"name": name, "weights": unknown}).fields == {"weights[1].operator_id"}

    assert api.psql.count(f"sources where name = '{name}'") == 0
    api.source(name=name)


@test
def patch_renames(api):
    before, other = api.source(), api.source()
    path = f"sources/{before['id']}"

    after = api.patch(path, {"name": api.unique("renamed")}).must(200)

    assert after["updated_at"] > before["updated_at"]
    assert after == {**before, "name": after["name"], "updated_at": after["updated_at"]}
    api.patch(path, {"name": other["name"]}).must(409)
    assert api.patch(path, {"name": after["name"]}).must(200)["name"] == after["name"]
    assert api.patch(path, {"name": None}).fields == {"name"}
    assert api.patch(path, {"id": 5, "created_at": 1}).fields == {"id", "created_at"}


SETTINGS_OF_NEW_SOURCES = {"strategy": "weighted_random", "sticky_seconds": 0, "backlog": "manual"}
OTHER_SETTINGS = {"strategy": "smooth_weighted", "sticky_seconds": 86400, "backlog": "auto"}


def settings_of(source):
    return {name: source[name] for name in SETTINGS_OF_NEW_SOURCES}


@test
def a_source_without_settings_chooses_by_chance_and_leaves_its_backlog_to_people(api):
    assert settings_of(api.source()) == SETTINGS_OF_NEW_SOURCES


@test
def settings_can_be_given_with_a_new_source(api):
    source = api.post("sources/", {"name": api.unique("source"), **OTHER_SETTINGS}).must(201)

    assert settings_of(source) == OTHER_SETTINGS
    assert api.get(f"sources/{source['id']}").must(200) == source
    assert api.pages("sources/")[0] == source
    stored = api.psql.run(f"select strategy, sticky_seconds, backlog from sources where id = {source['id']}")
    assert stored == [("smooth_weighted", "86400", "auto")]


@test
def each_setting_can_be_changed_alone(api):
    source = api.source()
    expected = dict(source)
    for name, value in OTHER_SETTINGS.items():
        changed = api.patch(f"sources/{source['id']}", {name: value}).must(200)
        expected = {**expected, name: value, "updated_at": changed["updated_at"]}
        assert changed == expected
    back = api.patch(f"sources/{source['id']}", SETTINGS_OF_NEW_SOURCES).must(200)
    assert back == {**source, "updated_at": back["updated_at"]}


@test
def every_strategy_that_the_contract_names_is_taken(api):
    source = api.source()
    for strategy in ("weighted_random", "smooth_weighted", "least_loaded", "least_recent"):
        assert api.patch(f"sources/{source['id']}", {"strategy": strategy}).must(200)["strategy"] == strategy
    for seconds in (0, 1, 31536000):
        assert api.patch(f"sources/{source['id']}", {"sticky_seconds": seconds}).must(200)["sticky_seconds"] == seconds


@test
def settings_out_of_their_rules_are_refused_all_at_once(api):
    source = api.source()
    bad = [{"strategy": strategy, "sticky_seconds": seconds, "backlog": backlog}
           for strategy, seconds, backlog in [("Weighted_random", -1, "AUTO"), ("", 31536001, ""), (None, None, None),
                                              (1, 0.5, True), ("random", "60", "never"), ([], {}, [])]]
    for settings in bad:
        named = {"name": api.unique("source"), **settings}
        assert api.post("sources/", named).fields == set(settings), settings
        assert api.patch(f"sources/{source['id']}", settings).fields == set(settings), settings
        assert api.psql.count(f"sources where name = '{named['name']}'") == 0
    assert api.get(f"sources/{source['id']}").must(200) == source


@test
def the_list_is_newest_first(api):
    made = [api.source() for _ in range(7)]
    for limit in (3, 50):
        items = api.pages("sources/", limit=limit)
        assert items[:7] == list(reversed(made))
        assert [item["id"] for item in items] == sorted({item["id"] for item in items}, reverse=True)


@test
def paging_stays_stable_while_sources_are_added(api):
    made = [api.source() for _ in range(6)]
    first = api.get("sources/", limit=3).must(200)

    api.source()
    second = api.get("sources/", limit=3, cursor=first["next_cursor"]).must(200)

    assert first["items"] + second["items"] == list(reversed(made))


@test
def the_default_page_has_fifty(api):
    api.psql.run("insert into sources (name) select 'bulk ' || n from generate_series(1, 60) n")
    page = api.get("sources/").must(200)
    assert len(page["items"]) == 50 and page["next_cursor"]


@test
def deleting_takes_the_weights_along(api):
    _, source = api.desk()

    api.delete(f"sources/{source['id']}").must(204)

    api.get(f"sources/{source['id']}").must(404)
    assert api.psql.count(f"source_operator_weights where source_id = {source['id']}") == 0
    assert api.source()["id"] > source["id"]


@test
def sources_with_contacts_cannot_be_deleted(api):
    source = api.source()
    contact = api.contact(source)
    api.delete(f"sources/{source['id']}").must(409)
    api.close(contact)
    api.delete(f"sources/{source['id']}").must(409)
    api.get(f"sources/{source['id']}").must(200)


@test
def unknown_sources_are_404(api):
    operator = api.operator()
    path = f"sources/{BIGGEST_ID}"
    api.get(path).must(404)
    api.patch(path, {"name": "x"}).must(404)
    api.delete(path).must(404)
    api.get(f"{path}/weights/").must(404)
    api.put(f"{path}/weights/", {"weights": []}).must(404)
    api.put(f"{path}/weights/{operator['id']}", {"weight": 1}).must(404)
    api.delete(f"{path}/weights/{operator['id']}").must(404)
