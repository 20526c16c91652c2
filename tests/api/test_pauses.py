"""
The process had no processor for a while (a virtual machine that was moved, a host that is too full), or its log nobody
reads: what arrived meanwhile counts, and nothing that failed once stands in the way of others.
"""

import re
import signal
import socket
import subprocess
import time

import server as leadd
from harness import test
from waiting import meanwhile, poll

REQUEST = b"GET /health/live HTTP/1.1\r\nHost: here\r\n\r\n"


def connect(api):
    return socket.create_connection(("127.0.0.1", api.server.port()), timeout=10)


def status_of(connection):
    return int(connection.recv(4096).split()[1])


class Pause:
    """The server stands still for the block."""

    def __init__(self, api):
        self.api = api

    def __enter__(self):
        self.api.server.tell(signal.SIGSTOP)

    def __exit__(self, *_):
        self.api.server.tell(signal.SIGCONT)


@test
def a_commit_that_came_during_a_pause_is_told(lab):
    """Behind more clients than one turn serves, and after all time limits: 201, not "nobody knows"."""
    api = lab.serve(lab.new_database("pause_commit"), STATEMENT_TIMEOUT_MS=1000, QUEUE_WAIT_MS=1000)
    _, source = api.desk(max_load_limit=1000)
    api.contact(source)
    api.psql.run("""create function slow() returns trigger language plpgsql as $$
        begin perform pg_sleep(0.6); return new; end $$;
        create trigger slow before insert on contacts for each row execute function slow()""")
    others = [connect(api) for _ in range(40)]
    with meanwhile(api.post, "contacts/", {"lead_external_id": "x", "source_id": source["id"]}) as answer:
        poll(lambda: api.psql.count("pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'"),
             "the contact is being stored")
        with Pause(api):
            for other in others:
                other.sendall(REQUEST)
            poll(lambda: api.psql.count("contacts") == 2, "the contact is stored")
            time.sleep(3.5)
    answer.result().must(201)
    assert "db.lost" not in api.server.log_text()


@test
def what_clients_sent_during_a_pause_is_served(lab):
    api = lab.serve(REQUEST_DEADLINE_MS=1000, IDLE_TIMEOUT_MS=1000)
    idle, half = ([connect(api) for _ in range(40)] for _ in "12")
    for connection in half:
        connection.sendall(REQUEST[:30])
    api.get("/health/live").must(200)
    with Pause(api):
        for connection in idle:
            connection.sendall(REQUEST)
        for connection in half:
            connection.sendall(REQUEST[30:])
        time.sleep(2)
    assert {status_of(connection) for connection in idle + half} == {200}


@test
def a_log_that_nobody_reads_stops_nobody(lab):
    environment = {**leadd.clean_environment(), "DATABASE_URL": lab.postgres.url(lab.database), "HOST": "127.0.0.1",
                   "PORT": "0", "AUTH": "open", "LOG_LEVEL": "debug"}
    with subprocess.Popen([leadd.binary()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd="/",
                          text=True) as process:
        try:
            port = int(re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())[1])
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                for _ in range(1500):  # a pipe holds some 500 lines
                    connection.sendall(REQUEST)
                    assert status_of(connection) == 200
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=20)
            assert process.returncode == 0
            assert not leadd.SANITIZER.search(log), log[-3000:]
            assert log.count("\n") < 1500
        finally:
            process.kill()


@test
def simulations_that_failed_leave_their_places(lab):
    api = lab.serve(lab.new_database("failed_simulations"), STATEMENT_TIMEOUT_MS=200)
    _, source = api.desk()
    with api.psql.session() as session:
        session.run("begin")
        session.run("lock table operators in access exclusive mode")
        for _ in range(17):
            assert api.post(f"sources/{source['id']}/simulate", {"contacts": 10}).problem == "unavailable"
        session.run("rollback")
    api.post(f"sources/{source['id']}/simulate", {"contacts": 10}).must(200)


@test
def the_first_contact_that_fails_holds_up_nobody(lab):
    """Its id was taken in psql: it gets the next one at once, though nothing had failed before."""
    api = lab.serve(lab.new_database("first_failure"))
    _, source = api.desk(max_load_limit=1000)
    contact = api.contact(source)
    api.psql.run(f"""insert into contacts (id, lead_id, source_id, waiting_reason)
        values ({contact['id'] + 1}, {contact['lead_id']}, {source['id']}, 'full')""")
    started = time.monotonic()
    assert api.contact(source)["id"] == contact["id"] + 2
    assert time.monotonic() - started < 2
