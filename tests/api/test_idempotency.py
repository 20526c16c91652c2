"""Idempotency-Key: a contact that is sent again is stored once, whoever is asked, whatever happened in between."""

import http.client
import itertools
import json
import signal
import threading

from harness import test
from waiting import meanwhile, poll, together

BIGGEST_ID = 2**63 - 1
OTHER_SESSIONS = "pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"


def draft_for(api, source, **members):
    return {"lead_external_id": api.unique("lead"), "source_id": source["id"], **members}


def post(api, draft, key):
    return api.post("contacts/", draft, {"Idempotency-Key": key})


def is_replayed(answer):
    assert answer.headers.get("idempotency-replayed", "true") == "true", str(answer)
    return "idempotency-replayed" in answer.headers


def stored(api, source):
    return api.psql.count(f"contacts where source_id = {source['id']}")


def hold(session, operator):
    session.run("begin")
    session.run(f"select active_load from operator_loads where operator_id = {operator['id']} for update")


def blocked(api):
    return api.psql.count("pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") > 0


def age_keys(api, hours):
    api.psql.run(f"update idempotency_keys set created_at = created_at - interval '{hours} hours'")


# -- the same again ---------------------------------------------------------------------------------


@test
def the_first_answer_is_given_again_byte_for_byte(api, twin):
    _, source = api.desk()
    draft = draft_for(api, source, message="Здравствуйте \"!\"", payload={"a": [1, 2.5, {"b": None}]},
                      lead={"name": "Ann", "email": None})
    key = api.unique("key")
    first = post(api, draft, key)

    again = [post(other, draft, key) for other in (twin, api, twin)]

    assert first.must(201) and not is_replayed(first)
    assert api.get(first.headers["location"]).must(200) == first.json
    for answer in again:
        assert answer.must(201) and is_replayed(answer)
        assert (answer.body, answer.headers["location"]) == (first.body, first.headers["location"])
    assert stored(api, source) == 1


@test
def what_happened_to_the_contact_since_does_not_show(api, twin):
    operator, source = api.desk(max_load_limit=1)
    draft, key = draft_for(api, source, lead={"name": "Ann"}), api.unique("key")
    first = post(api, draft, key)
    api.close(first.must(201))
    api.contact(source)
    api.patch(f"leads/{first.json['lead_id']}", {"name": "Bob"}).must(200)

    assert post(twin, draft, key).body == first.body

    assert api.get(f"leads/{first.json['lead_id']}").must(200)["name"] == "Bob"
    assert api.load(operator) == 1


@test
def a_contact_that_waits_is_answered_again_too(api, twin):
    source = api.source()
    draft, key = draft_for(api, source), api.unique("key")
    first = post(api, draft, key)
    assert first.must(201)["status"] == "waiting"
    assert post(twin, draft, key).body == first.body
    assert stored(api, source) == 1


@test
def many_at_once_make_one_contact(api, twin):
    operator, source = api.desk(max_load_limit=1000)
    for _ in range(10):
        draft, key = draft_for(api, source), api.unique("key")

        answers = together(16, lambda index: post((api, twin)[index % 2], draft, key))

        assert {answer.status for answer in answers} == {201}
        assert len({answer.body for answer in answers}) == 1
        assert sum(not is_replayed(answer) for answer in answers) == 1
    assert stored(api, source) == api.load(operator) == 10


@test
def a_restart_forgets_nothing(lab, api):
    _, source = api.desk()
    draft, key = draft_for(api, source), api.unique("key")
    short_lived = lab.serve()
    first = post(short_lived, draft, key)
    short_lived.server.must_leave_cleanly()
    lab.forget(short_lived.server)

    answer = post(lab.serve(), draft, key)

    assert (answer.body, is_replayed(answer)) == (first.body, True)
    assert stored(api, source) == 1


@test
def the_same_contact_written_otherwise_is_the_same(api, twin):
    _, source = api.desk()
    key = api.unique("key")
    first = post(api, b'{"lead_external_id":"one","source_id":%d,"message":"hi","payload":{"a":1}}' % source["id"], key)
    again = post(twin, b' {"payload" : {"a" : 1},\n "message": " h\\u0069 ", "source_id": %d, "lead_external_id": "one"}'
                 % source["id"], key)
    assert (first.status, again.body, is_replayed(again)) == (201, first.body, True)


# -- not the same -----------------------------------------------------------------------------------


