"""Server-Sent Events: what is told, by whom, in what order, and what becomes of who was away or does not keep up."""

import contextlib
import itertools
import random
import threading
import time

from harness import test
from scrape import metric
from streams import Stream, hears, settle, stream
from test_stop import draft
from waiting import Stopwatch, meanwhile, poll, together


def seen(events, count):
    """So many (event, contact, operator before, operator, status)."""
    return [(message.event, message.data["contact_id"], message.data["previous_operator_id"],
             message.data["operator_id"], message.data["status"]) for message in events.take(count)]


def changed(events, count):
    """So many (event, id, is_deleted) of operators and sources."""
    return [(message.event, message.data.get("operator_id") or message.data["source_id"], message.data["is_deleted"])
            for message in events.take(count)]


def fill(api, source, count, status="active"):
    """Contacts made in psql."""
    operator = f"(select max(operator_id) from source_operator_weights where source_id = {source['id']})"
    lead = api.psql.value(f"insert into leads (external_id) values ('{api.unique('lead')}') returning id")
    api.psql.run(f"insert into contacts (lead_id, source_id, operator_id, status) select {lead}, {source['id']}, "
                 f"{operator if status == 'active' else 'null'}, '{status}' from generate_series(1, {count})")


def told_during(events, api, act):
    """What comes of act(), that is until a source is told that is made behind it."""
    act()
    mark = api.source()["id"]
    return events.until(lambda message: message.data.get("source_id") == mark and message.event == "source.changed")[:-1]


@test
def a_contact_that_psql_gives_another_source_or_lead_is_read_anew(api):
    settle(api)
    _, source = api.desk()
    _, other = api.desk()
    first, second = api.contact(source), api.contact(source)
    with stream(api) as events:
        for change in (f"source_id = {other['id']}", f"lead_id = {second['lead_id']}"):
            api.psql.run(f"update contacts set {change} where id = {first['id']}")
            assert events.take(1)[0].event == "reload", change


@test
def a_stream_that_filters_gets_its_own_of_many_at_once(api):
    settle(api)
    desks = [api.desk(max_load_limit=100) for _ in range(3)]
    with contextlib.ExitStack() as leaving:
        streams = [leaving.enter_context(stream(api, source_id=source["id"])) for _, source in desks]
        rows = [{"lead_external_id": api.unique("lead"), "source_id": desks[number % 3][1]["id"]} for number in range(60)]
        items = api.post("contacts/batch", rows).must(200)["items"]
        for place, events in enumerate(streams):
            told = [message.data["contact_id"] for message in events.take(40) if message.event == "contact.created"]
            assert told == [item["contact"]["id"] for item in items[place::3]]


@test
def streams_leave_half_of_the_connections_to_others(lab):
    api = lab.serve(CONNECTIONS_MAX=6)
    hears(api)
    with contextlib.ExitStack() as leaving:
        for _ in range(3):
            assert leaving.enter_context(contextlib.closing(Stream(api))).status == 200
        assert leaving.enter_context(contextlib.closing(Stream(api))).status == 503
        assert api.get("/health/live").status == 200
    api.server.must_leave_cleanly()
    lab.forget(api.server)


# -- what is told ---------------------------------------------------------------------------------------------

@test
def each_change_of_a_contact_has_its_event(api):
    settle(api)
    first, source = api.desk(max_load_limit=1)
    second = api.operator()
    with stream(api) as events:
        contact, waiting = api.contact(source), api.contact(source)
        one, other = contact["id"], waiting["id"]
        assert seen(events, 3) == [("contact.created", one, None, first["id"], "active"),
                                   ("contact.assigned", one, None, first["id"], "active"),
                                   ("contact.created", other, None, None, "waiting")]
        api.post(f"contacts/{other}/assign", {"operator_id": second["id"]}).must(200)
        api.post(f"contacts/{other}/release").must(200)
        api.post(f"contacts/{one}/assign", {"operator_id": second["id"]}).must(200)
        api.post(f"contacts/{one}/assign", {}).must(200)
        assert seen(events, 4) == [("contact.assigned", other, None, second["id"], "active"),
                                   ("contact.released", other, second["id"], None, "waiting"),
                                   ("contact.assigned", one, first["id"], second["id"], "active"),
                                   ("contact.assigned", one, second["id"], first["id"], "active")]
        api.close(contact)
        api.patch(f"contacts/{one}", {"status": "active"}).must(200)
        api.close(waiting)
        api.patch(f"contacts/{other}", {"status": "active"}).must(200)
        assert seen(events, 4) == [("contact.closed", one, None, first["id"], "closed"),
                                   ("contact.assigned", one, None, first["id"], "active"),
                                   ("contact.closed", other, None, None, "closed"),
                                   ("contact.released", other, None, None, "waiting")]


