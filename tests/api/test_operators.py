"""Operators: who takes contacts, and how many at once."""

from harness import test

MEMBERS = {"id", "name", "is_active", "max_load_limit", "active_load", "created_at", "updated_at"}
BIGGEST_ID = 2**63 - 1


@test
def a_new_operator_has_the_defaults(api):
    operator = api.post("operators/", {"name": "Anna"}).must(201)

    assert set(operator) == MEMBERS
    assert operator["id"] > 0
    assert (operator["name"], operator["is_active"]) == ("Anna", True)
    assert (operator["max_load_limit"], operator["active_load"]) == (10, 0)
    assert operator["created_at"] == operator["updated_at"]


@test
def location_leads_to_the_new_operator(api):
    answer = api.post("operators/", {"name": "Boris", "is_active": False, "max_load_limit": 3})

    created = answer.must(201)
    assert (created["is_active"], created["max_load_limit"]) == (False, 3)
    assert api.get(answer.headers["location"]).must(200) == created
    assert api.get(f"operators/{created['id']}").must(200) == created


@test
def names_are_trimmed_and_counted_in_characters(api):
    assert api.operator(name="  Вера Ильинична\t")["name"] == "Вера Ильинична"
    for longest in ("x" * 200, "я" * 200, "🙂" * 200):
        assert api.operator(name=f" {longest} ")["name"] == longest
        assert api.post("operators/", {"name": longest + "!"}).fields == {"name"}


@test
def names_may_be_shared(api):
    first, second = api.operator(name="Twin"), api.operator(name="Twin")
    assert first["id"] != second["id"]


@test
def wrong_values_are_refused_by_field(api):
    for name in ("", "   ", "\u3000", None, 5, True, ["x"], {}):
        assert api.post("operators/", {"name": name}).fields == {"name"}, name
    for limit in (-1, 1000001, 1.5, "5", True, None, 2**63 - 1, []):
        assert api.post("operators/", {"name": "x", "max_load_limit": limit}).fields == {"max_load_limit"}, limit
    for active in ("true", 1, 0, None, []):
        assert api.post("operators/", {"name": "x", "is_active": active}).fields == {"is_active"}, active


@test
def limits_reach_from_none_to_a_million(api):
    for limit in (0, 1, 1000000):
        assert api.operator(max_load_limit=limit)["max_load_limit"] == limit


@test
def all_faults_are_told_at_once(api):
    draft = {"name": "", "is_active": "yes", "max_load_limit": -1, "salary": 1, "id": 7}
    assert api.post("operators/", draft).fields == set(draft)
    assert api.post("operators/", {}).fields == {"name"}
    assert api.post("operators/", {"active_load": 3}).fields == {"name", "active_load"}


@test
def patch_changes_only_what_is_given(api):
    before = api.operator(max_load_limit=5)

    after = api.patch(f"operators/{before['id']}", {"name": "New name"}).must(200)

    assert after["updated_at"] > before["updated_at"]
    assert after == {**before, "name": "New name", "updated_at": after["updated_at"]}
    assert api.get(f"operators/{before['id']}").must(200) == after


@test
def patch_without_members_is_fine(api):
    before = api.operator()
    after = api.patch(f"operators/{before['id']}", {}).must(200)
    assert after == {**before, "updated_at": after["updated_at"]}


@test
def patch_refuses_null_and_strangers(api):
    operator = api.operator()
    draft = {"name": None, "is_active": None, "max_load_limit": None, "active_load": 0, "created_at": "now"}

    assert api.patch(f"operators/{operator['id']}", draft).fields == set(draft)
    assert api.get(f"operators/{operator['id']}").must(200) == operator


@test
def load_is_no_change_of_the_operator(api):
    operator, source = api.desk()

    contact = api.contact(source)

    assert contact["operator_id"] == operator["id"]
    assert api.get(f"operators/{operator['id']}").must(200) == {**operator, "active_load": 1}
    api.close(contact)
    assert api.get(f"operators/{operator['id']}").must(200) == operator


@test
def lowering_the_limit_evicts_nobody(api):
    operator, source = api.desk(max_load_limit=3)
    held = [api.contact(source) for _ in range(3)]

    lowered = api.patch(f"operators/{operator['id']}", {"max_load_limit": 1}).must(200)

    assert (lowered["max_load_limit"], lowered["active_load"]) == (1, 3)
    assert all(api.get(f"contacts/{contact['id']}").must(200)["status"] == "active" for contact in held)
    assert api.contact(source)["operator_id"] is None


