"""The history of a contact: who did what, why, and from whom an operator was chosen."""

import random

from harness import test
from storm import contacts, storm

UNKNOWN = 2**62
STRATEGIES = ("weighted_random", "smooth_weighted", "least_loaded", "least_recent")


def history(api, contact, **query):
    return api.pages(f"contacts/{contact['id']}/history", **query)


def thousandths(number):
    return round(number * 1000)


def chosen(decision):
    """Whom the decision comes to, by the rules of the documentation and nothing else."""
    candidates = decision["candidates"]
    if not candidates:
        return None
    if decision["strategy"] == "weighted_random":
        left = thousandths(decision["draw"])
        for candidate in candidates:
            if left < thousandths(candidate["weight"]):
                return candidate["operator_id"]
            left -= thousandths(candidate["weight"])
        raise AssertionError(f"the draw is beyond the range: {decision}")
    rules = {
        "smooth_weighted": lambda one: -thousandths(one["credit"]) - thousandths(one["weight"]),
        "least_loaded": lambda one: (one["load"] / one["limit"], -one["weight"]),
        "least_recent": lambda one: (-1 if one["last_ordinal"] is None else one["last_ordinal"],
                                     one["last_contact_id"] or 0),
    }
    return min(candidates, key=rules[decision["strategy"]])["operator_id"]


@test
def a_new_contact_has_one_entry_that_says_who_got_it_and_from_whom(api):
    anna, boris = api.operator(max_load_limit=3), api.operator()
    full, away, unpaid = api.operator(max_load_limit=0), api.operator(is_active=False), api.operator()
    source = api.source([(anna, 1), (boris, 2.5), (full, 3), (away, 4), (unpaid, 0)])

    contact = api.contact(source)

    (entry,) = history(api, contact)
    assert set(entry) == {"at", "kind", "from", "to", "operator_id", "actor", "reason", "decision"}
    assert (entry["kind"], entry["from"], entry["actor"]) == ("assigned", None, "api")
    assert entry["to"] == entry["operator_id"] == contact["operator_id"]
    assert (entry["reason"], entry["at"]) == ("weighted_random", contact["created_at"])
    decision = entry["decision"]
    assert decision["candidates"] == [
        {"operator_id": anna["id"], "weight": 1, "load": 0, "limit": 3},
        {"operator_id": boris["id"], "weight": 2.5, "load": 0, "limit": 10}]
    assert decision["excluded"] == [
        {"operator_id": full["id"], "weight": 3, "load": 0, "limit": 0, "reason": "full"},
        {"operator_id": away["id"], "weight": 4, "load": 0, "limit": 10, "reason": "inactive"},
        {"operator_id": unpaid["id"], "weight": 0, "load": 0, "limit": 10, "reason": "weight_zero"}]
    assert (decision["strategy"], decision["is_sticky"], decision["range"]) == ("weighted_random", False, 3.5)
    assert 0 <= decision["draw"] < 3.5
    assert chosen(decision) == contact["operator_id"]


@test
def a_waiting_contact_says_why_nobody_could_take_it(api):
    full, away = api.operator(max_load_limit=0), api.operator(is_active=False)

    for weights, reason in (([(full, 1), (away, 1)], "full"), ([(away, 1)], "inactive"), ([(full, 0)], "weight_zero"),
                            ([], "no_operators")):
        (entry,) = history(api, api.contact(api.source(weights)))
        assert (entry["kind"], entry["reason"], entry["operator_id"]) == ("waiting", reason, None)
        decision = entry["decision"]
        assert (decision["candidates"], decision["draw"], decision["range"]) == ([], None, 0)
        assert [one["operator_id"] for one in decision["excluded"]] == [operator["id"] for operator, _ in weights]


@test
def every_change_is_an_entry_oldest_first(api):
    operator, source = api.desk()
    contact = api.contact(source)
    api.close(contact)
    api.close(contact)
    api.patch(f"contacts/{contact['id']}", {"status": "active"}).must(200)
    api.patch(f"contacts/{contact['id']}", {"message": "more"}).must(200)

    entries = history(api, contact)

    assert [entry["kind"] for entry in entries] == ["assigned", "closed", "reopened", "edited"]
    assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)
    assert {entry["operator_id"] for entry in entries} == {operator["id"]}
    assert [entry["decision"] is not None for entry in entries] == [True, False, False, False]


