"""Operators who leave: what becomes of the contacts that they hold."""

from harness import test
from histories import choice_of, last_step_of, steps_of
from storm import contacts, storm
from waiting import meanwhile, poll
from wakes import wakes


def leave(api, operator, active_contacts):
    draft = {"is_active": False, "active_contacts": active_contacts}
    return api.patch(f"operators/{operator['id']}", draft)


def is_free(api, operator):
    return lambda: api.load(operator) == 0


def holders(api, source):
    """{operator: active contacts}; waiting ones under None."""
    rows = api.psql.run(f"select coalesce(operator_id, 0), count(*) from contacts "
                        f"where source_id = {source['id']} and status <> 'closed' group by 1")
    return {int(number) or None: int(count) for number, count in rows}


@test
def keep_is_what_happens_by_itself(api):
    operator, source = api.desk()
    contact = api.contact(source)
    left = leave(api, operator, "keep").must(200)
    assert (left["is_active"], left["active_load"]) == (False, 1)
    assert api.get(f"contacts/{contact['id']}").must(200) == contact


@test
def released_contacts_wait_in_their_old_place(api):
    operator, source = api.desk()
    held = [api.contact(source) for _ in range(3)]
    closed = api.close(api.contact(source))
    api.contact(api.source())

    assert leave(api, operator, "release").must(200)["is_active"] is False

    poll(is_free(api, operator), "the contacts are released")
    waiting = api.pages("contacts/", source_id=source["id"], status="waiting")
    assert [row["id"] for row in waiting] == [contact["id"] for contact in held]
    for row, contact in zip(waiting, held):
        assert (row["operator_id"], row["assigned_at"], row["waiting_reason"]) == (None, None, "released")
        assert row["created_at"] == contact["created_at"] and row["version"] > contact["version"]
    assert api.get(f"contacts/{closed['id']}").must(200) == closed
    api.loads_must_match()


@test
def redistributed_contacts_go_to_the_others_of_their_source(api):
    leaver, small, large, stranger = (api.operator(max_load_limit=limit) for limit in (0, 3, 100, 100))
    source = api.source([(leaver, 100), (small, 100), (large, 1)])
    other = api.source([(leaver, 1), (stranger, 1)])
    api.patch(f"operators/{leaver['id']}", {"max_load_limit": 30}).must(200)
    for operator in (small, large, stranger):
        api.patch(f"operators/{operator['id']}", {"is_active": False}).must(200)
    for _ in range(10):
        api.contact(source), api.contact(other)
    for operator in (small, large, stranger):
        api.patch(f"operators/{operator['id']}", {"is_active": True}).must(200)
    assert api.load(leaver) == 20

    leave(api, leaver, "redistribute").must(200)

    poll(is_free(api, leaver), "the contacts are moved")
    shares = holders(api, source)
    assert shares[small["id"]] <= 3 and shares[small["id"]] + shares[large["id"]] == 10
    assert holders(api, other) == {stranger["id"]: 10}
    api.loads_must_match()


@test
def who_finds_no_place_waits(api):
    leaver, small = api.operator(max_load_limit=5), api.operator(max_load_limit=2, is_active=False)
    source = api.source([(leaver, 1), (small, 1)])
    for _ in range(5):
        api.contact(source)
    api.patch(f"operators/{small['id']}", {"is_active": True}).must(200)

    leave(api, leaver, "redistribute").must(200)

    poll(is_free(api, leaver), "the contacts are moved")
    assert holders(api, source) == {small["id"]: 2, None: 3}
    oldest = api.pages("contacts/", source_id=source["id"], operator_id=small["id"])
    waiting = api.pages("contacts/", source_id=source["id"], status="waiting")
    assert max(contact["id"] for contact in oldest) < min(contact["id"] for contact in waiting)


@test
def history_says_that_the_operator_left(api):
    operator, source = api.desk()
    contact = api.contact(source)
    leave(api, operator, "release").must(200)
    poll(is_free(api, operator), "the contact is released")
    assert last_step_of(api, contact) == ("released", "system", "operator_left", operator["id"], None)


