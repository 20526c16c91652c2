#!/usr/bin/env python3
"""deploy/ at work: roles and passwords, replicas behind HAProxy, and what happens when they come and go under load."""

import concurrent.futures
import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time
import traceback

import world
from world import Balancer, Database, Folder, Names, Process, Replica

sys.path.insert(0, os.path.join(world.ROOT, "tests", "api"))
from postgres import binaries  # noqa: E402
from waiting import poll  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "10"))
WORKERS = 6
PAUSE = 0.01
HELD = 32
TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Stage:
    """What the tests share; each leaves two replicas behind the balancer, which it knows."""

    def __init__(self, folder):
        self.folder = folder
        self.database = Database(folder, binaries())
        self.processes = [self.database.server]
        poll(self.database.is_ready, "PostgreSQL is ready", 30)
        self.database.initialize()
        self.port = world.free_port()
        self.names = Names("service")
        self.replicas = []
        self.key = None
        self.balancer = None

    def start(self, address):
        replica = Replica(self.folder, self.database, address, self.port)
        self.processes.append(replica)
        poll(replica.is_ready, f"the replica on {address} is ready", 30)
        return replica

    def add(self, address):
        self.replicas.append(self.start(address))
        if not self.key:
            self.key = world.make_key(self.replicas[0].settings, "admin", "me")
        self.names.addresses = [replica.address for replica in self.replicas]

    def balance(self):
        self.balancer = Balancer(self.folder, self.names, self.port)
        self.processes.append(self.balancer)
        poll(lambda: self.status("/health/ready") == 200, "the balancer has found a replica", 15)

    def client(self):
        return Client(self.balancer.port, self.key)

    def status(self, path):
        try:
            return self.client().ask("GET", path)[0]
        except (OSError, http.client.HTTPException):
            return 0

    def post(self, path, body):
        status, answer = self.client().ask("POST", "/api/v1/" + path, body)
        assert status == 201, answer
        return json.loads(answer)

    def served(self, since=0):
        """The replicas that the balancer's log names, as it calls them."""
        return set(re.findall(r" replicas/(replica\d+) ", self.balancer.text()[since:]))

    def both_serve(self):
        start = len(self.balancer.text())

        def both():
            assert self.status("/api/v1/sources/") == 200
            return len(self.served(start)) == 2

        poll(both, "both replicas serve", 15)

    def close(self):
        for process in reversed(self.processes):
            process.kill()


class Client:
    def __init__(self, port, key=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.headers = {"X-API-Key": key} if key else {}

    def ask(self, method, path, body=None, headers=None):
        headers = dict(self.headers if headers is None else headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()


class Load:
    """Clients on connections that they keep, one contact or one look after the other; what failed."""

    def __init__(self, stage, source=None):
        self.stage = stage
        self.source = source
        self.good = self.stored = 0
        self.failed = []
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work, args=(number,)) for number in range(WORKERS)]

    def _work(self, worker):
        client = self.stage.client()
        number = 0
        while not self._end.wait(PAUSE):
            number += 1
            is_contact = self.source and number % 2
            expected = 201 if is_contact else 200
            try:
                if is_contact:
                    status, answer = client.ask("POST", "/api/v1/contacts/", {
                        "lead_external_id": f"lead-{id(self)}-{worker}-{number}", "source_id": self.source["id"]})
                else:
                    status, answer = client.ask("GET", "/api/v1/sources/")
            except (OSError, http.client.HTTPException) as error:
                status, answer = 0, repr(error)
                client = self.stage.client()
            with self._lock:
                if status == expected:
                    self.good += 1
                    self.stored += bool(is_contact)
                else:
                    self.failed.append((status, answer))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception):
        self._end.set()
        for thread in self._threads:
            thread.join()


@test
def the_configuration_is_valid_without_a_warning(_stage):
    done = subprocess.run([world.haproxy(), "-c", "-f", Balancer.CONFIGURATION], capture_output=True, text=True,
                          env=world.environment(), check=False)
    assert done.returncode == 0 and not re.search("warning|alert", done.stderr, re.IGNORECASE), done.stderr


@test
def the_server_takes_its_settings_from_the_file(stage):
    faults = stage.database.ask("select * from pg_file_settings where (error is not null or not applied) "
                                "and name <> 'listen_addresses'")
    assert not faults, faults
    assert stage.database.ask("show client_connection_check_interval") == "2s"


