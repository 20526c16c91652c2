"""Stopping: what is in flight is finished, nothing new is begun."""

import signal

from harness import test
from postgres import Psql
from scrape import metric
from waiting import Stopwatch, meanwhile, poll, together
import server as leadd


def hold(session, operator):
    """Contacts of this operator's sources stay in flight until the session ends."""
    session.run("begin")
    session.run(f"select active_load from operator_loads where operator_id = {operator['id']} for update")


def in_flight(api):
    return api.psql.count("pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") > 0


def draft(api, source):
    return {"lead_external_id": api.unique("lead"), "source_id": source["id"]}


@test
def an_idle_server_stops_at_once(lab):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        server = lab.serve().server
        with Stopwatch() as watch:
            server.must_leave_cleanly(number)
        assert watch.seconds < 5
        lab.forget(server)


@test
def idle_connections_do_not_hold_it_up(lab):
    api = lab.serve()
    plugs = [api.connect() for _ in range(20)]
    api.get("/health/live").must(200)
    with Stopwatch() as watch:
        api.server.must_leave_cleanly()
    assert watch.seconds < 5
    lab.forget(api.server)
    for plug in plugs:
        plug.close()


@test
def half_a_request_holds_it_up_no_longer_than_its_deadline(lab):
    api = lab.serve(REQUEST_DEADLINE_MS=1000)
    with api.connect() as plug:
        plug.sendall(b"GET /health/live HTTP/1.1\r\nHo")
        api.get("/health/live").must(200)
        with Stopwatch() as watch:
            api.server.must_leave_cleanly()
    assert watch.seconds < 5
    lab.forget(api.server)


@test
def requests_in_flight_are_finished(lab):
    api = lab.serve()
    operator, source = api.desk(max_load_limit=100)
    with api.psql.session() as session:
        hold(session, operator)
        with meanwhile(together, 8, lambda _: api.post("contacts/", draft(api, source))) as posts:
            poll(lambda: metric(api, "leadd_intake_queued") == 8, "all contacts are in flight")
            api.server.tell(signal.SIGTERM)
            poll(lambda: not api.is_ready(), "it is not ready any more", seconds=3)
            session.run("rollback")
        contacts = [answer.must(201) for answer in posts.result()]
    assert api.server.wait() == 0
    assert {contact["operator_id"] for contact in contacts} == {operator["id"]}
    assert api.psql.count(f"contacts where source_id = {source['id']} and status = 'active'") == 8


@test
def it_is_not_ready_while_it_stops(lab):
    api = lab.serve()
    operator, source = api.desk()
    with api.psql.session() as session:
        hold(session, operator)
        with meanwhile(api.post, "contacts/", draft(api, source)):
            poll(lambda: in_flight(api), "the contact is in flight")
            api.server.tell(signal.SIGINT)
            poll(lambda: not api.is_ready(), "it is not ready any more", seconds=3)
            assert api.server.runs and not any(api.is_ready() for _ in range(20))
            session.run("rollback")
    assert api.server.wait() == 0


@test
def a_balancer_gets_time_to_notice(lab):
    """With DRAIN_SECONDS it goes on serving, while the readiness says no and each answer ends its connection."""
    api = lab.serve(DRAIN_SECONDS=2)
    _, source = api.desk()
    api.server.tell(signal.SIGTERM)
    poll(lambda: api.get("/health/ready").status == 503, "it is not ready any more", seconds=2)
    answer = api.post("contacts/", draft(api, source))
    assert answer.must(201) and answer.headers["connection"] == "close"
    assert api.get("/health/live").status == 200
    assert api.server.wait() == 0


@test
def a_second_signal_ends_at_once(lab):
    api = lab.serve()
    operator, source = api.desk()

    def ignored():
        try:
            api.post("contacts/", draft(api, source))
        except OSError:
            pass

    with api.psql.session() as session:
        hold(session, operator)
        with meanwhile(ignored):
            poll(lambda: in_flight(api), "the contact is in flight")
            api.server.tell(signal.SIGTERM)
            poll(lambda: not api.is_ready(), "it is not ready any more", seconds=3)
            with Stopwatch() as watch:
                api.server.tell(signal.SIGTERM)
                api.server.wait()
    assert watch.seconds < 2
    api.server.must_be_sane()
    lab.forget(api.server)


@test
def it_stops_while_it_waits_for_the_database(lab):
    lab.postgres.stop()
    try:
        server = lab.start()
        poll(lambda: server.log_text() or not server.runs, "it says that it waits")
        assert server.runs, server.log_text()
        with Stopwatch() as watch:
            server.tell(signal.SIGTERM)
            server.wait()
    finally:
        lab.postgres.start()
    assert watch.seconds < 5
    server.must_be_sane()
    lab.forget(server)


@test
def a_database_that_never_comes_ends_it(lab):
    lab.postgres.stop()
    try:
        server = lab.start(DATABASE_WAIT_SECONDS=1)
        assert server.wait() == 4, server.log_text()
    finally:
        lab.postgres.start()
    server.must_be_sane()
    lab.forget(server)


@test
def rolling_restarts_lose_nothing(lab):
    """The new process serves before the old one stops; clients of the old one finish."""
    old, new = lab.serve(), lab.serve()
    operator, source = old.desk(max_load_limit=10000)
    acknowledged = []

    def until_it_is_gone():
        while True:
            try:
                acknowledged.append(old.post("contacts/", draft(old, source)).must(201)["id"])
            except OSError:
                return

    with meanwhile(until_it_is_gone):
        poll(lambda: len(acknowledged) > 30, "contacts come in")
        old.server.must_leave_cleanly()
    lab.forget(old.server)
    acknowledged.append(new.contact(source)["id"])
    stored = {int(row[0]) for row in new.psql.run(f"select id from contacts where source_id = {source['id']}")}
    assert set(acknowledged) <= stored and len(acknowledged) == len(set(acknowledged))
    assert new.load(operator) == len(stored)


@test
def migrate_applies_the_schema_and_exits(lab):
    lab.postgres.create("fresh")
    psql = Psql(lab.postgres, "fresh")
    for _ in range(2):
        assert leadd.migrate(lab.postgres.url("fresh"), f"{lab.folder}/migrate.log") == 0
        assert psql.count("operators") == psql.count("contacts") == 0


@test
def serving_applies_the_schema_as_well(lab):
    """Also when several processes start on an empty database at once."""
    lab.postgres.create("empty")
    servers = [lab.start("empty") for _ in range(3)]
    for server in servers:
        api = lab.client(server, "empty")
        poll(api.is_ready, "it is ready")
        api.contact(api.desk()[1])
