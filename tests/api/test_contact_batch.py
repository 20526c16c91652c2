"""Many contacts with one request: each row for itself, in order, and never in the way of single ones."""

import json

from harness import test
from waiting import meanwhile, poll, together

BIGGEST_ID = 2**63 - 1
LINES = "application/x-ndjson"
PER_TURN = 64  # rows of lists that go with one batch at most
SETTINGS = {"QUEUE_WAIT_MS": 30000}


def drafts(api, source, count, **members):
    prefix = api.unique("row")
    return [{"lead_external_id": f"{prefix}-{index}", "source_id": source["id"], **members} for index in range(count)]


def encoded(rows):
    """As bytes: rows that are at fault are not held against the document."""
    return json.dumps(rows, ensure_ascii=False).encode()


def batch(api, body, media_type="application/json"):
    body = body if isinstance(body, bytes) else encoded(body)
    answer = api.post("contacts/batch", body, {"Content-Type": media_type})
    if answer.status == 200:
        for item in answer.json["items"]:
            check_item(item, answer)
    return answer


def check_item(item, answer):
    """What holds for each row's answer."""
    if item["status"] == 201:
        assert set(item) in ({"status", "contact"}, {"status", "contact", "replayed"}), item
        assert item.get("replayed", True) is True
        return
    assert set(item) == {"status", "problem"}, item
    problem = item["problem"]
    assert problem["status"] == item["status"] and problem["instance"] == answer.headers["x-request-id"], item
    assert problem["type"].startswith("/problems/") and problem["title"] and problem["detail"], item
    assert (item["status"] == 422) == ("errors" in problem), item


def items_of(answer):
    return answer.must(200)["items"]


def statuses(answer):
    return [item["status"] for item in items_of(answer)]


def fields(item):
    assert item["status"] == 422, item
    return {fault["field"] for fault in item["problem"]["errors"]}


def stored(api, source):
    return api.psql.count(f"contacts where source_id = {source['id']}")


# -- what is taken ----------------------------------------------------------------------------------


@test
def rows_are_answered_in_their_order(api):
    operator, source = api.desk(max_load_limit=1000)
    rows = drafts(api, source, 30, message=" Здравствуйте! ", payload={"a": [1, {"b": None}]}, lead={"name": "Ann"})
    rows[7].update(message=None, payload=None)

    items = api.post("contacts/batch", rows).must(200)["items"]

    assert [item["contact"]["lead_external_id"] for item in items] == [row["lead_external_id"] for row in rows]
    for item, row in zip(items, rows):
        contact = item["contact"]
        assert item == {"status": 201, "contact": api.get(f"contacts/{contact['id']}").must(200)}
        assert contact["operator_id"] == operator["id"] and contact["payload"] == row["payload"]
    assert (items[0]["contact"]["message"], items[7]["contact"]["message"]) == ("Здравствуйте!", None)
    assert [item["contact"]["id"] for item in items] == sorted(item["contact"]["id"] for item in items)
    assert api.get(f"leads/{items[0]['contact']['lead_id']}").must(200)["name"] == "Ann"
    assert stored(api, source) == api.load(operator) == 30


@test
def lines_are_taken_as_well(api):
    _, source = api.desk(max_load_limit=1000)
    rows = drafts(api, source, 5)
    lines = [encoded(row) for row in rows]
    for body in (b"\n".join(lines), b"\n".join(lines) + b"\n", b"\r\n".join(lines) + b"\r\n",
                 b"\n\n \r\n\t\n".join(lines), b"\n" + b" \n".join(lines) + b"\n\r\n"):
        for media_type in (LINES, LINES + "; charset=utf-8", "Application/X-NDJSON"):
            items = items_of(batch(api, body, media_type))
            assert [item["status"] for item in items] == [201] * 5
            assert [item["contact"]["lead_external_id"] for item in items] == [row["lead_external_id"] for row in rows]


@test
def a_list_may_be_written_in_any_way(api):
    _, source = api.desk(max_load_limit=1000)
    row = b'{"lead_external_id":"a],[{\\"\\\\","source_id":%d,"payload":{"x":[[],{},"]"]}}' % source["id"]
    assert statuses(batch(api, b" \r\n[\t" + row + b" ,\n\n" + row + b"\n]\n ")) == [201, 201]
    assert statuses(batch(api, b"[" + row + b"]")) == [201]