@test
def the_owner_is_no_superuser_and_needs_the_password(stage):
    assert stage.database.ask("select rolname, rolsuper from pg_authid where rolpassword is not null") == "leadd|f"
    log = os.path.join(stage.folder, "migrate.log")
    url = f"postgresql://leadd@127.0.0.1:{stage.database.port}/leadd"
    wrong = os.path.join(stage.folder, "wrong")
    with open(wrong, "w", encoding="utf-8") as file:
        file.write("wrong\n")
    for settings, code in (({}, 4), ({"DATABASE_PASSWORD_FILE": wrong}, 4),
                           ({"DATABASE_PASSWORD_FILE": os.path.join(stage.folder, "absent")}, 3)):
        process = Process(log, [world.program(), "migrate"], {"DATABASE_URL": url, **settings})
        assert process.process.wait(60) == code, (settings, process.text())
    assert world.PASSWORD not in process.text() and "wrong\n" not in process.text()


@test
def two_replicas_share_the_work(stage):
    for address in ("127.0.0.2", "127.0.0.3"):
        stage.add(address)
    stage.balance()
    stage.both_serve()


@test
def metrics_are_asked_of_the_replicas(stage):
    for path in ("/metrics", "/metrics/", "/metrics?name=leadd_ready", "/%6detrics", "/metric%73/"):
        status, answer = stage.client().ask("GET", path)
        assert (status, json.loads(answer)["status"]) == (403, 403), path
    for replica in stage.replicas:
        connection = http.client.HTTPConnection(replica.address, stage.port, timeout=30)
        connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {stage.key}"})
        assert b"leadd_ready 1" in connection.getresponse().read()


@test
def a_key_comes_through_in_either_header(stage):
    for headers, expected in (({}, 401), ({"X-API-Key": stage.key[:-1]}, 401), ({"X-API-Key": stage.key}, 200),
                              ({"Authorization": f"Bearer {stage.key}"}, 200)):
        status, answer = stage.client().ask("GET", "/api/v1/keys/current", headers=headers)
        assert status == expected, (headers, answer)
    assert json.loads(answer)["role"] == "admin", answer
    assert stage.key not in stage.balancer.text(), "a key is in the balancer's log"


@test
def without_replicas_it_answers_as_the_service_would(stage):
    balancer = Balancer(stage.folder, Names("nobody"), stage.port, "nobody")
    stage.processes.append(balancer)

    def answered():
        try:
            client = Client(balancer.port)
            client.connection.request("GET", "/api/v1/sources/")
            return client.connection.getresponse()
        except OSError:
            return None

    answer = poll(answered, "the balancer answers", 10)
    assert (answer.status, answer.getheader("Content-Type"), answer.getheader("Retry-After")) == \
        (503, "application/problem+json", "1")
    assert json.loads(answer.read())["type"] == "/problems/unavailable"


@test
def replacing_the_replicas_one_by_one_under_load_loses_nothing(stage):
    operator = stage.post("operators/", {"name": "Ann", "max_load_limit": 1000000})
    source = stage.post("sources/", {"name": "site", "weights": [{"operator_id": operator["id"], "weight": 1}]})
    started = time.monotonic()
    with Load(stage, source) as load:
        for _ in range(ROUNDS):
            for place, replica in enumerate(stage.replicas):
                code = replica.stop()
                assert code == 0, f"left with {code}: {replica.text()[-2000:]}"
                stage.replicas[place] = stage.start(replica.address)
    print(f"   {ROUNDS} rounds in {time.monotonic() - started:.0f} s: {load.good} requests, {len(load.failed)} failed")
    assert not load.failed, load.failed[:5]
    assert load.good > ROUNDS * 100
    counted = int(stage.database.ask(f"select count(*) from contacts where source_id = {source['id']}"))
    assert counted == load.stored, (counted, load.stored)


@test
def further_replicas_get_their_share_by_themselves(stage):
    with Load(stage) as load:
        for address in ("127.0.0.4", "127.0.0.5"):
            stage.add(address)
        start = len(stage.balancer.text())
        poll(lambda: len(stage.served(start)) == 4, "four replicas serve", 20)
        for replica in stage.replicas[2:]:
            assert replica.stop() == 0
        del stage.replicas[2:]
        stage.names.addresses = [replica.address for replica in stage.replicas]
    assert not load.failed, load.failed[:5]


@test
def a_killed_replica_costs_readers_nothing(stage):
    with Load(stage) as load:
        poll(lambda: load.good > 200, "requests are served")
        stage.replicas[0].kill()
        good = load.good
        poll(lambda: load.good > good + 200, "requests are served")
    print(f"   {load.good} requests, {len(load.failed)} failed")
    assert not load.failed, load.failed[:5]
    stage.replicas[0] = stage.start(stage.replicas[0].address)


