"""Keys and roles: with AUTH=keys each request needs a key, and a key opens what its role is for."""

import contextlib
import hashlib
import re
import subprocess

import server as leadd
from harness import test
from histories import steps_of
from keyholders import as_admin, bearer, make_key
from postgres import clean_environment
from streams import Stream, hears
from test_http_abuse import answers_in, read_all
from waiting import Stopwatch, meanwhile, poll, together

SETTINGS = {"AUTH": "keys"}
KEY = re.compile(r"leadd_[0-9a-f]{64}")
LISTENERS = "pg_stat_activity where datname = current_database() and application_name = 'leadd-listen'"
OPEN = {"/health/live", "/health/ready", "/openapi.json", "/docs", "/redoc", "/problems/", "/problems/unauthorized", "/"}
INGEST = {"POST /api/v1/contacts/", "POST /api/v1/contacts/batch", "GET /api/v1/keys/current"}
OPERATOR = {"GET /api/v1/contacts/", "GET /api/v1/contacts/{contact_id}", "PATCH /api/v1/contacts/{contact_id}",
            "GET /api/v1/leads/{lead_id}", "GET /api/v1/operators/{operator_id}", "GET /api/v1/sources/{source_id}",
            "GET /api/v1/events", "GET /api/v1/keys/current"}
ADMIN_ONLY = {"POST /api/v1/keys/", "GET /api/v1/keys/", "GET /api/v1/keys/{key_id}", "DELETE /api/v1/keys/{key_id}"}
NOBODYS_KEY = "leadd_" + 64 * "0"


def operations(api):
    """(method, path as documented, operation) of all that need a key."""
    for path, item in api.contract.document["paths"].items():
        for method in {"get", "post", "put", "patch", "delete"} & set(item):
            if "security" in item[method]:
                yield method.upper(), path, item[method]


def attempt(client, method, path, operation):
    """On things that are not there; of what never ends the head."""
    if path == "/api/v1/events":
        method = "HEAD"
    return client.request(method, re.sub(r"\{\w+\}", "999999999", path), {} if "requestBody" in operation else None)


@test
def without_a_key_nothing_is_told_or_done(api):
    count = 0
    for method, path, operation in operations(api):
        answer = attempt(api, method, path, operation)
        assert answer.status == 401 and (not answer.body or answer.problem == "unauthorized"), str(answer)
        assert answer.headers["www-authenticate"] == 'Bearer realm="leadd"'
        count += 1
    assert count > 30
    assert api.head("contacts/").status == 401


@test
def what_is_no_key_is_refused(lab, api):
    key = make_key(lab)
    for headers in ({"Authorization": f"Bearer {NOBODYS_KEY}"}, {"X-API-Key": NOBODYS_KEY}, {"X-API-Key": key[:-1]},
                    {"X-API-Key": key.upper()}, {"X-API-Key": key + "0"}, {"X-API-Key": ""},
                    {"Authorization": f"Bearer {key}, Bearer {key}"}, {"Authorization": "Bearer leadd_%s" % ("é" * 32)},
                    {"Authorization": f"Bearer {NOBODYS_KEY}", "X-API-Key": key}):
        headers = {name: value.encode() for name, value in headers.items()}
        answer = api.get("operators/", headers=headers)
        assert answer.status == 401 and "invalid_token" in answer.headers["www-authenticate"], str(answer)
    for scheme in ("Basic dTpw", "Digest x", "Bearer", "Bearer ", f"Bearer{key}", key):
        answer = api.get("operators/", headers={"Authorization": scheme})
        assert answer.status == 401 and "invalid_token" not in answer.headers["www-authenticate"], str(answer)


@test
def a_key_comes_in_either_header(lab, api):
    key = make_key(lab)
    for headers in ({"Authorization": f"Bearer {key}"}, {"Authorization": f"bearer   {key}"}, {"X-API-Key": key},
                    {"x-api-key": f"  {key} "}, {"Authorization": "Basic dTpw", "X-API-Key": key}):
        api.get("operators/", headers=headers).must(200)


