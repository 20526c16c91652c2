"""The database goes away and comes back: nobody is lied to, nothing acknowledged is lost, nobody restarts leadd."""

import signal
import threading

from harness import test
from storm import storm
from waiting import meanwhile, poll

CLIENTS = 12


class Load:
    """Contacts that keep coming while something happens to the database; then the books are compared."""

    def __init__(self, apis, source):
        self.apis, self.source = apis, source
        self.mark = apis[0].unique("load")
        self.over = threading.Event()
        self.answers = []

    def run(self):
        def requests():
            number = 0
            while not self.over.is_set():
                number += 1
                yield "POST", "contacts/", {"lead_external_id": f"{self.mark}-{number}", "source_id": self.source["id"],
                                            "message": f"{self.mark}-{number}"}

        storm(self.apis, requests(), CLIENTS, self.answers.append)

    def count(self, status):
        return sum(answer.status == status for answer in list(self.answers))

    def comes_through(self, more=50):
        """Waits until so many more contacts were acknowledged."""
        target = self.count(201) + more
        poll(lambda: self.count(201) >= target, f"{more} more contacts are acknowledged", seconds=30)

    def books_must_balance(self):
        """Acknowledged: stored once. Unavailable: not stored. Outcome unknown: at most once."""
        api = self.apis[0]
        stored = {}
        for number, message in api.psql.run(f"select id, message from contacts where source_id = {self.source['id']}"):
            stored.setdefault(message, []).append(int(number))
        for answer in self.answers:
            ids = stored.pop(answer.sent["message"], [])
            if answer.status == 201:
                assert ids == [answer.json["id"]], str(answer)
            else:
                assert answer.status == 503 and answer.problem in ("unavailable", "outcome-unknown"), str(answer)
                assert len(ids) <= (answer.problem == "outcome-unknown"), (ids, str(answer))
        assert not stored, f"stored, but never asked for: {list(stored)[:5]}"
        api.loads_must_match()


def shaken(apis, shake):
    """Load while shake() is done to the database; the load that has been there."""
    _, source = apis[0].desk(max_load_limit=1000000)
    load = Load(apis, source)
    with meanwhile(load.run):
        try:
            load.comes_through()
            shake()
            load.comes_through()
        finally:
            load.over.set()
    load.books_must_balance()
    for api in apis:
        poll(api.is_ready, "it is ready again")
    return load


@test
def a_restart_of_the_database_is_survived(lab, api, twin):
    shaken([api, twin], lab.postgres.restart)


@test
def a_crash_of_the_database_is_survived(lab, api, twin):
    shaken([api, twin], lambda: lab.postgres.restart(signal.SIGQUIT))


OTHER_SESSIONS = "pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"


@test
def killed_backends_are_replaced(api):
    def kill_them():
        for _ in range(8):
            api.psql.run(f"select pg_terminate_backend(pid) from {OTHER_SESSIONS}")
            poll(lambda: api.psql.count(OTHER_SESSIONS), "it connects again")

    shaken([api], kill_them)


@test
def backends_killed_in_their_transaction_are_replaced(api):
    def kill_them():
        for _ in range(8):
            in_transaction = f"{OTHER_SESSIONS} and xact_start is not null"
            poll(lambda: api.psql.run(f"select pg_terminate_backend(pid) from {in_transaction}"), "a transaction runs")

    shaken([api], kill_them)


@test
def without_a_database_everybody_is_told_to_come_back(lab, api):
    operator, source = api.desk()
    lab.postgres.stop()
    try:
        poll(lambda: api.get("/health/ready").status == 503, "it is not ready")
        assert api.get("/health/live").status == 200
        asked = [api.post("contacts/", {"lead_external_id": "x", "source_id": source["id"]}), api.get("operators/"),
                 api.get(f"operators/{operator['id']}"), api.post("operators/", {"name": "x"}), api.get("leads/"),
                 api.patch(f"operators/{operator['id']}", {"name": "x"}), api.get("distribution/load/")]
        for answer in asked:
            assert answer.status == 503 and answer.problem == "unavailable", str(answer)
        assert api.post("operators/", {}).fields == {"name"}
        for path in ("/openapi.json", "/problems/unavailable", "/docs"):
            assert api.get(path).status == 200, path
    finally:
        lab.postgres.start()
    poll(api.is_ready, "it is ready again", seconds=15)
    assert api.contact(source)["operator_id"] == operator["id"]
    assert api.psql.count(f"contacts where source_id = {source['id']}") == 1


@test
def it_may_start_before_the_database(lab):
    database = lab.new_database("late")
    lab.postgres.stop()
    try:
        server = lab.start(database)
        poll(lambda: server.log_text() or not server.runs, "it says that it waits")
        assert server.runs, server.log_text()
    finally:
        lab.postgres.start()
    api = lab.client(server, database)
    poll(api.is_ready, "it is ready")
    api.operator()


@test
def a_database_made_later_is_found(lab):
    server = lab.start("made_later")
    poll(lambda: server.log_text() or not server.runs, "it says that it waits")
    lab.new_database("made_later")
    poll(lab.client(server, "made_later").is_ready, "it is ready")


@test
def a_database_that_is_never_made_ends_it(lab):
    server = lab.start("never_made", DATABASE_WAIT_SECONDS=1)
    assert server.wait() == 4, server.log_text()
    server.must_be_sane()
    lab.forget(server)


FULL_DISK = """
create sequence tries;
create function is_full() returns trigger language plpgsql security definer as $$
begin
	perform nextval('tries');
	raise exception 'no room' using errcode = 'disk_full';
end $$;
create trigger is_full before insert on contacts for each statement execute function is_full();
"""


@test
def a_full_disk_is_not_asked_all_the_time(api):
    _, source = api.desk()
    api.psql.run(FULL_DISK)
    answer = api.post("contacts/", {"lead_external_id": "x", "source_id": source["id"]})
    assert answer.status == 503 and answer.problem == "unavailable", str(answer)
    tries = int(api.psql.value("select last_value from tries"))
    assert 2 <= tries <= 60, tries
    api.psql.run("drop function is_full() cascade")
    api.contact(source)