@test
def a_message_says_when_and_of_whom(api):
    settle(api)
    _, source = api.desk()
    with stream(api) as events:
        contact = api.contact(source)
        created, assigned = events.take(2)
    assert created.data["at"] == assigned.data["at"] == contact["created_at"]
    assert (created.data["lead_id"], created.data["source_id"]) == (contact["lead_id"], source["id"])
    assert created.id and assigned.id and created.id != assigned.id


@test
def edits_and_loads_are_no_events(api):
    settle(api)
    _, source = api.desk()
    contact = api.contact(source)
    with stream(api) as events:

        def edit():
            api.patch(f"contacts/{contact['id']}", {"message": "new"}).must(200)
            api.close(contact)
            api.close(contact)

        assert [message.event for message in told_during(events, api, edit)] == ["contact.closed"]


@test
def operators_and_sources_tell_of_their_changes(api):
    settle(api)
    with stream(api) as events:
        operator, source = api.operator(), api.source()
        assert changed(events, 2) == [("operator.changed", operator["id"], False),
                                      ("source.changed", source["id"], False)]
        api.patch(f"operators/{operator['id']}", {"max_load_limit": 3}).must(200)
        api.patch(f"sources/{source['id']}", {"strategy": "least_loaded"}).must(200)
        weights = f"sources/{source['id']}/weights/"
        api.put(weights, {"weights": [{"operator_id": operator["id"], "weight": 2}]}).must(200)
        api.put(f"{weights}{operator['id']}", {"weight": 3}).must(200)
        assert changed(events, 4) == [("operator.changed", operator["id"], False),
                                      *[("source.changed", source["id"], False)] * 3]
        api.delete(f"operators/{operator['id']}").must(204)
        api.delete(f"sources/{source['id']}").must(204)
        assert set(changed(events, 3)) == {("operator.changed", operator["id"], True),
                                           ("source.changed", source["id"], False),
                                           ("source.changed", source["id"], True)}


@test
def a_source_is_told_once_however_many_of_its_weights_change(api):
    settle(api)
    operators = [api.operator() for _ in range(20)]
    source = api.source()
    with stream(api) as events:

        def replace():
            api.put(f"sources/{source['id']}/weights/",
                    {"weights": [{"operator_id": one["id"], "weight": 1} for one in operators]}).must(200)

        assert len(told_during(events, api, replace)) == 1


@test
def turns_of_smooth_weighted_are_no_change_of_the_source(api):
    settle(api)
    operators = [api.operator() for _ in range(2)]
    source = api.source([(one, 1) for one in operators], strategy="smooth_weighted")
    with stream(api) as events:

        def send():
            for _ in range(3):
                api.contact(source)

        assert {message.event for message in told_during(events, api, send)} == {"contact.created", "contact.assigned"}


