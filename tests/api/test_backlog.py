"""
Contacts of automatic sources do not wait longer than they must. Whatever makes room, wherever it happens, the contact
that waits longest gets it at once, and no new one comes before it. The servers here hardly ever look by themselves.
"""

import itertools
import signal
import threading

from harness import test
from storm import contacts, storm
from waiting import meanwhile, poll

SETTINGS = {"BACKLOG_SWEEP_SECONDS": 3600}
SOON_S = 2  # an event takes milliseconds; a machine may be busy


def automatic(api, source):
    return api.patch(f"sources/{source['id']}", {"backlog": "auto"}).must(200)


def holder(api, contact):
    return api.get(f"contacts/{contact['id']}").must(200)["operator_id"]


def goes_to(api, contact, operator, seconds=SOON_S):
    poll(lambda: holder(api, contact) == operator["id"], f"contact {contact['id']} is assigned", seconds)


def waits(api, contact):
    return api.get(f"contacts/{contact['id']}").must(200)["status"] == "waiting"


def waiting_contacts(api, source, count=2):
    """Made in psql: a server that made them itself would soon look again, whatever the database tells."""
    rows = api.psql.run(f"""
        with lead as (insert into leads (external_id) select '{api.unique("lead")}-' || i
                        from generate_series(1, {count}) as i returning id)
        insert into contacts (lead_id, source_id, waiting_reason) select id, {source['id']}, 'full' from lead
        returning id""")
    contacts_ = [{"id": int(number)} for number, in rows]
    assert all(waits(api, contact) for contact in contacts_)
    return contacts_


def busy_desk(api):
    """(operator, source, the contact that it holds, [two that wait]): an automatic source with one full operator."""
    operator, source = api.desk(max_load_limit=1)
    held = api.contact(automatic(api, source))
    return operator, source, held, waiting_contacts(api, source)


def idle_desk(api, **members):
    """(operator, source, [two that wait]): an automatic source whose operator cannot take contacts yet."""
    operator, source = api.desk(**members)
    return operator, source, waiting_contacts(api, automatic(api, source))


def only_the_oldest_is_taken(api, operator, waiting):
    goes_to(api, waiting[0], operator)
    assert waits(api, waiting[1]) and api.load(operator) == 1
    api.loads_must_match()


def assigned(api, source):
    """Ids of the contacts that anybody ever got, in the order of their history."""
    return [int(number) for number, in api.psql.run(f"""
        select contact_id from contact_history join contacts on contacts.id = contact_id
         where source_id = {source['id']} and kind = 'assigned' order by contact_history.id""")]


def overtaken(api, source):
    """(older, younger): the younger one was assigned for good before anybody began to assign the older one."""
    return api.psql.run(f"""
        with given as (
            select contact_id, at as began, pg_xact_commit_timestamp(contact_history.xmin) as ended
              from contact_history join contacts on contacts.id = contact_id
             where source_id = {source['id']} and kind = 'assigned')
        select older.contact_id, younger.contact_id, older.began - younger.ended
          from given as older join given as younger
            on older.contact_id < younger.contact_id and older.began > younger.ended
         order by 1, 2 limit 5""")


# -- what makes room ---------------------------------------------------------------------------------------------------


@test
def closing_hands_the_place_on(api, twin):
    operator, _, held, waiting = busy_desk(api)
    twin.close(held)
    only_the_oldest_is_taken(api, operator, waiting)
    api.close(waiting[0])
    goes_to(twin, waiting[1], operator)


@test
def who_finds_nobody_waits_and_is_next(api):
    operator, source = api.desk(max_load_limit=1)
    held, *waiting = [api.contact(automatic(api, source)) for _ in range(3)]
    assert [contact["status"] for contact in waiting] == ["waiting", "waiting"]
    api.close(held)
    only_the_oldest_is_taken(api, operator, waiting)


@test
def closing_in_psql_hands_the_place_on(api):
    operator, _, held, waiting = busy_desk(api)
    api.psql.run(f"update contacts set status = 'closed' where id = {held['id']}")
    only_the_oldest_is_taken(api, operator, waiting)


@test
def deleting_in_psql_hands_the_place_on(api):
    operator, _, held, waiting = busy_desk(api)
    api.psql.run(f"delete from contacts where id = {held['id']}")
    only_the_oldest_is_taken(api, operator, waiting)


