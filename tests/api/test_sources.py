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
    assert {"id", "name", "created_at", "updated_at"} <= set(source)
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
