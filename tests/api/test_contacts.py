"""Contacts: created, read, listed. What happens to them later is in test_contact_life.py."""

from harness import test

MEMBERS = {"id", "lead_id", "lead_external_id", "source_id", "operator_id", "status", "message", "payload",
           "created_at", "assigned_at", "closed_at", "version"}
BIGGEST_ID = 2**63 - 1


@test
def the_request_of_the_original_service_works(api):
    operator, source = api.desk()
    external_id = api.unique("tg_12345")
    draft = {"lead_external_id": external_id, "source_id": source["id"], "message": "Здравствуйте!"}

    answer = api.post("/api/v1/contacts/", draft)

    contact = answer.must(201)
    assert set(contact) == MEMBERS
    assert draft.items() <= contact.items()
    assert (contact["operator_id"], contact["status"]) == (operator["id"], "active")
    assert (contact["payload"], contact["closed_at"]) == (None, None)
    assert contact["assigned_at"] == contact["created_at"]
    assert api.get(answer.headers["location"]).must(200) == contact


@test
def a_contact_is_created_although_nobody_is_available(api):
    source = api.source()

    answer = api.post("contacts/", {"lead_external_id": api.unique("lead"), "source_id": source["id"]})

    contact = answer.must(201)
    assert set(contact) == MEMBERS
    assert (contact["operator_id"], contact["status"]) == (None, "waiting")
    assert (contact["assigned_at"], contact["message"]) == (None, None)
    assert api.get(answer.headers["location"]).must(200) == contact


@test
def an_unknown_source_creates_nothing(api):
    external_id = api.unique("lead")
    for source_id in (BIGGEST_ID, api.source()["id"] + 1000):
        api.post("contacts/", {"lead_external_id": external_id, "source_id": source_id}).must(404)
    assert api.psql.count(f"leads where external_id = '{external_id}'") == 0


@test
def an_unknown_source_leaves_a_known_lead_alone(api):
    contact = api.contact(api.source(), lead={"name": "Ann"})
    draft = {"lead_external_id": contact["lead_external_id"], "source_id": BIGGEST_ID, "lead": {"name": "Bob"}}

    api.post("contacts/", draft).must(404)

    lead = api.get(f"leads/{contact['lead_id']}").must(200)
    assert (lead["name"], lead["contact_count"]) == ("Ann", 1)


@test
def all_faults_are_told_at_once(api):
    assert api.post("contacts/", {}).fields == {"lead_external_id", "source_id"}
    draft = {"lead_external_id": "", "source_id": "1", "message": 5, "payload": [], "operator_id": 1,
             "lead": {"name": 1, "phone": "9" * 51, "city": "x"}}
    assert api.post("contacts/", draft).fields == {"lead_external_id", "source_id", "message", "payload", "operator_id",
                                                   "lead.name", "lead.phone", "lead.city"}


@test
def external_ids_are_taken_as_they_are(api):
    source = api.source()
    for middle in ("a  b", "Ω", "-", "e\u0301", "'; drop table leads; --", "%_\\", "{\"", "\u200d", "null"):
        external_id = f"{api.unique('x')}{middle}y"
        assert api.contact(source, lead_external_id=external_id)["lead_external_id"] == external_id
    for longest in ("z" * 255, "я" * 255, "🙂" * 255):
        assert api.contact(source, lead_external_id=longest)["lead_external_id"] == longest


@test
def wrong_external_ids_are_refused(api):
    source = api.source()
    for wrong in ("", " ", " x", "x ", "x\n", "\tx", "\u00a0x", "x\u3000", "x\u2003", "z" * 256, "я" * 256, 5, None,
                  True, ["x"]):
        draft = {"lead_external_id": wrong, "source_id": source["id"]}
        assert api.post("contacts/", draft).fields == {"lead_external_id"}, repr(wrong)