@test
def history_says_how_the_heirs_were_chosen(api):
    """Decisions of one batch: what it was made from, and each contact's ordinal and draw."""
    leaver, heir, full = api.operator(), api.operator(max_load_limit=2), api.operator(max_load_limit=0)
    source = api.source([(leaver, 1), (heir, 0), (full, 1)])
    contacts = [api.contact(source) for _ in range(3)]
    api.put(f"sources/{source['id']}/weights/{heir['id']}", {"weight": 2}).must(200)

    leave(api, leaver, "redistribute").must(200)
    poll(is_free(api, leaver), "the contacts are moved")

    assert [last_step_of(api, contact) for contact in contacts] == [
        ("transferred", "system", "weighted_random", leaver["id"], heir["id"]),
        ("transferred", "system", "weighted_random", leaver["id"], heir["id"]),
        ("released", "system", "full", leaver["id"], None)]
    assert all(len(steps_of(api, contact)) == 2 for contact in contacts)
    choices = [choice_of(api, contact) for contact in contacts]
    assert [ordinal for _, ordinal, _ in choices] == [0, 1, 2] and len({batch for batch, _, _ in choices}) == 1
    assert all(0 <= draw < 2000 for _, _, draw in choices[:2]) and choices[2][2] is None
    assert api.psql.run(f"select strategy, operator_ids, loads, assigned, waiting, taken_ordinals "
                        f"from assignment_decisions where batch_id = {choices[0][0]}") == [
        ("weighted_random", f"{{{leaver['id']},{heir['id']},{full['id']}}}", "{3,0,0}", "{0,2,0}", "1", "{0,1}")]


@test
def the_strategy_of_each_source_chooses_the_heirs(api):
    """In turn by smooth_weighted, whose credits are kept; evenly by least_loaded. Nobody sticks to the leaver."""
    leaver = api.operator(max_load_limit=100)
    team = [api.operator(max_load_limit=limit) for limit in (40, 40, 20)]
    turns, even = (api.source([(leaver, 1), *((operator, 0) for operator in team)]) for _ in range(2))
    for _ in range(6):
        api.contact(turns)
    for _ in range(4):
        api.contact(even)
    for source, strategy in ((turns, "smooth_weighted"), (even, "least_loaded")):
        api.psql.run(f"update sources set strategy = '{strategy}', sticky_seconds = 3600 where id = {source['id']}")
        api.put(f"sources/{source['id']}/weights/", {"weights": [
            {"operator_id": operator["id"], "weight": weight} for operator, weight in zip(team, (4, 1, 1))]}).must(200)

    leave(api, leaver, "redistribute").must(200)
    poll(is_free(api, leaver), "the contacts are moved")

    first, second, third = (operator["id"] for operator in team)
    by_age = sorted(api.pages("contacts/", source_id=turns["id"]), key=lambda contact: contact["id"])
    assert [contact["operator_id"] for contact in by_age] == [first, first, second, first, third, first]
    assert holders(api, even) == {second: 3, third: 1}, "loads were 4 of 40, 1 of 40, 1 of 20"
    assert api.psql.value(f"select distinct credit from source_operator_weights where source_id = {turns['id']}") == "0"
    assert api.psql.count(f"assignment_decisions where source_id = {turns['id']} and credits is not null") == 1
    api.loads_must_match()


@test
def turns_go_on_behind_a_departure(api):
    """One of three turns is taken by the departure; the next choices go on from there."""
    leaver, anna, boris = (api.operator() for _ in range(3))
    source = api.source([(leaver, 1), (anna, 0), (boris, 0)])
    api.psql.run(f"update sources set strategy = 'smooth_weighted' where id = {source['id']}")
    contact = api.contact(source)
    api.put(f"sources/{source['id']}/weights/", {"weights": [{"operator_id": anna["id"], "weight": 2},
                                                             {"operator_id": boris["id"], "weight": 1}]}).must(200)
    leave(api, leaver, "redistribute").must(200)
    poll(is_free(api, leaver), "the contact is moved")
    assert api.get(f"contacts/{contact['id']}").must(200)["operator_id"] == anna["id"]
    credits = {int(number): int(credit) for number, credit in api.psql.run(
        f"select operator_id, credit from source_operator_weights where source_id = {source['id']}")}
    assert credits == {anna["id"]: -1000, boris["id"]: 1000}


@test
def who_waits_after_a_departure_wakes_the_backlog(api):
    """Whichever way the contacts went: they could be assigned as soon as somebody has room."""
    for fate in ("release", "redistribute"):
        operator, source = api.desk()
        api.psql.run(f"update sources set backlog = 'auto' where id = {source['id']}")
        api.contact(source)

        def depart():
            leave(api, operator, fate).must(200)
            poll(is_free(api, operator), "the contact is moved")

        assert wakes(api, depart), fate


@test
def whom_a_newcomer_can_take_is_kept_for_the_next_pass(api):
    """The newcomer's link appears behind the locks of the slice, when nobody else has room: nothing is released."""
    heir, leaver, newcomer = api.operator(max_load_limit=0), api.operator(), api.operator()
    source = api.source([(leaver, 1), (heir, 1)])
    contacts = [api.contact(source) for _ in range(3)]
    with api.psql.session() as session:
        session.run(f"begin; select from operator_loads where operator_id = {heir['id']} for update")
        leave(api, leaver, "redistribute").must(200)
        poll(lambda: waits_for_lock(api), "the slice waits for the heir's load")
        api.put(f"sources/{source['id']}/weights/{newcomer['id']}", {"weight": 1}).must(201)
        session.run("rollback")
    poll(is_free(api, leaver), "the contacts are moved")
    assert holders(api, source) == {newcomer["id"]: 3}
    for contact in contacts:
        assert [step[0] for step in steps_of(api, contact)] == ["assigned", "transferred"]


