"""Contacts that a person assigns, transfers or gives back, and contacts for which the rule chooses again."""

from harness import test
from histories import choice_of, last_step_of, steps_of
from waiting import meanwhile, poll, together
from wakes import wakes

BIGGEST_ID = 2**63 - 1


def assign(api, contact, operator=None, headers=None, **members):
    """Without an operator the strategy chooses again."""
    named = {"operator_id": operator["id"]} if operator else {}
    return api.post(f"contacts/{contact['id']}/assign", {**named, **members}, headers)


def release(api, contact, body=None, headers=None):
    return api.post(f"contacts/{contact['id']}/release", body, headers)


def reopen(api, contact):
    return api.patch(f"contacts/{contact['id']}", {"status": "active"})


def read(api, contact):
    return api.get(f"contacts/{contact['id']}").must(200)


def waiting_contact(api):
    return api.contact(api.source())


def must_be_untouched(api, contact, act):
    """act() changes neither the contact nor its history; its answer."""
    steps = steps_of(api, contact)
    answer = act()
    assert read(api, contact) == contact
    assert steps_of(api, contact) == steps
    return answer


def refused(api, contact, act, *words):
    """act() is a 409 whose detail has all the words, and changes nothing."""
    problem = must_be_untouched(api, contact, act).must(409)
    assert all(str(word) in problem["detail"] for word in words), (problem["detail"], words)


def set_source(api, source, **settings):
    values = ", ".join(f"{name} = '{value}'" for name, value in settings.items())
    api.psql.run(f"update sources set {values} where id = {source['id']}")


def lock_waiters(api):
    return api.psql.count("pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")


# -- by hand


@test
def a_waiting_contact_goes_to_whom_a_person_names(api):
    contact, operator = waiting_contact(api), api.operator()

    answer = assign(api, contact, operator)

    assigned = answer.must(200)
    assert assigned == {**contact, "status": "active", "operator_id": operator["id"],
                        "assigned_at": assigned["assigned_at"], "version": contact["version"] + 1}
    assert assigned["assigned_at"] >= contact["created_at"]
    assert answer.headers["etag"] == f'"{assigned["version"]}"'
    assert read(api, contact) == assigned and api.load(operator) == 1
    assert last_step_of(api, contact) == ("assigned", "api", "manual", None, operator["id"])


@test
def an_active_contact_is_transferred(api):
    (anna, source), boris = api.desk(), api.operator()
    contact = api.contact(source)

    moved = assign(api, contact, boris).must(200)

    assert (moved["operator_id"], moved["status"]) == (boris["id"], "active")
    assert moved["created_at"] == contact["created_at"]
    assert moved["assigned_at"] > contact["assigned_at"]
    assert (api.load(anna), api.load(boris)) == (0, 1)
    assert last_step_of(api, contact) == ("transferred", "api", "manual", anna["id"], boris["id"])


@test
def the_same_operator_again_changes_nothing(api):
    operator, source = api.desk(max_load_limit=1)
    contact = api.contact(source)
    for patch in ({}, {"max_load_limit": 0}, {"is_active": False}):
        api.patch(f"operators/{operator['id']}", patch).must(200)
        for members in ({}, {"force": True}):
            answer = must_be_untouched(api, contact, lambda: assign(api, contact, operator, **members))
            assert answer.must(200) == contact and answer.headers["etag"] == f'"{contact["version"]}"'


@test
def inactive_operators_are_refused_unless_forced(api):
    contact, operator = waiting_contact(api), api.operator(is_active=False)

    refused(api, contact, lambda: assign(api, contact, operator), operator["id"], operator["name"], "inactive", "force")
    refused(api, contact, lambda: assign(api, contact, operator, force=False), "inactive")

    assert assign(api, contact, operator, force=True).must(200)["operator_id"] == operator["id"]
    assert last_step_of(api, contact) == ("assigned", "api", "forced", None, operator["id"])


@test
def full_operators_are_refused_unless_forced(api):
    (anna, source), boris = api.desk(), api.operator(max_load_limit=1)
    assign(api, api.contact(source), boris).must(200)
    contact = api.contact(source)

    refused(api, contact, lambda: assign(api, contact, boris), boris["id"], boris["name"], "full", "1 of 1", "force")

    assign(api, contact, boris, force=True).must(200)
    assert (api.load(anna), api.load(boris)) == (0, 2)
    assert last_step_of(api, contact) == ("transferred", "api", "forced", anna["id"], boris["id"])