@test
def wrong_source_ids_are_refused(api):
    for wrong in ("1", 0, -1, 1.5, None, True, [], {}):
        assert api.post("contacts/", {"lead_external_id": "x", "source_id": wrong}).fields == {"source_id"}, repr(wrong)


@test
def messages_are_counted_in_characters(api):
    source = api.source()
    for message in (None, "", "x" * 10000, "я" * 10000, "🙂" * 10000, "line\nline\ttab \u0001 \u2028."):
        assert api.contact(source, message=message)["message"] == message
    for message in ("x" * 10001, "🙂" * 10001, 5, ["x"], {}):
        draft = {"lead_external_id": "x", "source_id": source["id"], "message": message}
        assert api.post("contacts/", draft).fields == {"message"}


@test
def messages_are_trimmed(api):
    source = api.source()
    assert api.contact(source, message="  hello  world \r\n")["message"] == "hello  world"
    assert api.contact(source, message="   ")["message"] == ""
    assert api.contact(source, message="x" * 10000 + " ")["message"] == "x" * 10000


@test
def payloads_are_kept_as_they_are(api):
    source = api.source()
    payload = {"": "empty name", "deep": [[{"a": [1, 2.5, None, True, False]}], []],
               "text": " не trimmed \" \\ / \u007f 🙂 ",
               "big": 2**63 - 1, "small": -2**63, "fraction": 0.1, "id": {"x": {}}}
    for kept in (payload, {}, None):
        contact = api.contact(source, payload=kept)
        assert contact["payload"] == kept
        assert api.get(f"contacts/{contact['id']}").must(200)["payload"] == kept
    for wrong in ([], "x", 1, True):
        draft = {"lead_external_id": "x", "source_id": source["id"], "payload": wrong}
        assert api.post("contacts/", draft).fields == {"payload"}


@test
def payloads_have_at_most_64_kib(api):
    source = api.source()
    room = 64 * 1024 - len('{"text":""}')
    draft = b'{"lead_external_id":"x","source_id":%d,"payload":{"text":"%s"}}'

    api.post("contacts/", draft % (source["id"], b"x" * (room - 16))).must(201)

    assert api.post("contacts/", draft % (source["id"], b"x" * (room + 16))).fields == {"payload"}


@test
def the_lead_of_a_contact_follows_the_rules_of_leads(api):
    source = api.source()
    for lead in ({"name": "x" * 201}, {"phone": 5}, {"email": "x" * 255}, {"external_id": "x"}):
        draft = {"lead_external_id": api.unique("lead"), "source_id": source["id"], "lead": lead}
        assert api.post("contacts/", draft).fields == {f"lead.{name}" for name in lead}
        assert api.psql.count(f"leads where external_id = '{draft['lead_external_id']}'") == 0
    for lead in ("x", [], 1):
        draft = {"lead_external_id": "x", "source_id": source["id"], "lead": lead}
        assert api.post("contacts/", draft).fields == {"lead"}


@test
def an_etag_tells_the_version(api):
    contact = api.contact(api.source())
    answer = api.get(f"contacts/{contact['id']}")
    assert answer.must(200) == contact
    assert answer.headers["etag"] == f'"{contact["version"]}"'


@test
def unknown_contacts_are_404(api):
    api.get(f"contacts/{BIGGEST_ID}").must(404)
    api.patch(f"contacts/{BIGGEST_ID}", {"message": "x"}).must(404)


@test
def contacts_cannot_be_deleted(api):
    contact = api.contact(api.source())
    assert "DELETE" not in api.delete(f"contacts/{contact['id']}").headers["allow"]
    assert api.delete(f"contacts/{contact['id']}").status == 405


@test
def the_list_is_newest_first(api):
    source = api.source()
    made = [api.contact(source) for _ in range(5)]
    assert api.pages("contacts/", source_id=source["id"]) == list(reversed(made))
    assert api.pages("contacts/", source_id=source["id"], limit=2) == list(reversed(made))
    assert api.pages("contacts/", limit=200)[:5] == list(reversed(made))