@test
def moving_a_contact_away_in_psql_hands_the_place_on(api):
    operator, _, held, waiting = busy_desk(api)
    other = api.operator()
    api.psql.run(f"update contacts set operator_id = {other['id']} where id = {held['id']}")
    only_the_oldest_is_taken(api, operator, waiting)


RELEASES = {
    "api": lambda api, contact: api.post(f"contacts/{contact['id']}/release").must(200),
    "psql": lambda api, contact: api.psql.run(
        f"update contacts set status = 'waiting', operator_id = null where id = {contact['id']}"),
}


@test
def a_release_hands_the_place_on(api):
    """The released contact belongs to a manual source, so it stays where it is."""
    for release in RELEASES.values():
        operator, source = api.desk(max_load_limit=1)
        held = api.contact(source)
        waiting = waiting_contacts(api, automatic(api, api.source([(operator, 1)])))
        release(api, held)
        only_the_oldest_is_taken(api, operator, waiting)
        assert waits(api, held)


@test
def what_is_released_in_an_automatic_source_keeps_its_place(api):
    """It is older than all that wait there: if there is nobody else, it comes back to the same operator."""
    operator, _, held, waiting = busy_desk(api)
    api.psql.run(f"update contacts set status = 'waiting', operator_id = null where id = {held['id']}")
    poll(lambda: api.get(f"contacts/{held['id']}").must(200)["version"] == 3, "it is assigned again", SOON_S)
    assert holder(api, held) == operator["id"] and all(waits(api, contact) for contact in waiting)


@test
def a_raised_limit_takes_as_many_as_it_allows(api):
    operator, source, _, waiting = busy_desk(api)
    waiting += waiting_contacts(api, source)
    api.patch(f"operators/{operator['id']}", {"max_load_limit": 3}).must(200)
    goes_to(api, waiting[1], operator)
    assert holder(api, waiting[0]) == operator["id"] and waits(api, waiting[2]) and waits(api, waiting[3])
    api.psql.run(f"update operators set max_load_limit = 4 where id = {operator['id']}")
    goes_to(api, waiting[2], operator)
    assert waits(api, waiting[3])


@test
def an_operator_who_comes_back_takes_over(api):
    operator, _, waiting = idle_desk(api, is_active=False, max_load_limit=1)
    api.patch(f"operators/{operator['id']}", {"is_active": True}).must(200)
    only_the_oldest_is_taken(api, operator, waiting)

    operator, _, waiting = idle_desk(api, is_active=False, max_load_limit=1)
    api.psql.run(f"update operators set is_active = true where id = {operator['id']}")
    only_the_oldest_is_taken(api, operator, waiting)


LINKS = {
    "one": lambda api, source, operator: api.put(f"sources/{source['id']}/weights/{operator['id']}", {"weight": 1}),
    "all": lambda api, source, operator: api.put(f"sources/{source['id']}/weights/", {
        "weights": [{"operator_id": operator["id"], "weight": 1}]}),
    "psql": lambda api, source, operator: api.psql.run(
        "insert into source_operator_weights (source_id, operator_id, weight) "
        f"values ({source['id']}, {operator['id']}, 1) on conflict (source_id, operator_id) do update set weight = 1"),
}


@test
def a_new_link_brings_its_operator_in(api):
    for link in LINKS.values():
        operator, source = api.operator(max_load_limit=1), automatic(api, api.source())
        waiting = waiting_contacts(api, source)
        link(api, source, operator)
        only_the_oldest_is_taken(api, operator, waiting)


@test
def a_weight_above_zero_brings_its_operator_in(api):
    for link in LINKS.values():
        operator = api.operator(max_load_limit=1)
        source = automatic(api, api.source([(operator, 0)]))
        waiting = waiting_contacts(api, source)
        link(api, source, operator)
        only_the_oldest_is_taken(api, operator, waiting)


SWITCHES = {
    "api": automatic,
    "psql": lambda api, source: api.psql.run(f"update sources set backlog = 'auto' where id = {source['id']}"),
}


@test
def switching_to_automatic_begins_with_the_oldest(api):
    for switch in SWITCHES.values():
        operator, source = api.desk(max_load_limit=1)
        held = api.contact(source)
        waiting = waiting_contacts(api, source)
        api.close(held)
        assert waits(api, waiting[0])
        switch(api, source)
        only_the_oldest_is_taken(api, operator, waiting)