@test
def force_that_was_not_needed_is_no_force(api):
    contact, operator = waiting_contact(api), api.operator()
    assign(api, contact, operator, force=True).must(200)
    assert last_step_of(api, contact)[2] == "manual"


@test
def unknown_operators_are_named(api):
    contact = waiting_contact(api)
    for number in (BIGGEST_ID, api.psql.value("select last_value + 1000 from operators_id_seq")):
        answer = must_be_untouched(api, contact, lambda: assign(api, contact, {"id": int(number)}))
        assert answer.fields == {"operator_id"} and str(number) in answer.json["errors"][0]["message"]


@test
def unknown_contacts_are_404(api):
    operator, unknown = api.operator(), {"id": BIGGEST_ID}
    for answer in (assign(api, unknown, operator), assign(api, unknown), release(api, unknown)):
        answer.must(404)
    assert api.load(operator) == 0


@test
def closed_contacts_stay_with_whom_they_were(api):
    (_, source), boris = api.desk(), api.operator()
    closed = api.close(api.contact(source))
    for act in (lambda: assign(api, closed, boris), lambda: assign(api, closed, boris, force=True),
                lambda: assign(api, closed), lambda: release(api, closed)):
        refused(api, closed, act, "closed")
    refused(api, closed, lambda: assign(api, closed, {"id": closed["operator_id"]}), "closed")


@test
def wrong_wishes_are_refused(api):
    contact, operator = waiting_contact(api), api.operator()
    path = f"contacts/{contact['id']}/assign"
    for wrong in (None, "1", 0, -1, 1.5, True, [1]):
        assert api.post(path, {"operator_id": wrong}).fields == {"operator_id"}, wrong
    for wrong in (None, "yes", 1):
        assert api.post(path, {"operator_id": operator["id"], "force": wrong}).fields == {"force"}, wrong
    for force in (True, False):
        assert api.post(path, {"force": force}).fields == {"force"}
    assert api.post(path, {"operator": 1, "force": 1, "reason": "x"}).fields == {"operator", "force", "reason"}
    assert release(api, contact, {"operator_id": 1}).fields == {"operator_id"}
    api.post(path).must(400)
    api.post(path, b"{").must(400)
    api.post(path, b"{}", {"Content-Type": "text/plain"}).must(415)
    assert read(api, contact) == contact


@test
def if_match_protects_from_a_stale_view(api):
    anna, boris = api.operator(), api.operator()
    contact = api.contact(api.source([(boris, 1)]))
    stale = api.get(f"contacts/{contact['id']}").headers["etag"]
    fresh = api.patch(f"contacts/{contact['id']}", {"message": "changed"}).must(200)

    late = {"If-Match": stale}
    for act in (lambda: assign(api, fresh, anna, late), lambda: assign(api, fresh, boris, late),
                lambda: assign(api, fresh, None, late), lambda: release(api, fresh, None, late)):
        must_be_untouched(api, fresh, act).must(412)

    moved = assign(api, fresh, anna, {"If-Match": f'"{fresh["version"]}"'}).must(200)
    chosen = assign(api, fresh, None, {"If-Match": f'"{moved["version"]}"'}).must(200)
    answer = release(api, fresh, None, {"If-Match": f'"1", "{chosen["version"]}"'})
    assert answer.must(200)["version"] == chosen["version"] + 1
    assert answer.headers["etag"] == f'"{chosen["version"] + 1}"'


# -- chosen again


@test
def the_strategy_takes_a_waiting_contact(api):
    operator = api.operator()
    source = api.source([(operator, 0)])
    contact = api.contact(source)
    api.put(f"sources/{source['id']}/weights/{operator['id']}", {"weight": 2.5}).must(200)

    chosen = assign(api, contact).must(200)

    assert (chosen["status"], chosen["operator_id"]) == ("active", operator["id"])
    assert last_step_of(api, contact) == ("assigned", "api", "weighted_random", None, operator["id"])
    batch, ordinal, draw = choice_of(api, contact)
    assert ordinal == 0 and 0 <= draw < 2500
    assert api.psql.run(f"select strategy, operator_ids, weights, loads, expected, assigned from assignment_decisions "
                        f"where batch_id = {batch}") == [
        ("weighted_random", f"{{{operator['id']}}}", "{2.500}", "{0}", "{1}", "{1}")]