@test
def deactivating_keeps_the_contacts(api):
    operator, source = api.desk()
    contact = api.contact(source)

    after = api.patch(f"operators/{operator['id']}", {"is_active": False}).must(200)

    assert (after["is_active"], after["active_load"]) == (False, 1)
    assert api.get(f"contacts/{contact['id']}").must(200) == contact


@test
def the_list_is_oldest_first(api):
    operators = [api.operator() for _ in range(5)]
    source = api.source([(operator, 1) for operator in reversed(operators)])

    assert api.pages("operators/", source_id=source["id"]) == operators
    assert api.pages("operators/", source_id=source["id"], limit=2) == operators
    everybody = [operator["id"] for operator in api.pages("operators/", limit=200)]
    assert everybody == sorted(everybody)


@test
def the_list_is_filtered(api):
    active, inactive, stranger = api.operator(), api.operator(is_active=False), api.operator()
    source = api.source([(active, 1), (inactive, 0)])

    assert api.pages("operators/", source_id=source["id"]) == [active, inactive]
    assert api.pages("operators/", source_id=source["id"], is_active="true") == [active]
    assert api.pages("operators/", source_id=source["id"], is_active="false") == [inactive]
    assert stranger in api.pages("operators/", is_active="true", limit=200)
    assert api.pages("operators/", source_id=BIGGEST_ID) == []


@test
def paging_stays_stable_while_operators_are_added(api):
    source = api.source([(api.operator(), 1) for _ in range(4)])
    first = api.get("operators/", source_id=source["id"], limit=3).must(200)

    late = api.operator()
    api.put(f"sources/{source['id']}/weights/{late['id']}", {"weight": 1}).must(201)
    rest = api.get("operators/", source_id=source["id"], limit=3, cursor=first["next_cursor"]).must(200)

    ids = [operator["id"] for operator in first["items"] + rest["items"]]
    assert len(ids) == len(set(ids)) == 5 and ids[-1] == late["id"]


@test
def wrong_queries_are_refused(api):
    for query in ({"is_active": "maybe"}, {"is_active": ""}, {"source_id": "x"}, {"source_id": "0"},
                  {"source_id": str(2**63)}, {"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"limit": "1.5"},
                  {"limit": ""}, {"sort": "name"}):
        assert api.get("operators/", **query).fields == set(query), query
    assert api.get("operators/?limit=1&limit=2").fields == {"limit"}
    assert api.get("operators/", limit="x", is_active="x", colour="x").fields == {"limit", "is_active", "colour"}


@test
def unknown_operators_are_404(api):
    gone = api.operator()
    api.delete(f"operators/{gone['id']}").must(204)
    for number in (gone["id"], BIGGEST_ID):
        api.get(f"operators/{number}").must(404)
        api.patch(f"operators/{number}", {"name": "x"}).must(404)
        api.delete(f"operators/{number}").must(404)


@test
def what_is_no_id_is_no_path(api):
    for segment in ("0", "-1", "+1", "01", "1.0", "x", "1x", str(2**63), "9" * 40, "%00", "1%2F2"):
        api.get(f"operators/{segment}").must(400, 404)


@test
def deleting_takes_the_weights_along(api):
    operator, source = api.desk()

    api.delete(f"operators/{operator['id']}").must(204)

    api.get(f"operators/{operator['id']}").must(404)
    assert api.get(f"sources/{source['id']}/weights/").must(200)["items"] == []


@test
def closed_contacts_are_a_past_as_well(api):
    """Imported ones, and those that psql gives to somebody else."""
    imported, heir = api.operator(), api.operator()
    contact = api.contact(api.source())
    api.psql.run(f"update contacts set status = 'closed', operator_id = {imported['id']} where id = {contact['id']}")
    api.psql.run(f"update contacts set operator_id = {heir['id']} where id = {contact['id']}")
    made = api.operator()
    api.psql.run(f"""insert into contacts (lead_id, source_id, operator_id, status)
                     values ({contact['lead_id']}, {contact['source_id']}, {made['id']}, 'closed')""")
    for operator in (imported, heir, made):
        api.delete(f"operators/{operator['id']}").must(409)
        assert api.load(operator) == 0


@test
def operators_with_a_past_cannot_be_deleted(api):
    operator, source = api.desk()
    contact = api.contact(source)
    api.delete(f"operators/{operator['id']}").must(409)

    api.close(contact)

    api.delete(f"operators/{operator['id']}").must(409)
    assert api.get(f"operators/{operator['id']}").must(200) == operator


@test
def ids_are_never_used_again(api):
    first = api.operator()
    api.delete(f"operators/{first['id']}").must(204)
    assert api.operator()["id"] > first["id"]