@test
def changes_made_in_psql_name_the_database_role(api):
    anna, source = api.desk()
    boris = api.operator()
    contact = api.contact(source)
    role = api.psql.value("select session_user")
    api.psql.run(f"update contacts set operator_id = {boris['id']} where id = {contact['id']}")
    api.psql.run(f"update contacts set status = 'waiting', operator_id = null where id = {contact['id']}")

    moved, released = history(api, contact)[1:]

    assert (moved["kind"], moved["from"], moved["to"], moved["operator_id"], moved["actor"]) \
        == ("transferred", anna["id"], boris["id"], boris["id"], role)
    assert (released["kind"], released["from"], released["to"], released["operator_id"]) \
        == ("released", boris["id"], None, boris["id"])
    assert moved["decision"] is None and released["decision"] is None


def moved_world(api):
    """Contacts that were chosen in one batch for two sources, and have been given the other source since, or twice."""
    sources = [api.source([(api.operator(max_load_limit=100), 1), (api.operator(max_load_limit=100), 2)])
               for _ in range(3)]
    drafts = [{"lead_external_id": api.unique("lead"), "source_id": source["id"]} for source in sources[:2] * 3]
    made = [item["contact"] for item in api.post("contacts/batch", drafts).must(200, 201)["items"]]
    before = [history(api, contact) for contact in made]
    assert len({api.psql.value(f"select batch_id from contact_history where contact_id = {contact['id']}")
                for contact in made}) == 1
    one, two, three = (source["id"] for source in sources)
    first, second, third = (contact["id"] for contact in made[:3])
    api.psql.run(f"""
        update contacts set source_id = {two} where id = {first};
        update contacts set source_id = {three}, operator_id = null, status = 'waiting' where id = {second};
        update contacts set source_id = {three}, message = 'moved' where id = {third}""")
    api.post(f"contacts/{third}/assign", {}).must(200)
    api.psql.run(f"update contacts set source_id = {one} where id = {third}")
    return made, before


@test
def a_contact_that_is_given_another_source_keeps_the_decisions_of_the_one_before(api):
    made, before = moved_world(api)

    for contact, entries in zip(made, before):
        later = history(api, contact)
        assert later[:1] == entries and later[0]["decision"], later
        assert all(chosen(entry["decision"]) == entry["to"] for entry in later if entry["decision"])

    again = [entry for entry in history(api, made[2]) if entry["decision"]]
    operators = [[one["operator_id"] for one in entry["decision"]["candidates"]] for entry in again]
    assert len(again) == 2 and not set(operators[0]) & set(operators[1]), "each of the source that it had then"


@test
def pages_lead_from_the_oldest_to_the_newest(api):
    contact = api.contact(api.source())
    for number in range(7):
        api.patch(f"contacts/{contact['id']}", {"message": str(number)}).must(200)

    everything = history(api, contact)

    assert len(everything) == 8
    assert history(api, contact, limit=3) == everything
    assert history(api, contact, limit=1) == everything
    page = api.get(f"contacts/{contact['id']}/history", limit=8).must(200)
    assert page == {"items": everything, "next_cursor": None}
    foreign = api.get("operators/", limit=1).must(200)["next_cursor"]
    assert api.get(f"contacts/{contact['id']}/history", cursor=foreign or "b3BlcmF0b3JzOjE").problem == "validation"
    api.get(f"contacts/{contact['id']}/history", page=1).must(422)


@test
def pages_end_early_where_decisions_are_long(api):
    """A thousand operators are described in each entry: no answer becomes many megabytes."""
    api.psql.run("insert into operators (name, max_load_limit) "
                 "select 'crowd', 100 from generate_series(1, 1000)")
    source = api.source()
    api.psql.run(f"insert into source_operator_weights (source_id, operator_id, weight) "
                 f"select {source['id']}, id, 1 from operators where name = 'crowd'")
    contact = api.contact(source)
    api.psql.run(f"insert into contact_history (contact_id, kind, actor, batch_id, ordinal, draw) "
                 f"select contact_id, kind, actor, batch_id, ordinal, draw from contact_history, "
                 f"generate_series(1, 20) where contact_id = {contact['id']}")

    sizes, entries, cursor = [], 0, {}
    while cursor is not None:
        answer = api.get(f"contacts/{contact['id']}/history", limit=200, **cursor)
        page = answer.must(200)
        sizes.append(len(answer.body))
        entries += len(page["items"])
        assert all(len(entry["decision"]["candidates"]) == 1000 for entry in page["items"])
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
    assert entries == 21 and len(sizes) > 1 and max(sizes) < 700_000, sizes