@test
def its_own_place_counts_as_free(api):
    operator, source = api.desk(max_load_limit=1)
    contact = api.contact(source)

    answer = assign(api, contact)

    assert answer.must(200) == contact == read(api, contact) and answer.headers["etag"] == f'"{contact["version"]}"'
    assert api.load(operator) == 1
    assert last_step_of(api, contact) == ("assigned", "api", "weighted_random", operator["id"], operator["id"])
    assert choice_of(api, contact) != (None, None, None)


@test
def choosing_again_leaves_who_is_no_longer_eligible(api):
    anna, boris = api.operator(), api.operator()
    source = api.source([(anna, 1), (boris, 0)])
    contact = api.contact(source)
    api.put(f"sources/{source['id']}/weights/", {"weights": [{"operator_id": boris["id"], "weight": 1}]}).must(200)

    assert assign(api, contact).must(200)["operator_id"] == boris["id"]

    assert last_step_of(api, contact) == ("transferred", "api", "weighted_random", anna["id"], boris["id"])
    assert (api.load(anna), api.load(boris)) == (0, 1)


@test
def when_nobody_may_take_it_nothing_changes(api):
    operator, source = api.desk(max_load_limit=2)
    contact, _ = api.contact(source), api.contact(source)
    api.patch(f"operators/{operator['id']}", {"max_load_limit": 1}).must(200)
    refused(api, contact, lambda: assign(api, contact), "full")
    api.patch(f"operators/{operator['id']}", {"is_active": False}).must(200)
    refused(api, contact, lambda: assign(api, contact), "inactive")
    api.put(f"sources/{source['id']}/weights/{operator['id']}", {"weight": 0}).must(200)
    refused(api, contact, lambda: assign(api, contact), "weights", "0")
    api.delete(f"sources/{source['id']}/weights/{operator['id']}").must(204)
    refused(api, contact, lambda: assign(api, contact), "no operators")
    lonely = waiting_contact(api)
    refused(api, lonely, lambda: assign(api, lonely), "no operators")


@test
def the_least_loaded_is_chosen_with_the_own_place_free(api):
    """Anna holds 2 of 4, without this one 1 of 4; Boris 1 of 3."""
    anna, boris = api.operator(max_load_limit=4), api.operator(max_load_limit=3)
    source = api.source([(anna, 1), (boris, 1)])
    set_source(api, source, strategy="least_loaded")
    contact, other, third = (waiting_contact_of(api, source) for _ in range(3))
    for one, operator in ((contact, anna), (other, anna), (third, boris)):
        assign(api, one, operator).must(200)

    assert assign(api, contact).must(200)["operator_id"] == anna["id"]

    assign(api, waiting_contact(api), anna).must(200)  # 2 of 4 without this one
    assert assign(api, contact).must(200)["operator_id"] == boris["id"]
    assert last_step_of(api, contact)[2:] == ("least_loaded", anna["id"], boris["id"])
    assert choice_of(api, contact)[1:] == (0, None)


def waiting_contact_of(api, source):
    """A contact of a source that nobody has got yet."""
    contact = api.contact(source)
    return contact if contact["status"] == "waiting" else release(api, contact).must(200)


@test
def who_waited_longest_is_chosen(api):
    team = [api.operator() for _ in range(3)]
    source = api.source([(operator, 1) for operator in team])
    set_source(api, source, strategy="least_recent")
    contact = waiting_contact(api)
    for operator in (team[1], team[2], team[0]):
        assign(api, waiting_contact(api), operator).must(200)
    contact, holders = waiting_contact_of(api, source), []
    for _ in range(4):
        waiting_contact(api)  # so that there is something newer than what was assigned last
        holders.append(assign(api, contact).must(200)["operator_id"])
    assert holders == [operator["id"] for operator in (team[2], team[0], team[1], team[2])]


@test
def turns_go_on_where_they_stood(api):
    """Of smooth_weighted: the credits are written back by each choice, so that four choices give 3 : 1."""
    anna, boris = api.operator(max_load_limit=100), api.operator(max_load_limit=100)
    source = api.source([(anna, 0), (boris, 0)])
    set_source(api, source, strategy="smooth_weighted")
    contacts = [api.contact(source) for _ in range(8)]
    api.put(f"sources/{source['id']}/weights/", {"weights": [{"operator_id": anna["id"], "weight": 3},
                                                              {"operator_id": boris["id"], "weight": 1}]}).must(200)

    holders = [assign(api, contact).must(200)["operator_id"] for contact in contacts]

    assert holders == [operator["id"] for operator in (anna, anna, boris, anna) * 2]
    assert {last_step_of(api, contact)[2] for contact in contacts} == {"smooth_weighted"}
    credits = api.psql.run(f"select credits from assignment_decisions where source_id = {source['id']} "
                           f"and batch_id = (select max(batch_id) from assignment_decisions)")
    assert credits == [("{1000,-1000}",)]
    assert api.psql.run(f"select credit from source_operator_weights where source_id = {source['id']}") == [("0",)] * 2