@test
def a_thousand_rows_keep_every_limit(api):
    (first, second), free = [api.operator(max_load_limit=limit) for limit in (300, 200)], api.operator(max_load_limit=0)
    source = api.source([(first, 1), (second, 5), (free, 9)])

    items = items_of(batch(api, drafts(api, source, 1000)))

    assert [item["status"] for item in items] == [201] * 1000
    assert (api.load(first), api.load(second), api.load(free)) == (300, 200, 0)
    assert [item["contact"]["status"] for item in items] == ["active"] * 500 + ["waiting"] * 500
    assert len({item["contact"]["id"] for item in items}) == 1000
    api.loads_must_match()


@test
def a_mebibyte_is_taken_and_not_a_byte_more(api):
    _, source = api.desk(max_load_limit=10000)
    rows = drafts(api, source, 1000, message="x")
    room = 1024 * 1024 - len(encoded(rows))
    rows = [{**row, "message": "x" * (1 + room // 1000)} for row in rows]
    body = encoded(rows).ljust(1024 * 1024)

    assert statuses(batch(api, body)) == [201] * 1000
    assert batch(api, body + b" ").status == 413

    assert stored(api, source) == 1000


# -- what is refused --------------------------------------------------------------------------------


@test
def a_bad_row_harms_no_other(api):
    _, source = api.desk(max_load_limit=1000)
    good = drafts(api, source, 1)[0]
    bad = [(5, {""}), ([good], {""}), ("x", {""}), (True, {""}), (None, {""}), ({}, {"lead_external_id", "source_id"}),
           ({**good, "operator_id": 1, "source_id": "1"}, {"operator_id", "source_id"}),
           ({**good, "message": 5, "payload": [], "lead": {"name": 1, "phone": "9" * 51, "city": "x"}},
            {"message", "payload", "lead.name", "lead.phone", "lead.city"}),
           ({**good, "message": "a\0b"}, {"message"}), ({**good, "payload": {"a": 2**64}}, {"payload.a"}),
           ({**good, "idempotency_key": ""}, {"idempotency_key"}),
           ({**good, "idempotency_key": "a b"}, {"idempotency_key"}),
           ({**good, "idempotency_key": "x" * 256}, {"idempotency_key"}),
           ({**good, "idempotency_key": 5}, {"idempotency_key"}),
           ({**good, "idempotency_key": None}, {"idempotency_key"})]
    rows = [row for one, _ in bad for row in (one, good)]
    for body, media_type in ((encoded(rows), "application/json"), (b"\n".join(map(encoded, rows)), LINES)):
        items = items_of(batch(api, body, media_type))
        assert [item["status"] for item in items[1::2]] == [201] * len(bad)
        for (row, at_fault), item in zip(bad, items[0::2]):
            assert fields(item) == at_fault, (row, item)
    assert stored(api, source) == 2 * len(bad)


@test
def an_unknown_source_refuses_its_row_alone(api):
    _, source = api.desk(max_load_limit=1000)
    rows = drafts(api, source, 5)
    rows[1]["source_id"] = rows[4]["source_id"] = BIGGEST_ID

    items = items_of(batch(api, rows))

    assert [item["status"] for item in items] == [201, 404, 201, 201, 404]
    assert items[1]["problem"]["type"] == "/problems/not-found"
    assert str(BIGGEST_ID) in items[1]["problem"]["detail"]
    assert api.psql.count(f"leads where external_id = '{rows[1]['lead_external_id']}'") == 0


@test
def a_line_that_is_not_json_harms_only_itself(api):
    _, source = api.desk(max_load_limit=1000)
    good = [encoded(row) for row in drafts(api, source, 2)]
    for nonsense in (b"{", b"nonsense", b"[1,", good[0][:-1], good[0] + b"}", b'"\xff"', b'{"a":' * 17 + b"1" + b"}" * 17):
        items = items_of(batch(api, good[0] + b"\n" + nonsense + b"\r\n" + good[1], LINES))
        assert [item["status"] for item in items] == [201, 400, 201], nonsense
        assert items[1]["problem"]["type"] == "/problems/malformed"


@test
def rows_have_the_limits_of_single_contacts(api):
    _, source = api.desk(max_load_limit=1000)
    rows = drafts(api, source, 4)
    rows[1]["payload"] = {"deep": json.loads("[" * 15 + "]" * 15)}
    rows[2]["message"] = "x" * 128 * 1024
    assert statuses(batch(api, rows)) == [201, 400, 413, 201]
    assert statuses(batch(api, b"\n".join(map(encoded, rows)), LINES)) == [201, 400, 413, 201]

    many = {f"unknown{index}": 1 for index in range(500)}
    item = items_of(batch(api, [many, rows[0]]))[0]
    assert len(item["problem"]["errors"]) == 20 and item["problem"]["detail"].startswith("502 values")


@test
def what_is_no_list_of_contacts_is_refused_as_a_whole(api):
    _, source = api.desk()
    row, rows = encoded(drafts(api, source, 1)[0]), encoded(drafts(api, source, 2))
    for malformed in (b"", b" ", b"[", b"[" + row, b"[" + row + b",]", b"[" + row + b"}", rows + b"x", rows + rows,
                      b"[" + row + b' {"a":1}]', b"[" + row + b',{"a"}]', b"[" + row + b",\xff]", row + b"\n" + row,
                      b"[" + row + b',"x]'):
        answer = batch(api, malformed)
        assert answer.status == 400 and answer.problem == "malformed", str(answer)
    for wrong in (b"[]", b" [ ] ", row, b"5", b'"x"', b"null", encoded(drafts(api, source, 1001))):
        assert batch(api, wrong).fields == {""}, wrong[:100]
    for wrong in (b"", b"\n\r\n  \n", b"{}\n" * 1001):
        assert batch(api, wrong, LINES).fields == {""}, wrong[:100]
    for media_type in ("text/plain", "application/x-ndjsonx", "application/jsonl", None):
        assert batch(api, rows, media_type).status == 415, media_type
    assert api.post("contacts/", row, {"Content-Type": LINES}).status == 415
    assert api.post("contacts/batch?a=1", rows).fields == {"a"}
    assert stored(api, source) == 0


@test
def the_key_of_a_single_contact_is_refused(api):
    _, source = api.desk()
    rows = drafts(api, source, 2)
    for key in (api.unique("key"), ""):
        answer = api.post("contacts/batch", rows, {"Idempotency-Key": key})
        assert answer.fields == {"Idempotency-Key"} and "idempotency_key" in answer.json["errors"][0]["message"]
    assert stored(api, source) == 0


# -- keys -------------------------------------------------------------------------------------------


@test
def a_list_that_is_sent_again_is_stored_once(api, twin):
    operator, source = api.desk(max_load_limit=1000)
    rows = [{**row, "idempotency_key": api.unique("key")} for row in drafts(api, source, 200)]

    first = items_of(batch(api, rows[:150]))
    again = items_of(batch(twin, b"\n".join(map(encoded, rows)), LINES))

    assert [item.get("replayed") for item in first] == [None] * 150
    assert again[:150] == [{**item, "replayed": True} for item in first]
    assert [item.get("replayed") for item in again[150:]] == [None] * 50
    assert stored(api, source) == api.load(operator) == 200


@test
def lists_that_come_at_once_are_stored_once(api, twin):
    operator, source = api.desk(max_load_limit=1000)
    rows = [{**row, "idempotency_key": api.unique("key")} for row in drafts(api, source, 200)]

    answers = together(4, lambda index: batch((api, twin)[index % 2], rows if index < 2 else rows[::-1]))

    contacts = [[item["contact"] for item in items_of(answer)] for answer in answers]
    assert contacts[0] == contacts[1] == contacts[2][::-1] == contacts[3][::-1]
    replayed = [item.get("replayed", False) for answer in answers for item in items_of(answer)]
    assert replayed.count(False) == stored(api, source) == api.load(operator) == 200


@test
def a_key_that_is_twice_in_a_list_is_stored_once(api):
    _, source = api.desk(max_load_limit=1000)
    row = {**drafts(api, source, 1)[0], "idempotency_key": api.unique("key")}

    items = items_of(batch(api, [row, {**row, "message": "another"}, row, row]))

    assert [item["status"] for item in items] == [201, 422, 201, 201]
    assert items[2] == items[3] == {**items[0], "replayed": True}
    assert items[1]["problem"]["type"] == "/problems/key-reused" and fields(items[1]) == {"idempotency_key"}
    assert stored(api, source) == 1


# -- many lists, and single contacts beside them ----------------------------------------------------


def take_turns(api):
    """Until the server has had time to read whatever was sent before: a list of a mebibyte takes some forty turns."""
    for _ in range(100):
        api.get("/health/live").must(200)


@test
def a_single_contact_goes_before_the_rows_that_wait(lab, api):
    _, source = api.desk(max_load_limit=100000)
    lab.postgres.stop()
    try:
        with meanwhile(batch, api, drafts(api, source, 1000)) as first, \
                meanwhile(batch, api, drafts(api, source, 1000)) as second:
            take_turns(api)
            with meanwhile(api.contact, source) as single:
                take_turns(api)
                lab.postgres.start()
    except BaseException:
        if not lab.postgres.process:
            lab.postgres.start()
        raise

    ids = [item["contact"]["id"] for answer in (first.result(), second.result()) for item in items_of(answer)]
    assert len(set(ids)) == stored(api, source) - 1 == 2000
    assert sum(number < single.result()["id"] for number in ids) <= PER_TURN


@test
def thousands_of_rows_and_single_contacts_get_along(api, twin):
    operators = [api.operator(max_load_limit=2500) for _ in range(2)]
    source = api.source([(operators[0], 1), (operators[1], 3)])
    single = []

    def singles(others):
        while not all(job.done() for job in others):
            single.append(api.contact(source)["id"])

    with meanwhile(batch, api, drafts(api, source, 1000)) as a, meanwhile(batch, twin, drafts(api, source, 1000)) as b, \
            meanwhile(batch, api, drafts(api, source, 1000)) as c, meanwhile(singles, [a, b, c]):
        pass

    rows = [item for job in (a, b, c) for item in items_of(job.result())]
    assert [item["status"] for item in rows] == [201] * 3000
    assert single and len({*single, *(item["contact"]["id"] for item in rows)}) == len(single) + 3000
    assert all(api.load(operator) <= 2500 for operator in operators)
    assert stored(api, source) == len(single) + 3000
    api.loads_must_match()


@test
def rows_beyond_the_line_are_told_to_come_back(lab, api):
    narrow = lab.serve(LINE_MAX=100)
    _, source = api.desk(max_load_limit=10000)
    rows = [{**row, "idempotency_key": api.unique("key")} for row in drafts(api, source, 300)]

    items = items_of(batch(narrow, rows))

    assert [item["status"] for item in items] == [201] * 100 + [503] * 200
    assert {item["problem"]["type"] for item in items[100:]} == {"/problems/unavailable"}
    for _ in range(2):
        rows = [row for row, item in zip(rows, items) if item["status"] == 503]
        items = items_of(batch(narrow, rows))
    assert [item["status"] for item in items] == [201] * 100
    assert stored(api, source) == 300


@test
def too_many_lists_at_once_are_refused_as_a_whole(lab, api):
    """What is under way is bounded in bytes, whatever the number of rows."""
    _, source = api.desk(max_load_limit=10000)
    body = encoded(drafts(api, source, 16, payload={"text": "x" * 60000}))
    mark = api.unique("list")
    lab.postgres.stop()
    plugs = []
    try:
        for _ in range(20):
            plugs.append(api.connect())
            plugs[-1].sendall(b"POST /api/v1/contacts/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                              b"X-Request-Id: %s\r\nContent-Length: %d\r\n\r\n" % (mark.encode(), len(body)) + body)
        poll(lambda: api.server.log_text().count(mark) >= 2, "some are refused")
    finally:
        lab.postgres.start()
    answers = [api.read_answer(plug, b"POST /api/v1/contacts/batch ") for plug in plugs]
    for plug in plugs:
        plug.close()

    taken = [answer for answer in answers if answer.status == 200]
    refused = [answer for answer in answers if answer.status != 200]
    assert 16 * 1024 * 1024 // len(body) == len(taken)
    assert refused and {(answer.status, answer.problem) for answer in refused} == {(503, "unavailable")}
    assert {tuple(statuses(answer)) for answer in taken} == {(201,) * 16}
    assert stored(api, source) == 16 * len(taken)
    assert statuses(batch(api, body)) == [201] * 16


@test
def a_client_that_leaves_does_not_undo_its_list(api):
    _, source = api.desk(max_load_limit=10000)
    body = encoded(drafts(api, source, 500))
    with api.connect() as plug:
        plug.sendall(b"POST /api/v1/contacts/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(body) + body)
    poll(lambda: stored(api, source) == 500, "all rows are stored")
    assert statuses(batch(api, body)) == [201] * 500


@test
def a_stuck_source_is_told_in_its_own_rows(lab):
    """Somebody holds an operator's load: its rows are told in time, the others are stored."""
    api = lab.serve(QUEUE_WAIT_MS=3000)
    (stuck, stuck_source), (_, source) = api.desk(), api.desk(max_load_limit=1000)
    rows = [row for pair in zip(drafts(api, source, 100), drafts(api, stuck_source, 100)) for row in pair]
    with api.psql.session() as session:
        session.run("begin")
        session.run(f"select active_load from operator_loads where operator_id = {stuck['id']} for update")
        items = items_of(batch(api, rows))
    assert [item["status"] for item in items] == [201, 503] * 100
    assert (stored(api, source), stored(api, stuck_source)) == (100, 0)