@test
def unknown_contacts_have_no_history(api):
    api.get(f"contacts/{UNKNOWN}/history").must(404)
    api.get("contacts/0/history").must(404)
    contact = api.contact(api.source())
    api.psql.run(f"delete from contacts where id = {contact['id']}")
    api.get(f"contacts/{contact['id']}/history").must(404)


@test
def a_contact_older_than_its_history_has_an_empty_one(api):
    contact = api.contact(api.source())
    api.psql.run(f"set session_replication_role = replica; "
                 f"delete from contact_history where contact_id = {contact['id']}")
    assert api.get(f"contacts/{contact['id']}/history").must(200) == {"items": [], "next_cursor": None}


@test
def what_was_recorded_wrongly_is_no_decision(api):
    """A row that somebody broke in psql hides its decision, and nothing else."""
    _, source = api.desk()
    contact = api.contact(source)
    row = "batch_id = " + api.psql.value(f"select batch_id from contact_history where contact_id = {contact['id']}")
    api.psql.run(f"create table whole as select * from assignment_decisions where {row}")
    for broken in ("loads = '{}'", "loads = '{null}'", "limits = '{{1},{2}}'", "operator_ids = '{}'", "weights = '{-1}'",
                   "strategy = 'none'", "taken_ordinals = '{0}', taken_seats = '{2}', taken_own = '{t}'"):
        api.psql.run(f"update assignment_decisions set {broken} where {row}")

        (entry,) = history(api, contact)

        assert entry["decision"] is None and entry["kind"] == "assigned", broken
        api.psql.run(f"delete from assignment_decisions where {row}; "
                     f"insert into assignment_decisions select * from whole")
    assert history(api, contact)[0]["decision"]["candidates"]


@test
def decisions_of_one_batch_are_told_as_each_was_made(api):
    """Many at once for sources that share operators: each entry shows the loads that the earlier ones had left."""
    dice = random.Random(7)
    team = [api.operator(max_load_limit=limit) for limit in (1, 3, 5, 8, 40, 60)]
    sources = [api.source([(operator, dice.randint(1, 9)) for operator in dice.sample(team, 4)], strategy=strategy)
               for strategy in STRATEGIES]
    requests = [request for source in sources for request in contacts(api, source, 60)]
    dice.shuffle(requests)

    made = [answer.must(201) for answer in storm([api], requests, clients=48)]

    seen = dict.fromkeys(STRATEGIES, 0)
    later = 0
    for contact in made:
        (entry,) = history(api, contact)
        decision = entry["decision"]
        later += decision["ordinal"] > 0
        assert chosen(decision) == contact["operator_id"], entry
        assert all(one["load"] < one["limit"] for one in decision["candidates"])
        assert all(one["load"] >= one["limit"] for one in decision["excluded"] if one["reason"] == "full")
        seen[decision["strategy"]] += contact["operator_id"] is not None
    assert all(count >= 10 for count in seen.values()), seen
    assert later > 50, "the storm came one by one"


@test
def a_sticky_choice_is_told_as_one(api):
    anna, boris = api.operator(), api.operator()
    source = api.source([(anna, 1), (boris, 1)], strategy="least_loaded", sticky_seconds=3600)
    first = api.contact(source, lead_external_id=(lead := api.unique("lead")))
    again = api.contact(source, lead_external_id=lead)

    (entry,) = history(api, again)

    assert again["operator_id"] == first["operator_id"]
    assert (entry["reason"], entry["decision"]["is_sticky"], entry["decision"]["draw"]) == ("sticky", True, None)
    assert len(entry["decision"]["candidates"]) == 2