@test
def a_lead_does_not_stick_when_it_is_chosen_for_again(api):
    """By stickiness it would stay with Anna, who has more to do."""
    anna, boris = api.operator(), api.operator()
    source = api.source([(anna, 1), (boris, 0)])
    contact, _ = api.contact(source), api.contact(source)
    set_source(api, source, strategy="least_loaded", sticky_seconds=3600)
    api.put(f"sources/{source['id']}/weights/{boris['id']}", {"weight": 1}).must(200)
    assert assign(api, contact).must(200)["operator_id"] == boris["id"]


@test
def each_choice_can_be_computed_again_from_what_was_recorded(api):
    team = [api.operator(max_load_limit=1000) for _ in range(5)]
    source = api.source([(operator, weight) for operator, weight in zip(team, (1, 0, 2.5, 0.125, 4))])
    contact, holders = api.contact(source), set()
    for _ in range(40):
        contact = assign(api, contact).must(200)
        batch, _, draw = choice_of(api, contact)
        operators, weights, loads, limits, active = api.psql.run(
            f"select array_to_string(operator_ids, ' '), array_to_string(weights, ' '), array_to_string(loads, ' '), "
            f"array_to_string(limits, ' '), array_to_string(are_active, ' ') "
            f"from assignment_decisions where batch_id = {batch}")[0]
        assert {int(load) for load in loads.split()} == {0}, "the place of the contact itself counts as free"
        for operator, weight, load, limit, is_active in zip(operators.split(), weights.split(), loads.split(),
                                                            limits.split(), active.split()):
            if is_active == "t" and int(load) < int(limit):
                if draw < float(weight) * 1000:
                    break
                draw -= float(weight) * 1000
        assert int(operator) == contact["operator_id"]
        holders.add(contact["operator_id"])
    assert len(holders) >= 3
    assert api.psql.value(f"select sum(total) from assignment_decisions, unnest(assigned) as total "
                          f"where source_id = {source['id']}") == "41", "who was chosen again counts as well"


# -- back to waiting


@test
def released_contacts_wait_in_the_place_of_their_age(api):
    operator, source = api.desk(max_load_limit=1)
    contact = api.contact(source)
    younger = api.contact(source)

    answer = release(api, contact)

    released = answer.must(200)
    assert released == {**contact, "status": "waiting", "operator_id": None, "assigned_at": None,
                        "version": contact["version"] + 1}
    assert answer.headers["etag"] == f'"{released["version"]}"'
    rows = api.pages("contacts/", source_id=source["id"], status="waiting")
    assert [(row["id"], row["waiting_reason"]) for row in rows] == [(contact["id"], "released"),
                                                                    (younger["id"], "full")]
    assert api.load(operator) == 0
    assert last_step_of(api, contact) == ("released", "api", "released", operator["id"], None)


@test
def releasing_what_waits_changes_nothing(api):
    contact = waiting_contact(api)
    for body in (None, {}):
        answer = must_be_untouched(api, contact, lambda: release(api, contact, body))
        assert answer.must(200) == contact and answer.headers["etag"] == f'"{contact["version"]}"'
    (row,) = api.pages("contacts/", source_id=contact["source_id"], status="waiting")
    assert row["waiting_reason"] == "no_operators"


@test
def what_frees_a_place_wakes_the_backlog(api):
    """Each way in which somebody gets room, while a contact of an automatic source waits for just that one."""
    anna, boris = api.operator(), api.operator()
    manual, auto = api.source([(boris, 1)]), api.source([(anna, 1)])
    set_source(api, auto, backlog="auto")
    held = [assign(api, api.contact(manual), anna).must(200) for _ in range(4)]
    for freed in (lambda contact: assign(api, contact, boris), lambda contact: assign(api, contact),
                  lambda contact: release(api, contact),
                  lambda contact: api.patch(f"contacts/{contact['id']}", {"status": "closed"})):
        api.psql.run(f"update operators set max_load_limit = active_load from operator_loads "
                     f"where operator_id = id and id = {anna['id']}")
        assert api.contact(auto)["status"] == "waiting"
        assert wakes(api, lambda: freed(held.pop()).must(200))