@test
def a_contact_that_psql_makes_wait_is_taken(api):
    operator, source = api.desk(max_load_limit=2)
    lead = api.contact(automatic(api, source))["lead_id"]
    number = api.psql.value(f"insert into contacts (lead_id, source_id) values ({lead}, {source['id']}) returning id")
    goes_to(api, {"id": number}, operator)


@test
def without_its_operators_a_contact_waits_for_others(api):
    operator, source, held, waiting = busy_desk(api)
    gone, source = idle_desk(api, is_active=False)[:2]
    waiting = waiting_contacts(api, source, 1)
    oldest = api.pages("contacts/", source_id=source["id"], status="waiting")[0]
    assert api.delete(f"operators/{gone['id']}").status == 204
    assert waits(api, oldest) and waits(api, waiting[0])
    heir = api.operator(max_load_limit=3)
    api.put(f"sources/{source['id']}/weights/{heir['id']}", {"weight": 1}).must(201)
    goes_to(api, waiting[0], heir)
    assert holder(api, oldest) == heir["id"] and holder(api, held) == operator["id"]


# -- in which order ----------------------------------------------------------------------------------------------------


@test
def manual_sources_are_left_alone(api):
    """Their contacts wait for a person, although older, and although the operator serves both."""
    operator, source, held, waiting = busy_desk(api)
    manual = api.source([(operator, 1)])
    api.psql.run(f"update operators set max_load_limit = 0 where id = {operator['id']}")
    patient = waiting_contacts(api, manual, 1)[0]
    waiting += waiting_contacts(api, source, 1)
    api.close(held)
    api.psql.run(f"update operators set max_load_limit = 3 where id = {operator['id']}")
    goes_to(api, waiting[2], operator)
    assert waits(api, patient)
    api.patch(f"operators/{operator['id']}", {"max_load_limit": 4}).must(200)
    assert api.contact(manual)["operator_id"] == operator["id"] and waits(api, patient)


@test
def nobody_overtakes(api, twin):
    """New contacts hammer on two servers while places free up one by one: everybody is served in order."""
    team = [api.operator(max_load_limit=2) for _ in range(3)]
    source = automatic(api, api.source([(operator, 1) for operator in team]))
    over = threading.Event()

    def hammer():
        drafts = contacts(api, source, 1500)
        storm([api, twin], itertools.takewhile(lambda _: not over.is_set(), drafts), clients=16)

    def close_one_by_one(client, operators, count):
        for operator in itertools.islice(itertools.cycle(operators), count):
            active = f"contacts where operator_id = {operator['id']} and status = 'active'"
            held = poll(lambda: api.psql.run(f"select min(id) from {active}")[0][0], "somebody is served", 5)
            client.close({"id": held})

    with meanwhile(hammer), meanwhile(close_one_by_one, twin, team[:2], 60):
        close_one_by_one(api, team[2:], 60)
        over.set()

    order = assigned(api, source)
    assert len(order) >= 120 and len(order) == len(set(order)), "assigned twice"
    assert not (faults := overtaken(api, source)), faults
    api.loads_must_match()


@test
def two_servers_share_a_backlog_without_taking_anything_twice(api, twin):
    team = [api.operator(max_load_limit=0) for _ in range(20)]
    source = automatic(api, api.source([(operator, number + 1) for number, operator in enumerate(team)]))
    storm([api, twin], contacts(api, source, 1200))
    assert api.psql.count(f"contacts where source_id = {source['id']} and status = 'waiting'") == 1200

    ids = ", ".join(str(operator["id"]) for operator in team)
    api.psql.run(f"update operators set max_load_limit = 50 where id in ({ids})")

    full = f"operator_loads where operator_id in ({ids}) and active_load = 50"
    poll(lambda: api.psql.count(full) == 20, "all have what they can take", 10)
    order = assigned(api, source)
    assert len(order) == len(set(order)) == 1000
    assert not (faults := overtaken(api, source)), faults
    assert max(order) < int(api.psql.value(
        f"select min(id) from contacts where source_id = {source['id']} and status = 'waiting'"))
    assert api.psql.count(f"contacts where source_id = {source['id']} and status = 'active' and version <> 2") == 0
    api.loads_must_match()