@test
def coming_back_stops_the_slice_that_waits(api):
    """It waits for a load already; by the time it has it, the operator is back and keeps everything."""
    heir, leaver, (next_one, next_source) = api.operator(), api.operator(), api.desk()
    source = api.source([(leaver, 1), (heir, 0)])
    contacts = [api.contact(source) for _ in range(3)]
    api.contact(next_source)
    api.put(f"sources/{source['id']}/weights/{heir['id']}", {"weight": 1}).must(200)
    with api.psql.session() as session:
        session.run(f"begin; select from operator_loads where operator_id = {heir['id']} for update")
        leave(api, leaver, "redistribute").must(200)
        poll(lambda: waits_for_lock(api), "the slice waits for the heir's load")
        api.patch(f"operators/{leaver['id']}", {"is_active": True}).must(200)
        session.run("rollback")
    leave(api, next_one, "release").must(200)
    poll(is_free(api, next_one), "the slice is over, since one departure comes after the other")
    assert [api.get(f"contacts/{contact['id']}").must(200) for contact in contacts] == contacts


def waits_for_lock(api):
    return api.psql.count("pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")


@test
def coming_back_ends_the_departure(api):
    operator, source = api.desk(max_load_limit=5)
    api.contact(source)
    with api.psql.session() as session:
        session.run(f"begin; select 1 from contacts where operator_id = {operator['id']} for update")
        leave(api, operator, "release").must(200)
        api.patch(f"operators/{operator['id']}", {"is_active": True}).must(200)
        session.run("commit")
    contact = api.contact(source)
    assert contact["operator_id"] == operator["id"]
    poll(lambda: api.psql.count("operator_departures") == 0, "the departure is forgotten")
    assert holders(api, source) == {operator["id"]: 2}


@test
def what_somebody_edits_is_moved_later(api):
    operator, source = api.desk(max_load_limit=5)
    edited, free = api.contact(source), api.contact(source)
    with api.psql.session() as session:
        session.run(f"begin; update contacts set message = 'mine' where id = {edited['id']}")
        leave(api, operator, "release").must(200)
        poll(lambda: api.get(f"contacts/{free['id']}").must(200)["status"] == "waiting", "the free one is released")
        session.run("commit")
    poll(is_free(api, operator), "the edited one is released as well")
    assert api.get(f"contacts/{edited['id']}").must(200)["message"] == "mine"


@test
def a_departure_goes_on_after_a_crash(lab):
    """More contacts than one slice has; the process is killed at once, another one finishes."""
    api = lab.serve(lab.new_database("crash"))
    (leaver, source), heir = api.desk(max_load_limit=5000), api.operator(max_load_limit=5000)
    storm([api], contacts(api, source, 4000), clients=128)
    api.put(f"sources/{source['id']}/weights/{heir['id']}", {"weight": 1}).must(201)

    leave(api, leaver, "redistribute").must(200)
    api.server.kill()
    lab.forget(api.server)

    second = lab.serve("crash")
    poll(is_free(second, leaver), "the contacts are moved", seconds=20)
    assert holders(second, source) == {heir["id"]: 4000}
    second.loads_must_match()


@test
def new_contacts_come_in_while_the_old_ones_move(api, twin):
    team = [api.operator(max_load_limit=limit) for limit in (1500, 700, 600)]
    source = api.source([(operator, 1) for operator in team])
    storm([api, twin], contacts(api, source, 1800))
    leaver = max(team, key=api.load)

    with meanwhile(storm, [api, twin], contacts(api, source, 600)):
        leave(twin, leaver, "redistribute").must(200)

    poll(is_free(api, leaver), "the contacts are moved")
    rest = {operator["id"]: operator["max_load_limit"] for operator in team if operator is not leaver}
    shares = holders(api, source)
    assert all(shares[number] <= limit for number, limit in rest.items()) and leaver["id"] not in shares
    assert sum(shares.values()) == 2400
    api.loads_must_match()


@test
def wrong_wishes_are_refused(api):
    operator = api.operator()
    for wrong in ("drop", "", None, True, 1):
        assert leave(api, operator, wrong).fields == {"active_contacts"}, wrong
    path = f"operators/{operator['id']}"
    assert api.patch(path, {"active_contacts": "release"}).fields == {"active_contacts"}
    assert api.patch(path, {"active_contacts": "release", "is_active": True}).fields == {"active_contacts"}
    assert api.get(path).must(200) == operator