@test
def what_begins_to_wait_wakes_the_backlog(api):
    operator, auto, manual = api.operator(), api.source(), api.source()
    set_source(api, auto, backlog="auto")
    for source, is_automatic in ((auto, True), (manual, False)):
        held, closed = assign(api, api.contact(source), operator).must(200), api.close(api.contact(source))
        assert wakes(api, lambda: release(api, held).must(200)) == is_automatic
        assert wakes(api, lambda: reopen(api, closed).must(200)) == is_automatic


# -- at once


@test
def only_as_many_are_assigned_at_once_as_there_is_room(api, twin):
    operator = api.operator(max_load_limit=5)
    source = api.source()
    contacts = [api.contact(source) for _ in range(16)]

    answers = together(16, lambda index: assign((api, twin)[index % 2], contacts[index], operator))

    assert sorted(answer.status for answer in answers) == [200] * 5 + [409] * 11
    assert all("full" in answer.json["detail"] for answer in answers if answer.status == 409)
    assert api.load(operator) == 5
    api.loads_must_match()


@test
def what_the_holder_of_the_load_did_is_seen(api):
    """The load is read behind the lock, not before it."""
    operator, contact = api.operator(max_load_limit=1), waiting_contact(api)
    with api.psql.session() as session:
        session.run(f"begin; select from operator_loads where operator_id = {operator['id']} for update")
        with meanwhile(assign, api, contact, operator) as patient:
            poll(lambda: lock_waiters(api), "it waits for the load")
            session.run(f"insert into contacts (lead_id, source_id, operator_id, status) values "
                        f"({contact['lead_id']}, {contact['source_id']}, {operator['id']}, 'active')")
            session.run("commit")
    assert "full" in patient.result().must(409)["detail"]
    assert read(api, contact) == contact and api.load(operator) == 1


@test
def a_contact_that_moves_to_another_source_meanwhile_is_chosen_for_by_that_one(api):
    """Sources are merged in psql: the contacts move, and the old one goes."""
    (_, old), (operator, new) = api.desk(), api.desk()
    contact = api.contact(old)
    with api.psql.session() as session:
        session.run("begin")
        session.run(f"update contacts set source_id = {new['id']} where id = {contact['id']}")
        session.run(f"delete from sources where id = {old['id']}")
        with meanwhile(assign, api, contact) as patient:
            poll(lambda: lock_waiters(api), "it waits for the contact")
            session.run("commit")
    assert patient.result().must(200)["operator_id"] == operator["id"]
    decision = api.get(f"contacts/{contact['id']}/history").must(200)["items"][-1]["decision"]
    assert [candidate["operator_id"] for candidate in decision["candidates"]] == [operator["id"]]
    api.loads_must_match()


@test
def of_two_people_at_once_the_second_is_told_who_has_it(api, twin):
    anna, boris = api.operator(), api.operator()
    for contact in [waiting_contact(api) for _ in range(5)]:
        with api.psql.session() as session:
            session.run(f"begin; select from contacts where id = {contact['id']} for update")
            with meanwhile(assign, api, contact, anna) as first, meanwhile(assign, twin, contact, boris) as second:
                poll(lambda: lock_waiters(api) == 2, "both wait for the contact")
                session.run("rollback")
        answers = {anna["id"]: first.result(), boris["id"]: second.result()}
        winner = read(api, contact)["operator_id"]
        loser = next(number for number in answers if number != winner)
        assert answers[winner].must(200)["operator_id"] == winner
        name = {anna["id"]: anna["name"], boris["id"]: boris["name"]}[winner]
        detail = answers[loser].must(409)["detail"]
        assert f"operator {winner} ({name}) holds" in detail, detail
        assert len(steps_of(api, contact)) == 2


@test
def who_wants_the_same_is_content(api, twin):
    operator, contact = api.operator(), waiting_contact(api)
    with api.psql.session() as session:
        session.run(f"begin; select from contacts where id = {contact['id']} for update")
        with meanwhile(assign, api, contact, operator) as first, meanwhile(assign, twin, contact, operator) as second:
            poll(lambda: lock_waiters(api) == 2, "both wait for the contact")
            session.run("rollback")
    assert first.result().must(200) == second.result().must(200) == read(api, contact)
    assert len(steps_of(api, contact)) == 2 and api.load(operator) == 1