@test
def what_a_killed_replica_held_is_done_once_by_another_where_that_is_safe(stage):
    operator = stage.post("operators/", {"name": "Eve", "max_load_limit": 1000})
    source = stage.post("sources/", {"name": "held", "weights": [{"operator_id": operator["id"], "weight": 1}]})
    stage.both_serve()
    of_source = f"from contacts where source_id = {source['id']}"

    def send(number):
        """Headers and body one after the other, as many clients do."""
        connection = stage.client().connection
        body = json.dumps({"lead_external_id": f"held-{number}", "source_id": source["id"]}).encode()
        connection.putrequest("POST", "/api/v1/contacts/")
        connection.putheader("X-API-Key", stage.key)
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        if number % 2:
            connection.putheader("Idempotency-Key", f"held-{number}")
        connection.endheaders()
        time.sleep(PAUSE)
        connection.send(body)
        return connection.getresponse().status

    with stage.database.session() as session, concurrent.futures.ThreadPoolExecutor(HELD) as crowd:
        session.run(f"begin; select from operator_loads where operator_id = {operator['id']} for update;")
        answers = [crowd.submit(send, number) for number in range(HELD)]
        poll(lambda: all("intake.parked" in replica.text() for replica in stage.replicas), "both wait for the lock", 3)
        stage.replicas[0].kill()
        session.run("rollback;")
        answers = [answer.result() for answer in answers]
    print(f"   with a key {answers[1::2]}, without {answers[::2]}")
    assert set(answers[1::2]) == {201} and set(answers[::2]) == {201, 502}, answers
    assert int(stage.database.ask(f"select count(*) {of_source}")) == answers.count(201)
    stage.replicas[0] = stage.start(stage.replicas[0].address)


class Stream:
    """Events through the balancer, of one source."""

    def __init__(self, stage, source, last_id=None):
        self.connection = Client(stage.balancer.port).connection
        self.connection.request("GET", f"/api/v1/events?source_id={source['id']}",
                                headers={"X-API-Key": stage.key, **({"Last-Event-ID": last_id} if last_id else {})})
        self.answer = self.connection.getresponse()
        self.last_id = None
        if self.answer.status == 200:
            self.first = self.until("hello", "reload")

    def until(self, *names):
        """The next event that is called like that."""
        name = None
        for line in self.answer:
            key, _, value = line.decode().rstrip("\n").partition(": ")
            if key == "event":
                name = value
            elif key == "id":
                self.last_id = value
            elif not key and name in names:
                return name
        raise EOFError


@test
def events_are_passed_on_at_once(stage):
    source = stage.post("sources/", {"name": "streamed"})
    stream = Stream(stage, source)
    delays = []
    for number in range(8):
        stage.post("contacts/", {"lead_external_id": f"streamed-{number}", "source_id": source["id"]})
        answered = time.monotonic()
        stream.until("contact.created")
        delays.append(time.monotonic() - answered)
    print(f"   {len(delays)} events, the latest {max(delays) * 1000:.0f} ms behind its contact's answer")
    assert max(delays) < 0.4, delays


@test
def a_stream_goes_on_at_the_other_replica_when_its_own_stops(stage):
    source = stage.post("sources/", {"name": "handed on"})
    stream = Stream(stage, source)
    for place, replica in enumerate(stage.replicas):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            stopping = pool.submit(replica.stop)
            number = 0

            def opened():
                again = Stream(stage, source, stream.last_id)
                return again if again.answer.status == 200 else None

            while not stopping.done():
                number += 1
                stage.post("contacts/", {"lead_external_id": f"on-{place}-{number}", "source_id": source["id"]})
                try:
                    stream.until("contact.created", "reload")
                except EOFError:
                    stream = poll(opened, "a stream opens", 15)
                    if stream.first == "hello":
                        stream.until("contact.created", "reload")
            assert stopping.result() == 0
        stage.replicas[place] = stage.start(replica.address)
    print(f"   the last stream began with {stream.first}")


def main():
    failed = 0
    with Folder() as folder:
        stage = Stage(folder)
        try:
            for function in TESTS:
                try:
                    function(stage)
                    print("ok", function.__name__.replace("_", " "), flush=True)
                except Exception:  # pylint: disable=broad-except
                    failed += 1
                    print("FAILED", function.__name__.replace("_", " "))
                    traceback.print_exc(file=sys.stdout)
                    if not stage.balancer and stage.replicas:
                        break
        finally:
            stage.close()
    print(f"{len(TESTS) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