@test
def health_documents_and_the_console_are_open(api):
    for path in OPEN:
        assert api.get(path).status == 200, path
    assert api.get("/metrics").status == 401
    assert api.get("/nowhere").status == 404 and api.options("contacts/").status == 204
    assert api.request("PUT", "contacts/").status == 405


@test
def each_role_opens_what_it_is_for(lab, api):
    admin = as_admin(lab, api)
    anna = admin.operator()
    holders = {"ingest": bearer(admin, "ingest"), "operator": bearer(admin, "operator", operator_id=anna["id"]),
               "supervisor": bearer(admin, "supervisor"), "admin": admin}
    for method, path, operation in operations(api):
        name = f"{method} {path}"
        allowed = {"admin", *(["ingest"] if name in INGEST else []), *(["operator"] if name in OPERATOR else []),
                   *(["supervisor"] if name not in ADMIN_ONLY else [])}
        for role, holder in holders.items():
            answer = attempt(holder, method, path, operation)
            is_refused = answer.status == 403 and (not answer.body or answer.problem == "forbidden")
            assert is_refused == (role not in allowed) and answer.status != 401, f"{role}: {answer}"


@test
def the_document_says_who_may(api):
    for method, path, operation in operations(api):
        said = re.search(r"For keys with one of these roles: ([a-z, ]+)\.$", operation["description"])[1].split(", ")
        name = f"{method} {path}"
        assert ("ingest" in said, "operator" in said, "supervisor" in said, "admin" in said) == \
            (name in INGEST, name in OPERATOR, name not in ADMIN_ONLY, True), name
        assert operation["security"] == [{"bearer": []}, {"apiKey": []}]
        assert {"401", "403", "503"} <= set(operation["responses"]), name
    assert set(api.contract.document["components"]["securitySchemes"]) == {"bearer", "apiKey"}


@test
def where_no_key_is_needed_the_document_asks_for_none(lab):
    api = lab.serve(AUTH="open")
    assert list(operations(api)) == [] and "securitySchemes" not in api.contract.document["components"]
    made = api.post("keys/", {"name": "Planted", "role": "admin"}).must(201)
    assert made["created_by"] == "api"
    listed = leadd.command(["key", "list"], DATABASE_URL=lab.postgres.url(lab.database)).stdout
    assert " Planted (made while the service was open)\n" in listed, listed
    assert api.get("keys/current").must(200) == {"id": None, "source_id": None, "operator_id": None, "role": "admin"}
    assert api.get("operators/", headers={"X-API-Key": "whatever"}).status == 200


@test
def a_key_is_shown_once_and_only_its_digest_is_stored(lab, api):
    admin = as_admin(lab, api)
    answer = admin.post("keys/", {"name": "Site form", "role": "supervisor"})
    made = answer.must(201)
    key = made.pop("key")
    assert made["created_by"] == "key:tests"
    assert KEY.fullmatch(key) and answer.headers["cache-control"] == "no-store"
    assert answer.headers["location"] == f"/api/v1/keys/{made['id']}"
    assert admin.get(answer.headers["location"]).must(200) == made
    assert made in admin.get("keys/").must(200)["items"]
    (row,) = admin.psql.run(f"select encode(digest, 'hex'), api_keys::text from api_keys where digest = sha256('{key}')")
    assert row[0] == hashlib.sha256(key.encode()).hexdigest() and key[6:] not in row[1]
    for server in lab.servers:
        assert key not in server.log_text()


@test
def keys_are_listed_newest_first(lab, api):
    admin = as_admin(lab, api)
    ids = [bearer(admin, "ingest").key_id for _ in range(5)]
    listed = [key["id"] for key in admin.pages("keys/", limit=2)]
    assert listed == sorted(listed, reverse=True) and set(ids) <= set(listed)