@test
def backlogs_and_departures_tell_as_well(api):
    settle(api)
    leaver, source = api.desk(max_load_limit=1)
    first, second = api.contact(source), api.contact(source)
    heir = api.operator()
    with stream(api) as events:
        api.patch(f"sources/{source['id']}", {"backlog": "auto"}).must(200)
        api.close(first)
        told = events.take(2, but=["source.changed"])
        assert [(message.event, message.data["contact_id"]) for message in told] == [
            ("contact.closed", first["id"]), ("contact.assigned", second["id"])]
        api.put(f"sources/{source['id']}/weights/{heir['id']}", {"weight": 1})
        api.patch(f"operators/{leaver['id']}", {"is_active": False, "active_contacts": "redistribute"}).must(200)
        (moved,) = events.take(1, but=["source.changed", "operator.changed"])
        assert (moved.event, moved.data["contact_id"]) == ("contact.assigned", second["id"])
        assert (moved.data["previous_operator_id"], moved.data["operator_id"]) == (leaver["id"], heir["id"])
        api.patch(f"operators/{heir['id']}", {"is_active": False, "active_contacts": "release"}).must(200)
        (freed,) = events.take(1, but=["source.changed", "operator.changed"])
        assert (freed.event, freed.data["previous_operator_id"]) == ("contact.released", heir["id"])


@test
def psql_tells_as_well(api):
    settle(api)
    operator, source = api.desk()
    contact = api.contact(source)
    with stream(api) as events:
        api.psql.run(f"update contacts set status = 'closed' where id = {contact['id']}")
        assert seen(events, 1) == [("contact.closed", contact["id"], None, operator["id"], "closed")]
        api.psql.run(f"update contacts set status = 'waiting', operator_id = null where id = {contact['id']};"
                     f"update operators set name = 'renamed' where id = {operator['id']};"
                     f"update source_operator_weights set weight = 7 where source_id = {source['id']}")
        (freed, named, weighed) = events.take(3)
        assert (freed.event, named.event, weighed.event) == ("contact.released", "operator.changed", "source.changed")
        fill(api, source, 2)
        assert [message.event for message in events.take(4)] == ["contact.created", "contact.assigned"] * 2


@test
def what_happens_twice_in_a_transaction_is_told_twice(api):
    settle(api)
    _, source = api.desk()
    contact = api.contact(source)["id"]
    with stream(api) as events:
        api.psql.run(f"begin; update contacts set status = 'closed' where id = {contact};"
                     f"update contacts set status = 'active' where id = {contact};"
                     f"update contacts set status = 'closed' where id = {contact}; commit")
        messages = events.take(3)
    assert [message.event for message in messages] == ["contact.closed", "contact.assigned", "contact.closed"]
    assert len({message.id for message in messages}) == 3


@test
def what_is_undone_is_not_told(api):
    settle(api)
    _, source = api.desk()
    contact = api.contact(source)["id"]
    with stream(api) as events:

        def undo():
            api.psql.run(f"begin; update contacts set status = 'closed' where id = {contact}; rollback")

        assert not told_during(events, api, undo)


@test
def many_changes_in_one_statement_are_all_told_up_to_a_bound(api):
    settle(api)
    operator, source = api.desk(max_load_limit=100000)
    fill(api, source, 2000)
    with stream(api) as events:
        close = f"update contacts set status = 'closed' where source_id = {source['id']} and status = 'active'"
        api.psql.run(close)
        messages = events.take(2000)
        assert {message.event for message in messages} == {"contact.closed"}
        assert len({message.data["contact_id"] for message in messages}) == 2000
        fill(api, source, 2001)
        assert events.next().event == "reload"
        api.psql.run(close)
        assert events.next().event == "reload"
        api.patch(f"operators/{operator['id']}", {"max_load_limit": 1}).must(200)
        assert events.next().event == "operator.changed"


@test
def what_is_taken_away_in_psql_is_a_reload(api):
    settle(api)
    _, source = api.desk()
    gone, kept = api.contact(source), api.contact(source)
    api.close(kept)
    with stream(api) as events:

        def purge():
            api.psql.run(f"delete from contacts where id = {kept['id']}")

        assert not told_during(events, api, purge)
        api.psql.run(f"delete from contacts where id = {gone['id']}")
        assert events.next().event == "reload"
        api.psql.run("truncate source_operator_weights")
        assert events.next().event == "reload"