@test
def a_filter_picks_what_it_says(api):
    (operator, mine), other = api.desk(max_load_limit=2), api.source()
    closed, active, waiting = (api.contact(mine) for _ in range(3))
    closed = api.close(closed)
    api.contact(other)

    def ids(**query):
        return {contact["id"] for contact in api.pages("contacts/", **query)}

    of_source = {contact["id"] for contact in (closed, active, waiting)}
    assert ids(source_id=mine["id"]) == of_source
    assert ids(source_id=mine["id"], status="active") == {active["id"]}
    assert ids(source_id=mine["id"], status="waiting") == {waiting["id"]}
    assert ids(source_id=mine["id"], status="closed") == {closed["id"]}
    assert ids(operator_id=operator["id"]) == {closed["id"], active["id"]}
    assert ids(operator_id=operator["id"], status="active") == {active["id"]}
    assert ids(operator_id="none", source_id=mine["id"]) == {waiting["id"]}
    assert ids(lead_id=active["lead_id"]) == {active["id"]}
    assert ids(source_id=BIGGEST_ID) == ids(operator_id=BIGGEST_ID) == ids(lead_id=BIGGEST_ID) == set()


@test
def contacts_are_found_by_time(api):
    source = api.source()
    first, second, third = (api.contact(source) for _ in range(3))

    def ids(**query):
        return [contact["id"] for contact in api.pages("contacts/", source_id=source["id"], **query)]

    assert ids(created_from=second["created_at"]) == [third["id"], second["id"]]
    assert second["id"] not in ids(created_from=third["created_at"])
    assert first["id"] in ids(created_to=second["created_at"])
    assert third["id"] not in ids(created_to=second["created_at"])
    assert ids(created_from="2999-01-01T00:00:00Z") == ids(created_to="2000-01-01T00:00:00Z") == []
    assert len(ids(created_from="2000-01-01T00:00:00.5+05:45", created_to="2999-12-31T23:59:59.999999Z")) == 3


@test
def waiting_contacts_are_oldest_first_with_their_reason_and_age(api):
    source = api.source()
    made = [api.contact(source) for _ in range(4)]

    for limit in (3, 50):
        rows = api.pages("contacts/", source_id=source["id"], status="waiting", limit=limit)
        assert [row["id"] for row in rows] == [contact["id"] for contact in made]
        for row, contact in zip(rows, made):
            assert contact.items() <= row.items() and set(row) == MEMBERS | {"waiting_reason", "waiting_seconds"}
            assert isinstance(row["waiting_reason"], str) and row["waiting_reason"]
            assert 0 <= row["waiting_seconds"] < 60


@test
def paging_stays_stable_while_contacts_are_added(api):
    source = api.source()
    made = [api.contact(source) for _ in range(6)]

    def page(**query):
        return api.get("contacts/", source_id=source["id"], limit=4, **query).must(200)

    newest, oldest = page(), page(status="waiting")

    late = api.contact(source)
    older, newer = page(cursor=newest["next_cursor"]), page(status="waiting", cursor=oldest["next_cursor"])

    assert newest["items"] + older["items"] == list(reversed(made)) and older["next_cursor"] is None
    assert [row["id"] for row in oldest["items"] + newer["items"]] == [contact["id"] for contact in [*made, late]]


@test
def wrong_queries_are_refused(api):
    wrong = {"status": "open", "operator_id": "nobody", "source_id": "-1", "lead_id": "1.0",
             "created_from": "yesterday",
             "created_to": "2024-13-01T00:00:00Z", "limit": "500", "cursor": "~", "order": "asc"}
    assert api.get("contacts/", **wrong).fields == set(wrong)
    for time in ("2024-01-01", "2024-01-01T00:00:00", "2024-02-30T00:00:00Z", "2024-01-01 00:00:00Z ", "", "now",
                 "infinity"):
        assert api.get("contacts/", created_from=time).fields == {"created_from"}, time