@test
def a_key_that_breaks_a_rule_is_not_made(lab, api):
    admin = as_admin(lab, api)
    operator, source = admin.desk()
    name = "never made"
    for draft, fields in (({}, {"name", "role"}), ({"name": " ", "role": "boss"}, {"name", "role"}),
                          ({"name": name, "role": "operator"}, {"operator_id"}),
                          ({"name": name, "role": "operator", "operator_id": None}, {"operator_id"}),
                          ({"name": name, "role": "operator", "operator_id": 999999999}, {"operator_id"}),
                          ({"name": name, "role": "ingest", "source_id": 999999999}, {"source_id"}),
                          ({"name": name, "role": "admin", "source_id": source["id"], "operator_id": operator["id"]},
                           {"source_id", "operator_id"}),
                          ({"name": name, "role": "operator", "source_id": source["id"]}, {"source_id", "operator_id"}),
                          ({"name": "x" * 201, "role": "admin", "more": 1}, {"name", "more"})):
        assert admin.post("keys/", draft).fields == fields, draft
    assert not admin.psql.count(f"api_keys where name = '{name}'")
    assert admin.get("keys/999999999").status == admin.delete("keys/999999999").status == 404


@test
def a_name_is_taken_while_its_key_is_in_use(lab, api):
    admin = as_admin(lab, api)
    draft = {"name": admin.unique("bot"), "role": "ingest"}
    first = admin.post("keys/", draft).must(201)
    assert admin.post("keys/", draft).problem == "conflict"
    assert admin.delete(f"keys/{first['id']}").status == 204
    assert admin.post("keys/", draft).must(201)["id"] != first["id"]


@test
def a_revoked_key_opens_nothing_anywhere(lab, api, twin):
    admin = as_admin(lab, api)
    for _ in range(20):
        holder = bearer(admin, "supervisor")
        beside = as_admin(lab, twin).bearing(holder.key)
        holder.get("operators/").must(200)
        beside.get("operators/").must(200)
        assert admin.delete(f"keys/{holder.key_id}").status == 204
        assert holder.get("operators/").status == 401  # here at once
        poll(lambda: beside.get("operators/").status == 401, "the other process hears of it", seconds=2)
    before = admin.get(f"keys/{holder.key_id}").must(200)
    assert before["revoked_at"] and admin.delete(f"keys/{holder.key_id}").status == 204
    assert admin.get(f"keys/{holder.key_id}").must(200) == before


@test
def a_change_in_psql_counts_at_once(lab, api):
    admin = as_admin(lab, api)
    (anna, annas), (boris, boriss) = admin.desk(), admin.desk()
    contacts = [admin.contact(annas)["id"], admin.contact(boriss)["id"]]
    clerk, bot = bearer(admin, "operator", operator_id=anna["id"]), bearer(admin, "ingest")

    def seen():
        return [contact["id"] for contact in clerk.get("contacts/").must(200)["items"]]

    assert seen() == contacts[:1] and bot.get("operators/").status == 403
    admin.psql.run(f"update api_keys set operator_id = {boris['id']} where id = {clerk.key_id}")
    poll(lambda: seen() == contacts[1:], "it is the other operator's")
    admin.psql.run(f"update api_keys set role = 'supervisor' where id = {bot.key_id}")
    poll(lambda: bot.get("operators/").status == 200, "it opens more")
    admin.psql.run(f"update api_keys set revoked_at = now() where id = {bot.key_id}")
    poll(lambda: bot.get("operators/").status == 401, "it opens nothing")
    admin.psql.run(f"update api_keys set revoked_at = null where id = {bot.key_id}")
    assert bot.get("operators/").status == 200
    admin.psql.run(f"delete from api_keys where id = {bot.key_id}")
    poll(lambda: bot.get("operators/").status == 401, "it is gone")