@test
def a_large_batch_is_told_in_pieces(api):
    settle(api)
    _, source = api.desk(max_load_limit=100000)
    with stream(api) as events:
        answer = api.post("contacts/batch", [draft(api, source) for _ in range(1000)]).must(200)
        ids = [row["contact"]["id"] for row in answer["items"]]
        messages = events.take(2000)
    assert sorted(message.data["contact_id"] for message in messages) == sorted(ids * 2)
    assert len({message.id for message in messages}) == 2000


@test
def filters_let_through_what_names_their_things(api):
    settle(api)
    (anna, hers), (boris, his) = api.desk(), api.desk()
    with stream(api, source_id=hers["id"]) as of_source, stream(api, operator_id=boris["id"]) as of_operator, \
            stream(api, source_id=his["id"], operator_id=anna["id"]) as of_both:
        one, other = api.contact(hers), api.contact(his)
        api.patch(f"operators/{boris['id']}", {"max_load_limit": 5}).must(200)
        api.patch(f"sources/{hers['id']}", {"sticky_seconds": 5}).must(200)
        api.post(f"contacts/{other['id']}/assign", {"operator_id": anna["id"]}).must(200)
        api.close(one)
        assert [message.event for message in of_source.take(4)] == [
            "contact.created", "contact.assigned", "source.changed", "contact.closed"]
        assert [message.event for message in of_operator.take(4)] == [
            "contact.created", "contact.assigned", "operator.changed", "contact.assigned"]
        assert [message.data["contact_id"] for message in of_both.take(1)] == [other["id"]]
        assert of_source.is_quiet() and of_operator.is_quiet(0) and of_both.is_quiet(0)
    api.get("events", operator_id="none").must(422)
    api.get("events", kind="x").must(422)


# -- several processes ----------------------------------------------------------------------------------------