@test
def a_newcomer_takes_the_place_of_who_is_being_edited(api):
    operator, source, held, waiting = busy_desk(api)
    with api.psql.session() as session:
        session.run("begin; select 1 from contacts where id in "
                    f"({waiting[0]['id']}, {waiting[1]['id']}) for no key update")
        api.close(held)
        assert api.contact(source)["operator_id"] == operator["id"]
        session.run("rollback")
    assert waits(api, waiting[0]) and waits(api, waiting[1])


@test
def what_somebody_edits_is_skipped_and_taken_later(api):
    operator, _, held, waiting = busy_desk(api)
    with api.psql.session() as session:
        session.run(f"begin; select 1 from contacts where id = {waiting[0]['id']} for update")
        api.close(held)
        goes_to(api, waiting[1], operator)
        api.close(waiting[1])
        poll(lambda: api.load(operator) == 0, "there is room")
        assert waits(api, waiting[0])
        session.run(f"update contacts set message = 'mine' where id = {waiting[0]['id']}; commit")
    goes_to(api, waiting[0], operator)
    assert api.get(f"contacts/{waiting[0]['id']}").must(200)["message"] == "mine"


@test
def a_forgotten_session_holds_up_its_own_operator_only(api):
    stuck, stuck_source, stuck_held, stuck_waiting = busy_desk(api)
    desks = [busy_desk(api) for _ in range(3)]
    with api.psql.session() as session:
        session.run(f"begin; update contacts set status = 'closed' where id = {stuck_held['id']}")
        other = api.operator(max_load_limit=1)
        api.put(f"sources/{stuck_source['id']}/weights/{other['id']}", {"weight": 1}).must(201)
        goes_to(api, stuck_waiting[0], other)
        for operator, _, held, waiting in desks:
            api.close(held)
            goes_to(api, waiting[0], operator)
        assert waits(api, stuck_waiting[1])
        session.run("commit")
    goes_to(api, stuck_waiting[1], stuck)


# -- whatever happens --------------------------------------------------------------------------------------------------

LISTENERS = "pg_stat_activity where datname = current_database() and application_name = 'leadd-listen'"


@test
def each_server_listens_on_a_connection_of_its_own(api, twin):
    assert api.psql.count(LISTENERS) == 2


@test
def it_listens_again_when_its_connection_is_lost(api, twin):
    for _ in range(3):
        desks = [busy_desk(api) for _ in range(2)]
        for operator, _, held, waiting in desks:
            api.psql.run(f"select pg_terminate_backend(pid, 5000) from {LISTENERS};"
                         f"update contacts set status = 'closed' where id = {held['id']}")
            goes_to(api, waiting[0], operator)
        poll(lambda: api.psql.count(LISTENERS) == 2, "both listen again")


@test
def what_happened_while_nobody_listened_is_not_missed(lab):
    api = lab.serve(lab.new_database("deaf"))
    operator, _, held, waiting = busy_desk(api)
    api.server.tell(signal.SIGSTOP)
    try:
        api.psql.run(f"select pg_terminate_backend(pid, 5000) from {LISTENERS}")
        api.psql.run(f"update contacts set status = 'closed' where id = {held['id']}")
    finally:
        api.server.tell(signal.SIGCONT)
    goes_to(api, waiting[0], operator)


@test
def a_restart_of_the_database_is_survived(lab, api, twin):
    desks = [busy_desk(api) for _ in range(2)]
    lab.postgres.restart()
    for operator, _, held, waiting in desks:
        api.psql.run(f"update contacts set status = 'closed' where id = {held['id']}")
        poll(api.is_ready, "it is ready again")
        goes_to(api, waiting[0], operator, seconds=5)
    poll(twin.is_ready, "it is ready again")


@test
def without_any_word_it_looks_now_and_then(lab):
    """Triggers that are switched off tell nothing."""
    api = lab.serve(lab.new_database("silent"), BACKLOG_SWEEP_SECONDS=1)
    operator, _, held, waiting = busy_desk(api)
    api.psql.run(f"set session_replication_role = replica;"
                 f"update contacts set status = 'closed', closed_at = now() where id = {held['id']};"
                 f"update operator_loads set active_load = 0 where operator_id = {operator['id']}")
    goes_to(api, waiting[0], operator, seconds=5)