@test
def the_rule_never_overwrites_a_person(api, twin):
    """Whoever comes second, a person or the rule, is told who holds the contact."""
    anna, boris = api.operator(max_load_limit=100), api.operator(max_load_limit=100)
    source = api.source([(anna, 0)])
    contacts = [api.contact(source) for _ in range(6)]
    api.put(f"sources/{source['id']}/weights/{anna['id']}", {"weight": 1}).must(200)
    for contact in contacts:
        with api.psql.session() as session:
            session.run(f"begin; select from contacts where id = {contact['id']} for update")
            with meanwhile(assign, api, contact) as rule, meanwhile(assign, twin, contact, boris) as person:
                poll(lambda: lock_waiters(api) == 2, "both wait for the contact")
                session.run("rollback")
        holder = read(api, contact)["operator_id"]
        won, lost, operator = (rule, person, anna) if holder == anna["id"] else (person, rule, boris)
        assert won.result().must(200)["operator_id"] == holder == operator["id"]
        detail = lost.result().must(409)["detail"]
        assert f"operator {holder} ({operator['name']}) holds" in detail, detail
        assert len(steps_of(api, contact)) == 2
    api.loads_must_match()


@test
def a_person_in_psql_comes_before_who_waits(api):
    """While it waited for the contact, somebody else got it, gave it back, or closed it."""
    (anna, source), boris = api.desk(), api.operator()
    changes = {
        f"operator_id = {boris['id']}": (f"operator {boris['id']} ({boris['name']})", f"operator {boris['id']}"),
        "status = 'waiting', operator_id = null": ("released", "released"),
        "status = 'closed'": ("closed", "closed"),
    }
    for change, (told_rule, told_person) in changes.items():
        for operator, told in ((None, told_rule), (api.operator(), told_person)):
            contact = api.contact(source)
            with api.psql.session() as session:
                session.run(f"begin; update contacts set {change} where id = {contact['id']}")
                with meanwhile(assign, api, contact, operator) as late:
                    poll(lambda: lock_waiters(api), "it waits for the contact")
                    session.run("commit")
            assert told in late.result().must(409)["detail"], late.result().json
            after = read(api, contact)
            assert after["operator_id"] != (operator or {"id": 0})["id"] and after["version"] == contact["version"] + 1
    api.loads_must_match()


@test
def a_release_takes_nothing_from_somebody_else(api):
    """Who released Anna's contact did not mean Boris's."""
    (anna, source), boris = api.desk(), api.operator()
    contact = api.contact(source)
    with api.psql.session() as session:
        session.run(f"begin; update contacts set operator_id = {boris['id']} where id = {contact['id']}")
        with meanwhile(release, api, contact) as late:
            poll(lambda: lock_waiters(api), "it waits for the contact")
            session.run("commit")
    assert f"operator {boris['id']}" in late.result().must(409)["detail"]
    assert read(api, contact)["operator_id"] == boris["id"]


@test
def edits_in_between_are_no_obstacle(api):
    (anna, source), boris = api.desk(), api.operator()
    contact = api.contact(source)
    with api.psql.session() as session:
        session.run(f"begin; update contacts set message = 'new' where id = {contact['id']}")
        with meanwhile(assign, api, contact, boris) as late:
            poll(lambda: lock_waiters(api), "it waits for the contact")
            session.run("commit")
    moved = late.result().must(200)
    assert (moved["operator_id"], moved["message"]) == (boris["id"], "new")


@test
def what_was_reopened_in_between_has_its_own_place(api):
    """It was closed when it was looked at, and counts in the load once it is locked: that place is its own."""
    operator, source = api.desk(max_load_limit=1)
    contact = api.contact(source)
    api.close(contact)
    with api.psql.session() as session:
        session.run(f"begin; update contacts set status = 'active' where id = {contact['id']}")
        with meanwhile(assign, api, contact) as late:
            poll(lambda: lock_waiters(api), "it waits for the contact")
            session.run("commit")
    assert late.result().must(200)["operator_id"] == operator["id"]
    assert api.load(operator) == 1


@test
def a_colleague_who_came_meanwhile_is_considered(api):
    """The link of the newcomer appears after the locks: the choice is made once more, with that one locked too."""
    operator = api.operator(max_load_limit=0)
    source = api.source([(operator, 1)])
    contact, newcomer = api.contact(source), api.operator()
    with api.psql.session() as session:
        session.run(f"begin; select from operator_loads where operator_id = {operator['id']} for update")
        with meanwhile(assign, api, contact) as late:
            poll(lambda: lock_waiters(api), "it waits for the load")
            api.put(f"sources/{source['id']}/weights/{newcomer['id']}", {"weight": 1}).must(201)
            session.run("rollback")
    assert late.result().must(200)["operator_id"] == newcomer["id"]