@test
def all_processes_tell_the_same_in_the_same_order(api, twin):
    settle(api, twin)
    _, source = api.desk(max_load_limit=100000)
    last = 40

    def send(index):
        for _ in range(last // 4):
            contact = (api, twin)[index % 2].contact(source)
            (api, twin)[index // 2].close(contact)

    with stream(api, source_id=source["id"]) as here, stream(twin, source_id=source["id"]) as there:
        together(4, send)
        heard, elsewhere = here.take(3 * last), there.take(3 * last)
    assert [(message.id, message.event, message.data) for message in heard] == [
        (message.id, message.event, message.data) for message in elsewhere]
    for contact in {message.data["contact_id"] for message in heard}:
        assert [message.event for message in heard if message.data["contact_id"] == contact] == [
            "contact.created", "contact.assigned", "contact.closed"]


@test
def who_was_away_gets_what_was_missed_from_any_process(api, twin):
    settle(api, twin)
    _, source = api.desk(max_load_limit=1000)
    with stream(api) as events:
        contacts = [api.contact(source)["id"] for _ in range(3)]
        messages = events.take(6)
    contacts.append(twin.contact(source)["id"])
    for process in (api, twin):
        with stream(process, last_id=messages[2].id) as events:
            assert (events.first.event, events.first.id) == ("hello", messages[2].id)
            again = events.take(5)
            assert [message.id for message in again[:3]] == [message.id for message in messages[3:]]
            assert [message.data["contact_id"] for message in again] == [
                contacts[1], contacts[2], contacts[2], contacts[3], contacts[3]]
            assert events.is_quiet()


class Mirror:
    """Who holds which contact of a source, by its events alone; it changes its process now and then."""

    def __init__(self, processes, source):
        self.processes, self.source = itertools.cycle(processes), source
        self.contacts, self.opened, self.may_end = {}, 0, False

    def read(self, psql):
        rows = psql.run(f"select id, status, operator_id from contacts where source_id = {self.source['id']}")
        self.contacts = {int(id): (status, int(operator or 0)) for id, status, operator in rows}

    def follow(self, psql):
        """Until the source changes when all is done."""
        place = None
        while True:
            with contextlib.closing(Stream(next(self.processes), place, source_id=self.source["id"])) as events:
                self.opened += 1
                for _ in range(300):
                    message = events.next()
                    place = events.last_id
                    if message.event == "reload" or self.opened == 1 and message.event == "hello":
                        self.read(psql)
                    elif message.event == "source.changed" and self.may_end:
                        return
                    elif message.event.startswith("contact."):
                        state = message.data
                        self.contacts[state["contact_id"]] = (state["status"], state["operator_id"] or 0)


def work_at_random(api, source, operators, dice, end):
    """Contacts come, are handed on, given back, closed and reopened, through a process."""
    ids = []
    while time.monotonic() < end:
        ids.append(api.contact(source)["id"])
        contact = dice.choice(ids)
        api.post(f"contacts/{contact}/assign", dice.choice([{}, {"operator_id": dice.choice(operators)["id"]}]))
        api.patch(f"contacts/{contact}", {"status": dice.choice(["active", "closed"])})
        api.post(f"contacts/{dice.choice(ids)}/release")


def work_in_psql(psql, source, end):
    while time.monotonic() < end:
        psql.run(f"update contacts set status = 'closed' where id in (select id from contacts where status = 'active' "
                 f"and source_id = {source['id']} order by random() limit 20 for update skip locked)")


@test
def by_its_events_alone_a_client_knows_what_is_stored(api, twin):
    settle(api, twin)
    operators = [api.operator(max_load_limit=30) for _ in range(3)]
    source = api.source([(one, 1) for one in operators], backlog="auto")
    mirrors = [Mirror(processes, source) for processes in ((api, twin), (twin, api), (api,))]
    stored, end = Mirror((), source), time.monotonic() + 4

    def work(index):
        if index == 4:
            work_in_psql(api.psql, source, end)
        else:
            work_at_random((api, twin)[index % 2], source, operators, random.Random(index), end)

    def is_at_rest():
        before = stored.contacts
        stored.read(api.psql)
        return before == stored.contacts

    with meanwhile(together, len(mirrors), lambda index: mirrors[index].follow(api.psql)) as following:
        together(5, work)
        api.patch(f"sources/{source['id']}", {"backlog": "manual"}).must(200)
        poll(is_at_rest, "what waits is handed out")
        for mirror in mirrors:
            mirror.may_end = True
        for seconds in itertools.count(1):
            api.patch(f"sources/{source['id']}", {"sticky_seconds": seconds}).must(200)
            if following.done():
                break
    assert len(stored.contacts) > 50
    for mirror in mirrors:
        assert mirror.opened > 1 and mirror.contacts == stored.contacts, mirror.opened


@test
def the_first_message_is_a_place_to_go_on_from(api, twin):
    settle(api, twin)
    _, source = api.desk()
    with stream(api) as events:
        place = events.last_id
    contact = api.contact(source)
    with stream(twin, last_id=place, operator_id=contact["operator_id"]) as events:
        assert [message.data["contact_id"] for message in events.take(2)] == [contact["id"]] * 2


@test
def an_unknown_place_is_a_reload(api):
    settle(api)
    for place in ("1-2-3", "nonsense", "9" * 40, "1795991127841216-747-99999999999"):
        with stream(api, last_id=place) as events:
            assert events.first.event == "reload"
            with stream(api, last_id=events.last_id) as other:
                assert other.first.event == "hello"


@test
def a_lost_connection_is_a_reload(lab):
    api = lab.serve(lab.new_database("events_lost"))
    settle(api)
    with stream(api) as events:
        place = events.last_id
        api.psql.run("select pg_terminate_backend(pid) from pg_stat_activity "
                     "where datname = current_database() and application_name like '%-listen'")
        assert events.next().event == "reload"
        _, source = api.desk()
        contact = api.contact(source)
        assert events.take(1, but=["operator.changed", "source.changed"])[0].data["contact_id"] == contact["id"]
    with stream(api, last_id=place) as events:
        assert events.first.event == "reload"


@test
def without_a_database_there_is_no_stream(lab):
    api = lab.serve(lab.new_database("events_away"))
    with stream(api) as events:
        lab.postgres.stop()
        try:
            poll(lambda: api.get("events").status == 503, "a stream is refused")
            assert api.head("events").status == 503
        finally:
            lab.postgres.start()
        assert events.next(20).event == "reload"
    poll(api.is_ready, "it is ready again", 20)
    with stream(api) as events:
        assert events.first.event in ("hello", "reload")


@test
def nobody_tells_while_nobody_listens(lab):
    api = lab.serve(lab.new_database("events_unheard"))
    operator, source = api.desk()
    poll(lambda: metric(api, "leadd_events_told") == 0, "nobody asked", 12)
    with api.psql.session() as session:
        session.run("listen leadd_events")

        def work():
            contact = api.contact(source)
            api.post(f"contacts/{contact['id']}/assign", {}).must(200)
            api.post(f"contacts/{contact['id']}/release").must(200)
            api.post(f"contacts/{contact['id']}/assign", {"operator_id": operator["id"]}).must(200)
            api.close(contact)

        work()
        assert not session.run("select 1")[1:]
        with stream(api):
            assert metric(api, "leadd_events_told") == 1
            work()
        poll(lambda: any('"leadd_events"' in line for line in session.run("select 1")), "now it is told")


@test
def a_new_process_tells_from_the_start(api, lab):
    settle(api)
    with stream(api) as events:
        other = lab.serve()
        contact = other.contact(other.desk()[1])
        messages = events.until(lambda message: message.event == "contact.assigned")
        assert messages[-1].data["contact_id"] == contact["id"]
        poll(lambda: metric(other, "leadd_events_told") == 1)
        contact = other.contact(other.desk()[1])
        messages = events.until(lambda message: message.event == "contact.assigned")
        assert messages[-1].data["contact_id"] == contact["id"]


# -- streams as connections -----------------------------------------------------------------------------------

@test
def its_headers_keep_proxies_from_gathering(api):
    with stream(api) as events:
        assert events.headers["content-type"] == "text/event-stream"
        assert events.headers["cache-control"] == "no-cache"
        assert events.headers["x-accel-buffering"] == "no"
        assert events.headers["x-request-id"] and events.first.retry == "2000"
    with stream(api, path="events/") as events:
        assert events.first.event == "hello"
    head = api.head("events")
    assert head.status == 200 and head.media_type == "text/event-stream" and "content-length" not in head.headers


@test
def a_stream_is_no_request_that_lasts(api):
    before = metric(api, "leadd_http_requests_live")
    labels = {"route": "/api/v1/events", "method": "GET"}
    count = metric(api, "leadd_http_request_seconds_count", **labels)
    with contextlib.closing(Stream(api)):
        assert metric(api, "leadd_http_requests_live") == before
        assert metric(api, "leadd_streams_open") == 1
        assert metric(api, "leadd_http_request_seconds_count", **labels) == count + 1
    poll(lambda: metric(api, "leadd_streams_open") == 0, "the client is gone")


@test
def who_hangs_up_is_forgotten(api):
    settle(api)
    _, source = api.desk(max_load_limit=1000)
    streams = [Stream(api) for _ in range(50)]
    assert metric(api, "leadd_streams_open") == 50
    api.contact(source)
    for number, one in enumerate(streams):
        if number % 2:
            one.plug.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER: a reset, where something is unread
        one.close()
        api.contact(source)
    poll(lambda: metric(api, "leadd_streams_open") == 0, "all are gone")
    assert metric(api, "leadd_http_buffered_bytes", direction="out") == 0


@test
def no_deadline_of_requests_cuts_it(lab):
    api = lab.serve(lab.new_database("events_patient"), REQUEST_DEADLINE_MS=100, IDLE_TIMEOUT_MS=100)
    settle(api)
    _, source = api.desk()
    with stream(api) as events:
        assert events.is_quiet(1)
        contact = api.contact(source)
        assert events.take(1)[0].data["contact_id"] == contact["id"]


@test
def a_comment_comes_now_and_then(api):
    settle(api)
    with stream(api) as events:
        poll(lambda: not events.is_quiet(0.1), "something comes", 20)
        mark = api.source()["id"]
        assert events.next().data["source_id"] == mark and events.comments == 1


@test
def what_a_client_says_behind_its_request_is_thrown_away(api):
    settle(api)
    with stream(api) as events:
        events.plug.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n" + b"\0 nonsense" * 20000)
        mark = api.source()["id"]
        assert events.next().data["source_id"] == mark
    with api.connect() as plug:
        plug.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert plug.recv(4096).startswith(b"HTTP/1.1 200")


@test
def old_clients_get_it_without_chunks(api):
    with api.connect() as plug:
        plug.sendall(b"GET /api/v1/events HTTP/1.0\r\n\r\n")
        text = b""
        while b"event: hello\ndata: {}\n\n" not in text:
            got = plug.recv(4096)
            assert got, text
            text += got
        assert b"chunked" not in text
        api.source()
        while b"event: source.changed" not in text:
            text += plug.recv(4096)


@test
def who_does_not_keep_up_is_told_so_and_harms_nobody(lab):
    api = lab.serve(lab.new_database("events_slow"))
    _, source = api.desk(max_load_limit=1000000)
    fill(api, source, 1)
    lagged = metric(api, "leadd_streams_lagged_total")
    with stream(api, small=True) as slow, stream(api) as quick:
        reading = threading.Event()

        def read():
            count = 0
            while not reading.is_set():
                count += len(quick.until(lambda message: message.event == "source.changed"))
            return count

        with meanwhile(read) as job:
            for _ in range(200):  # until the kernel's buffers and ours are full
                if metric(api, "leadd_streams_lagged_total") > lagged:
                    break
                api.psql.run(f"update contacts set status = 'closed' where source_id = {source['id']};"
                             f"update contacts set status = 'active' where source_id = {source['id']}")
                fill(api, source, 500)
                api.source()
            reading.set()
            api.source()
        assert job.result() > 1000
        assert metric(api, "leadd_streams_lagged_total") == lagged + 1
        assert metric(api, "leadd_streams_open") == 1
        messages = slow.until(lambda message: message.event == "lagged")
        assert len(messages) > 500 and slow.next() is None
        with stream(api, last_id=slow.last_id) as again:
            assert again.first.event in ("hello", "reload")
        mark = api.source()["id"]
        quick.until(lambda message: message.data.get("source_id") == mark)


@test
def there_are_so_many_and_no_more(lab):
    api = lab.serve(lab.new_database("events_full"), STREAMS_MAX=3)
    hears(api)
    streams = [Stream(api) for _ in range(3)]
    assert all(one.next().event == "hello" for one in streams)
    answer = api.get("events")
    assert answer.status == 503 and answer.headers["retry-after"]
    streams.pop().close()
    poll(lambda: metric(api, "leadd_streams_open") == 2, "one is gone")
    with stream(api) as events:
        assert events.first.event == "hello"
    for one in streams:
        one.close()


@test
def those_who_come_together_begin_together(lab):
    api = lab.serve(lab.new_database("events_rush"), STREAMS_MAX=30)
    hears(api)
    answers = together(40, lambda _: Stream(api))
    assert sorted(one.status for one in answers) == [200] * 30 + [503] * 10
    for one in answers:
        one.close()


@test
def stopping_ends_streams_at_once(lab):
    api = lab.serve(lab.new_database("events_stopping"))
    _, source = api.desk(max_load_limit=100000)
    with stream(api, source_id=source["id"]) as events, stream(api, small=True):
        fill(api, source, 2000)
        events.take(4000, but=["reload"])
        with Stopwatch() as watch:
            api.server.must_leave_cleanly()
        assert watch.seconds < 3
        assert events.next() is None
    lab.forget(api.server)


@test
def while_it_drains_no_stream_begins(lab):
    api = lab.serve(lab.new_database("events_draining"), DRAIN_SECONDS=2)
    with stream(api) as events:
        api.server.tell()
        while events.next():
            pass
        answer = api.get("events")
        assert answer.status == 503 and answer.headers["retry-after"]
    assert api.server.wait() == 0
    lab.forget(api.server)