@test
def another_contact_with_the_key_is_refused(api, twin):
    _, source = api.desk(max_load_limit=1000)
    draft = draft_for(api, source, message="hi", payload={"a": 1}, lead={"name": "Ann"})
    key = api.unique("key")
    first = post(api, draft, key)
    changes = ({"message": "ho"}, {"message": None}, {"payload": {"a": 2}}, {"payload": None}, {"payload": {}},
               {"source_id": api.source()["id"]}, {"lead_external_id": api.unique("lead")}, {"lead": {}},
               {"lead": {"name": None}}, {"lead": {"name": "Ann", "phone": None}}, {"lead": {"phone": "Ann"}})
    before = api.psql.count("contacts")

    for change in changes:
        for other in (api, twin):
            answer = post(other, {**draft, **change}, key)
            assert answer.fields == {"Idempotency-Key"} and answer.problem == "key-reused", str(answer)

    assert api.psql.count("contacts") == before
    assert api.get(f"leads/{first.json['lead_id']}").must(200)["name"] == "Ann"
    assert post(twin, draft, key).body == first.body
    assert api.get("/problems/key-reused").must(200)["status"] == 422


@test
def other_keys_and_none_make_contacts_of_their_own(api):
    _, source = api.desk(max_load_limit=1000)
    draft, key = draft_for(api, source), api.unique("Key")
    keys = (key, key.lower(), key + "!", "~", "!", "x" * 255, "x" * 254)

    contacts = [post(api, draft, one).must(201)["id"] for one in keys]
    contacts += [api.post("contacts/", draft).must(201)["id"] for _ in range(2)]

    assert len(set(contacts)) == stored(api, source) == len(keys) + 2


@test
def wrong_keys_are_refused(api):
    _, source = api.desk()
    for wrong in ("", "x" * 256, "a b", "a\tb", "\u00e9", "a\u00ff"):
        assert post(api, draft_for(api, source), wrong).fields == {"Idempotency-Key"}, repr(wrong)
    assert post(api, {"source_id": 0}, "a b").fields == {"Idempotency-Key", "source_id", "lead_external_id"}
    assert stored(api, source) == 0


@test
def what_was_refused_does_not_use_the_key_up(api, twin):
    source = api.source()
    draft, key = draft_for(api, source), api.unique("key")

    post(api, {**draft, "message": 5}, key).must(422)
    post(twin, {**draft, "source_id": BIGGEST_ID}, key).must(404)
    post(api, b"{", key).must(400)
    api.post("contacts/", b"x", {"Idempotency-Key": key, "Content-Type": "text/plain"}).must(415)
    first = post(twin, draft, key)

    assert first.must(201) and not is_replayed(first)
    assert post(api, draft, key).body == first.body


@test
def after_a_day_the_key_is_new_again(api, twin):
    _, source = api.desk(max_load_limit=1000)
    draft, key = draft_for(api, source), api.unique("key")
    first = post(api, draft, key)

    age_keys(api, 23)
    assert post(twin, draft, key).body == first.body
    age_keys(api, 2)
    second = post(twin, {**draft, "message": "another"}, key)

    assert second.must(201)["id"] != first.json["id"] and not is_replayed(second)
    assert post(api, {**draft, "message": "another"}, key).body == second.body
    assert stored(api, source) == 2


# -- when something goes wrong ----------------------------------------------------------------------


@test
def while_the_first_attempt_is_stuck_nobody_makes_a_second(api, twin):
    operator, source = api.desk()
    draft, key = draft_for(api, source), api.unique("key")
    with api.psql.session() as session:
        hold(session, operator)
        with meanwhile(post, api, draft, key) as first, meanwhile(post, twin, draft, key) as second:
            poll(lambda: blocked(api), "the contact waits for the lock")
        answers = [first.result(), second.result()]

    for answer in answers:
        assert answer.status == 503 and answer.problem == "unavailable", str(answer)
    assert stored(api, source) == 0
    done = post(twin, draft, key)
    assert done.must(201) and not is_replayed(done)
    assert post(api, draft, key).body == done.body
    assert stored(api, source) == api.load(operator) == 1


@test
def when_the_first_attempt_comes_free_all_get_its_answer(api, twin):
    operator, source = api.desk()
    draft, key = draft_for(api, source), api.unique("key")
    with api.psql.session() as session:
        hold(session, operator)
        with meanwhile(together, 6, lambda index: post((api, twin)[index % 2], draft, key)) as waiting:
            poll(lambda: blocked(api), "a contact waits for the lock")
            session.run("rollback")
        answers = waiting.result()

    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert stored(api, source) == api.load(operator) == 1