@test
def keys_that_come_on_one_connection_are_kept_apart(lab, api):
    admin = as_admin(lab, api)
    keys = [make_key(lab, role) for role in ("supervisor", "ingest")] + [NOBODYS_KEY, "", "nonsense"]
    requests = [b"GET /api/v1/operators/?limit=1 HTTP/1.1\r\nHost: x\r\nX-API-Key: %s\r\n\r\n" % key.encode() for key in keys]
    for _ in range(3):
        with api.connect() as plug:
            plug.sendall(b"".join(requests) + b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert [answer.status for answer in answers_in(read_all(plug), b"GET")] == [200, 403, 401, 401, 401, 200]
        admin.delete(f"keys/{bearer(admin, 'ingest').key_id}")  # now all are asked for anew


@test
def who_hangs_up_while_the_key_is_looked_up_is_in_nobodys_way(lab):
    api = lab.serve()
    admin = as_admin(lab, api)
    admin.get("operators/").must(200)
    key = make_key(lab)
    with api.psql.session() as session:
        session.run("begin")
        session.run("lock table api_keys")
        for number in range(20):
            with api.connect() as plug:
                plug.sendall(f"GET /api/v1/operators/ HTTP/1.1\r\nHost: x\r\nX-API-Key: leadd_{number:064x}\r\n\r\n".encode())
        assert admin.get("operators/").status == 200  # it is remembered
        with meanwhile(api.bearing(key).get, "operators/") as found:
            poll(lambda: api.psql.count("pg_stat_activity where wait_event_type = 'Lock'"), "it is looked up")
            session.run("rollback")
        assert found.result().status == 200


@test
def a_stop_does_not_wait_for_keys(lab):
    """What is looked up at that moment is answered, or ends with the wait for the lock."""
    api = lab.serve(STATEMENT_TIMEOUT_MS=1000)
    key = make_key(lab)
    with api.psql.session() as session:
        session.run("begin")
        session.run("lock table api_keys")
        with meanwhile(api.bearing(key).get, "operators/") as found:
            poll(lambda: api.psql.count("pg_stat_activity where wait_event_type = 'Lock'"), "it is looked up")
            with Stopwatch() as watch:
                api.server.must_leave_cleanly()
            assert watch.seconds < 10
        assert found.result().status == 503
    lab.forget(api.server)


@test
def a_process_that_hears_nothing_asks_again_soon(lab, api):
    """Its listening connection is taken from it again and again."""
    admin = as_admin(lab, api)
    holder = bearer(admin, "supervisor")
    holder.get("operators/").must(200)
    admin.psql.run(f"select pg_terminate_backend(pid, 5000) from {LISTENERS}")
    admin.psql.run(f"update api_keys set revoked_at = now() where id = {holder.key_id}")
    poll(lambda: holder.get("operators/").status == 401, "it finds out", seconds=4)


@test
def without_the_database_known_keys_hold(lab, api):
    admin = as_admin(lab, api)
    stranger = api.bearing(make_key(lab))
    admin.get("/metrics")
    lab.postgres.stop()
    try:
        poll(lambda: admin.get("/health/ready").status == 503, "it knows")
        for _ in range(50):
            assert admin.get("/metrics").status == 200
        answer = stranger.get("/metrics")
        assert answer.status == 503 and answer.problem == "unavailable", str(answer)
        assert api.get("/metrics").status == 401
        assert admin.get("operators/").status == 503
    finally:
        lab.postgres.start()
    poll(lambda: stranger.get("operators/").status == 200, "it serves again", seconds=20)
    poll(api.is_ready, "all of it", seconds=20)
    hears(admin)


@test
def strangers_who_try_keys_are_in_nobodys_way(lab):
    api = lab.serve(DATABASE_CONNECTIONS=2, WAITING_MAX=10)
    admin = as_admin(lab, api)
    admin.get("operators/").must(200)
    keys = [f"leadd_{number:064x}" for number in range(2400)]

    def attack(index):
        stranger = api.bearing(None)
        return {stranger.get("operators/", headers={"X-API-Key": key}).status for key in keys[index::8]}

    def work(index):
        return attack(index) if index < 8 else {admin.bearing(admin.key).get("operators/").status for _ in range(100)}

    answers = together(9, work)
    assert answers[8] == {200} and set().union(*answers[:8]) == {401}


@test
def strangers_do_not_turn_known_keys_away_when_the_database_is_slow(lab, api):
    """More of them than may wait, while each key has to be asked for anew."""
    admin = as_admin(lab, api)
    admin.get("operators/").must(200)
    spare, plugs = make_key(lab), []
    with api.psql.session() as session:
        session.run("begin")
        session.run("lock table api_keys")
        try:
            for number in range(1100):
                plugs.append(api.connect())
                plugs[-1].sendall(f"GET /api/v1/operators/ HTTP/1.1\r\nHost: x\r\nX-API-Key: leadd_{number:064x}\r\n\r\n".encode())
            session.run(f"update api_keys set revoked_at = now() where digest = sha256('{spare}')")
            session.run("commit")
            for _ in range(10):
                assert admin.get("operators/").status == 200
        finally:
            for plug in plugs:
                plug.close()


@test
def many_at_once_with_a_new_key_are_all_let_in(lab, api):
    admin = as_admin(lab, api)
    holder = bearer(admin, "supervisor")
    assert together(30, lambda _: holder.bearing(holder.key).get("operators/").status) == [200] * 30


@test
def a_key_for_one_source_sends_contacts_of_no_other(lab, api):
    admin = as_admin(lab, api)
    (_, own), (_, other) = admin.desk(), admin.desk()
    bot = bearer(admin, "ingest", source_id=own["id"])
    assert bot.get("keys/current").must(200) == \
        {"id": bot.key_id, "source_id": own["id"], "operator_id": None, "role": "ingest"}
    bot.contact(own)
    drafts = [{"lead_external_id": admin.unique("lead"), "source_id": source["id"]} for source in (own, other, own)]
    refused = bot.post("contacts/", drafts[1])
    assert refused.status == 403 and f"source {own['id']} only" in refused.json["detail"]
    items = bot.post("contacts/batch", drafts).must(200)["items"]
    assert [item["status"] for item in items] == [201, 403, 201]
    assert items[1]["problem"]["type"] == "/problems/forbidden"
    assert not admin.psql.count(f"leads where external_id = '{drafts[1]['lead_external_id']}'")
    assert not admin.psql.count(f"contacts where source_id = {other['id']}")


@test
def a_retry_with_another_key_is_still_the_same_contact(lab, api):
    """Keys are exchanged while bots repeat what was not answered."""
    admin = as_admin(lab, api)
    _, source = admin.desk()
    old, new = bearer(admin, "ingest"), bearer(admin, "ingest")
    draft, retry = {"lead_external_id": admin.unique("lead"), "source_id": source["id"]}, {"Idempotency-Key": admin.unique("k")}
    first, again = (bot.post("contacts/", draft, retry) for bot in (old, new))
    assert first.must(201) and first.body == again.body and again.headers["idempotency-replayed"] == "true"


@test
def an_operator_sees_the_own_contacts_only(lab, api):
    admin = as_admin(lab, api)
    (anna, annas), (boris, boriss) = admin.desk(), admin.desk()
    lead = admin.unique("lead")
    own, others = admin.contact(annas, lead_external_id=lead), admin.contact(boriss, lead_external_id=lead)
    foreign = admin.contact(boriss)
    waiting = admin.contact(admin.source())
    holder = bearer(admin, "operator", operator_id=anna["id"])
    assert [contact["id"] for contact in holder.pages("contacts/")] == [own["id"]]
    assert [contact["id"] for contact in holder.pages("contacts/", operator_id=anna["id"], status="active")] == [own["id"]]
    assert holder.pages("contacts/", status="waiting") == []
    for who in (boris["id"], "none"):
        assert holder.get("contacts/", operator_id=who).status == 403
    assert holder.get(f"contacts/{own['id']}").must(200) == own
    for contact in (others, foreign, waiting):
        assert holder.get(f"contacts/{contact['id']}").status == 404
        assert holder.patch(f"contacts/{contact['id']}", {"status": "closed"}).status == 404
        assert admin.get(f"contacts/{contact['id']}").must(200) == contact
    seen = holder.get(f"leads/{own['lead_id']}").must(200)
    assert [contact["id"] for contact in seen["contacts"]] == [own["id"]] and seen["contact_count"] == 1
    assert admin.get(f"leads/{own['lead_id']}").must(200)["contact_count"] == 2
    assert holder.get(f"leads/{foreign['lead_id']}").status == 404
    assert holder.get(f"operators/{anna['id']}").must(200)["active_load"] == 1
    assert holder.get(f"operators/{boris['id']}").status == 404


@test
def an_operator_closes_and_notes_and_no_more(lab, api):
    admin = as_admin(lab, api)
    anna, source = admin.desk()
    contact = admin.contact(source, message="Hello")
    path = f"contacts/{contact['id']}"
    holder = bearer(admin, "operator", operator_id=anna["id"])
    assert holder.patch(path, {"message": "Called back"}).must(200)["message"] == "Called back"
    for change in ({"payload": {}}, {"status": "active"}, {"payload": None, "status": "closed"}):
        assert holder.patch(path, change).problem == "forbidden", change
    assert holder.get(path + "/history").status == holder.post(path + "/release").status == 403
    assert holder.patch(path, {"status": "closed"}).must(200)["status"] == "closed"
    assert holder.patch(path, {"status": "active"}).status == 403
    assert holder.patch(path, {"message": "Bought it"}).must(200)["message"] == "Bought it"


@test
def a_contact_that_went_to_somebody_else_is_gone_for_its_operator(lab, api):
    admin = as_admin(lab, api)
    (anna, source), (boris, _) = admin.desk(), admin.desk()
    contact = admin.contact(source)
    holder = bearer(admin, "operator", operator_id=anna["id"])
    admin.post(f"contacts/{contact['id']}/assign", {"operator_id": boris["id"]}).must(200)
    assert holder.get(f"contacts/{contact['id']}").status == 404
    assert holder.patch(f"contacts/{contact['id']}", {"status": "closed"}).status == 404
    assert holder.pages("contacts/") == []


@test
def an_operator_hears_of_the_own_contacts_only(lab, api):
    admin = as_admin(lab, api)
    (anna, annas), (boris, boriss) = admin.desk(), admin.desk()
    clerk = bearer(admin, "operator", operator_id=anna["id"])
    assert clerk.head("events", operator_id=boris["id"]).status == 403
    hears(clerk)
    assert clerk.head("events", operator_id=anna["id"]).status == 200
    assert bearer(admin, "ingest").head("events").status == 403
    with contextlib.closing(Stream(clerk)) as events:
        assert events.next().event in ("hello", "reload")
        admin.contact(boriss)
        own = admin.contact(annas)
        told = [message for message in events.take(2, but=("reload", "hello"))]
        assert {(message.data["contact_id"], message.data["operator_id"]) for message in told} == {(own["id"], anna["id"])}


@test
def a_stream_ends_when_its_key_is_revoked(lab, api, twin):
    admin = as_admin(lab, api)
    holder = bearer(admin, "supervisor")
    with contextlib.ExitStack() as leaving:
        for process in (api, twin):
            hears(as_admin(lab, process))
        streams = [leaving.enter_context(contextlib.closing(Stream(process.bearing(holder.key)))) for process in (api, twin)]
        for events in streams:
            assert events.next().event in ("hello", "reload")
        assert admin.delete(f"keys/{holder.key_id}").status == 204
        for events in streams:
            poll(lambda events=events: events.next() is None, "the stream ends", seconds=5)
        for process in (api, twin):
            poll(lambda process=process: process.bearing(holder.key).head("events").status == 401, "nor is it opened")


@test
def history_names_the_key(lab, api):
    admin = as_admin(lab, api)
    (anna, source), (boris, _) = admin.desk(), admin.desk()
    bot, boss = bearer(admin, "ingest"), bearer(admin, "supervisor")
    clerk = bearer(admin, "operator", operator_id=anna["id"])
    contact = bot.contact(source)
    path = f"contacts/{contact['id']}"
    boss.post(path + "/assign", {"operator_id": boris["id"]}).must(200)
    boss.post(path + "/release").must(200)
    boss.post(path + "/assign", {}).must(200)
    clerk.patch(path, {"message": "Called"}).must(200)
    clerk.patch(path, {"status": "closed"}).must(200)
    bots, bosss, clerks = (f"key:{holder.key_name}" for holder in (bot, boss, clerk))
    assert [(kind, actor) for kind, actor, *_ in steps_of(admin, contact)] == \
        [("assigned", bots), ("transferred", bosss), ("released", bosss), ("assigned", bosss), ("edited", clerks),
         ("closed", clerks)]
    assert {entry["actor"] for entry in admin.get(path + "/history").must(200)["items"]} == {bots, bosss, clerks}
    rows = [{"lead_external_id": admin.unique("lead"), "source_id": source["id"]} for _ in range(3)]
    items = bot.post("contacts/batch", rows).must(200)["items"]
    assert [steps_of(admin, item["contact"])[0][1] for item in items] == [bots] * 3
    said = leadd.command(["explain", contact["id"]], DATABASE_URL=lab.postgres.url(lab.database)).stdout
    assert f"by a request with the key {bot.key_name}." in said, said


@test
def contacts_of_several_keys_in_one_batch_keep_theirs_apart(lab, api):
    admin = as_admin(lab, api)
    _, source = admin.desk(max_load_limit=1000)
    bots = [bearer(admin, "ingest") for _ in range(4)]
    made = together(24, lambda index: (index % 4, bots[index % 4].bearing(bots[index % 4].key).contact(source)))
    for index, contact in made:
        assert steps_of(admin, contact)[0][1] == f"key:{bots[index].key_name}"


@test
def when_a_key_was_last_used_is_noted(lab):
    api = lab.serve()
    admin = as_admin(lab, api)
    used, unused = make_key(lab, name="used"), make_key(lab, name="unused")
    api.bearing(used).get("operators/").must(200)

    def last_used():
        return {key["name"]: key["last_used_at"] for key in admin.pages("keys/") if key["name"] in ("used", "unused")}

    poll(lambda: last_used()["used"], "it is noted")
    assert last_used()["unused"] is None and unused


@test
def a_key_goes_with_its_source(lab, api):
    admin = as_admin(lab, api)
    source = admin.source()
    bot = bearer(admin, "ingest", source_id=source["id"])
    bot.get("keys/current").must(200)
    assert admin.delete(f"sources/{source['id']}").status == 204
    poll(lambda: bot.get("keys/current").status == 401, "it is not known any more")


@test
def the_log_says_whose_key_a_refused_request_had(lab):
    api = lab.serve()
    admin = as_admin(lab, api)
    bot = bearer(admin, "ingest")
    bot.get("operators/")
    poll(lambda: re.search(rf"path=/api/v1/operators/ status=403 .* key={bot.key_id} ", api.server.log_text()), "it is told")


@test
def the_command_line_makes_lists_and_revokes_keys(lab, api):
    url = lab.postgres.url(lab.database)
    admin = as_admin(lab, api)
    operator, source = admin.desk()

    def key(*arguments):
        return leadd.command(["key", *arguments], DATABASE_URL=url)

    made = key("create", "--role", "ingest", "--name", "Landing page", "--source", source["id"])
    assert made.returncode == 0 and KEY.fullmatch(made.stdout.strip()) and "only time" in made.stderr, made
    assert api.bearing(made.stdout.strip()).get("keys/current").must(200)["source_id"] == source["id"]
    clerk = key("create", "--role", "operator", "--name", "Anna", "--operator", operator["id"])
    number = api.bearing(clerk.stdout.strip()).get("keys/current").must(200)["id"]
    listed = key("list").stdout
    assert re.search(rf"^ +{number}  operator .* never +Anna \(operator {operator['id']}\)$", listed, re.M), listed
    assert f"Landing page (source {source['id']})" in listed and made.stdout.strip() not in listed
    assert key("revoke", number).returncode == key("revoke", number).returncode == 0
    assert "Anna" not in key("list").stdout
    for arguments, code, words in ((("revoke", "999999999"), 1, "there is no key 999999999"),
                                   (("revoke",), 2, "a key id is missing"), (("create",), 2, "a --role is missing"),
                                   (("create", "--role", "boss", "--name", "x"), 2, '"boss" is no role'),
                                   (("create", "--role", "admin"), 2, "a --name is missing"),
                                   (("burn",), 2, '"key" is half a command'), ((), 2, '"key" is half a command'),
                                   (("create", "--role", "admin", "--name", "Landing page"), 1, "has this name"),
                                   (("create", "--role", "admin", "--name", " "), 1, "name must have 1 to 200 characters"),
                                   (("create", "--role", "admin", "--name", "x", "--source", "1"), 1, "source_id is for the role ingest"),
                                   (("create", "--role", "operator", "--name", "x"), 1, "operator_id is required"),
                                   (("create", "--role", "ingest", "--name", "x", "--source", "999999999"), 1, "no such source"),
                                   (("create", "--role", "operator", "--name", "x", "--operator", "999999999"), 1, "no such op")):
        done = key(*arguments)
        assert (done.returncode, done.stdout) == (code, "") and words in done.stderr, done
    assert key("--help").returncode == 0 and "key create" in key("create", "--help").stdout
    assert key("create", "--role", "admin", "--name", "  Trimmed\u202e ").returncode == 0
    assert re.search(r" Trimmed\?$", key("list").stdout, re.M), key("list")
    with open("/dev/full", "w") as full:
        done = subprocess.run([leadd.binary(), "key", "create", "--role", "admin", "--name", "Lost"], stdout=full,
                              stderr=subprocess.PIPE, text=True, check=False,
                              env={**clean_environment(), "DATABASE_URL": url})
    assert done.returncode == 1 and "could not be written" in done.stderr, done


@test
def a_start_without_an_admins_key_says_how_to_make_one(lab):
    database = lab.new_database("keyless")
    first = lab.serve(database)
    poll(lambda: "warn  keyring.no_admin" in first.server.log_text(), "it says so")
    make_key(lab, "supervisor", database=database)
    make_key(lab, "admin", name="me", database=database)
    for api in (lab.serve(database), lab.serve(lab.new_database("unlocked"), AUTH="open")):
        api.get("keys/current")
        assert "no_admin" not in api.server.log_text()


@test
def keys_are_needed_unless_the_database_is_private(lab):
    """Without AUTH."""
    server = leadd.Server(lab.folder, "leadd-default", lab.postgres.url(lab.database), {"AUTH": ""})
    lab.servers.append(server)
    api = lab.client(server)
    poll(api.is_ready, "leadd is ready", seconds=20)
    assert api.get("operators/").status == 401


@test
def the_key_is_asked_for_before_anything_else_is_said(lab, api):
    bot = bearer(as_admin(lab, api), "ingest")
    for holder, status in ((api, 401), (bot, 403)):
        for body, headers in ((b"{", {}), (b"{}", {"Content-Type": "text/plain"}), ({"name": 5}, {})):
            assert holder.post("operators/", body, headers).status == status
        assert holder.get("operators/", nonsense=1).status == status