class Insistent:
    """Clients that send each contact, with a key of its own, again and again until it is acknowledged."""

    def __init__(self, apis, source):
        self.apis, self.source = apis, source
        self.over = threading.Event()
        self.acknowledged = {}  # key: its 201
        self.unknown = []  # answers that did not know whether it was stored

    def attempt(self, api, draft, key):
        try:
            answer = post(api, draft, key)
        except (OSError, http.client.HTTPException):
            return None
        assert answer.status in (201, 503), str(answer)
        if answer.status == 503 and answer.problem == "outcome-unknown":
            self.unknown.append(answer)
        return answer if answer.status == 201 else None

    def run(self, index):
        for number in itertools.count():
            if self.over.is_set():
                return
            key = f"{self.source['name']}-{index}-{number}"
            draft = {"lead_external_id": key, "source_id": self.source["id"], "message": key}
            apis = itertools.cycle(self.apis[index % len(self.apis):] + self.apis)
            self.acknowledged[key] = poll(lambda: self.attempt(next(apis), draft, key), f"{key} is taken", seconds=60)

    def comes_through(self, more=40):
        target = len(self.acknowledged) + more
        poll(lambda: len(self.acknowledged) >= target, f"{more} more contacts are acknowledged", seconds=60)

    def books_must_balance(self, api):
        rows = dict(api.psql.run(f"select message, string_agg(id::text, ' ') from contacts"
                                 f" where source_id = {self.source['id']} group by message"))
        assert rows == {key: str(answer.json["id"]) for key, answer in self.acknowledged.items()}
        for key, answer in itertools.islice(self.acknowledged.items(), 0, None, 10):
            again = post(api, answer.sent, key)
            assert (again.body, is_replayed(again)) == (answer.body, True)
        api.loads_must_match()


def shaken(api, apis, shake):
    _, source = api.desk(max_load_limit=1000000)
    load = Insistent(apis, source)
    with meanwhile(together, 8, load.run):
        try:
            load.comes_through()
            shake(load)
            load.comes_through()
        finally:
            load.over.set()
    load.books_must_balance(api)
    return load


@test
def connections_that_die_in_a_commit_lose_and_double_nothing(lab, api):
    """Nobody is told so either: the service itself finds out what became of a key."""

    def kill_them(load):
        in_transaction = f"{OTHER_SESSIONS} and xact_start is not null"
        for _ in range(20):
            poll(lambda: api.psql.run(f"select pg_terminate_backend(pid) from {in_transaction}"), "a transaction runs")
            load.comes_through(1)

    load = shaken(api, [lab.serve(QUEUE_WAIT_MS=10000) for _ in range(2)], kill_them)
    assert not load.unknown, str(load.unknown[0])


@test
def a_database_that_crashes_loses_and_doubles_nothing(lab, api, twin):
    def crash(load):
        for _ in range(2):
            lab.postgres.restart(signal.SIGQUIT)
            load.comes_through(10)

    shaken(api, [api, twin], crash)


@test
def a_replica_that_dies_loses_and_doubles_nothing(lab, api):
    mortal = lab.serve()

    def kill(load):
        mortal.server.kill()
        lab.forget(mortal.server)
        load.comes_through(10)

    shaken(api, [mortal, api], kill)


# -- one space of keys ------------------------------------------------------------------------------


@test
def rows_of_a_list_and_single_contacts_share_their_keys(api, twin):
    _, source = api.desk(max_load_limit=1000)
    drafts = [draft_for(api, source, message=str(index), payload={"n": index}) for index in range(4)]
    keys = [api.unique("key") for _ in drafts]
    rows = [{**draft, "idempotency_key": key} for draft, key in zip(drafts, keys)]

    singles = [post(api, draft, key) for draft, key in zip(drafts[:2], keys[:2])]
    items = twin.post("contacts/batch", rows).must(200)["items"]
    later = [post(api, draft, key) for draft, key in zip(drafts[2:], keys[2:])]

    assert [item["contact"] for item in items[:2]] == [json.loads(answer.body) for answer in singles]
    assert [item.get("replayed") for item in items] == [True, True, None, None]
    for answer, item in zip(later, items[2:]):
        assert is_replayed(answer) and answer.must(201) == item["contact"]
    assert post(api, drafts[0], keys[3]).problem == "key-reused"
    assert stored(api, source) == 4
