"""What happens to a contact after its creation: closed, reopened, edited."""

from harness import test
from histories import last_step_of, steps_of
from waiting import meanwhile, poll, together


def patch(api, contact, headers=None, **members):
    return api.patch(f"contacts/{contact['id']}", members, headers)


@test
def closing_frees_the_place(api):
    operator, source = api.desk(max_load_limit=1)
    contact = api.contact(source)
    assert api.contact(source)["operator_id"] is None

    closed = api.close(contact)

    assert closed == {**contact, "status": "closed", "closed_at": closed["closed_at"], "version": closed["version"]}
    assert closed["closed_at"] >= contact["created_at"] and closed["version"] > contact["version"]
    assert api.load(operator) == 0
    assert api.contact(source)["operator_id"] == operator["id"]


@test
def closing_again_changes_nothing(api):
    operator, source = api.desk()
    contact, _ = api.contact(source), api.contact(source)
    closed = api.close(contact)

    again = [api.close(contact) for _ in range(3)]

    assert again == [closed] * 3
    assert api.load(operator) == 1


@test
def a_waiting_contact_can_be_closed(api):
    contact = api.contact(api.source())
    closed = api.close(contact)
    assert (closed["status"], closed["operator_id"], closed["assigned_at"]) == ("closed", None, None)


@test
def reopening_gives_it_back_to_its_operator(api):
    operator, source = api.desk()
    closed = api.close(api.contact(source))

    reopened = patch(api, closed, status="active").must(200)

    assert (reopened["status"], reopened["operator_id"], reopened["closed_at"]) == ("active", operator["id"], None)
    assert reopened["version"] > closed["version"]
    assert api.load(operator) == 1


@test
def reopening_needs_a_free_place(api):
    operator, source = api.desk(max_load_limit=1)
    closed = api.close(api.contact(source))
    api.contact(source)

    problem = patch(api, closed, status="active").must(409)

    assert all(word in problem["detail"] for word in ("full", str(operator["id"]), operator["name"])), problem
    assert api.get(f"contacts/{closed['id']}").must(200) == closed
    assert api.load(operator) == 1


@test
def reopening_needs_an_active_operator(api):
    operator, source = api.desk()
    closed = api.close(api.contact(source))
    api.patch(f"operators/{operator['id']}", {"is_active": False}).must(200)

    problem = patch(api, closed, status="active").must(409)

    assert all(word in problem["detail"] for word in ("inactive", str(operator["id"]), operator["name"])), problem
    assert api.get(f"contacts/{closed['id']}").must(200) == closed


@test
def reopening_without_an_operator_waits_again(api):
    source = api.source()
    closed, younger = api.close(api.contact(source)), api.contact(source)
    reopened = patch(api, closed, status="active").must(200)
    assert (reopened["status"], reopened["operator_id"], reopened["closed_at"]) == ("waiting", None, None)
    rows = api.pages("contacts/", source_id=source["id"], status="waiting")
    assert [(row["id"], row["waiting_reason"]) for row in rows] == [(closed["id"], "released"),
                                                                    (younger["id"], "no_operators")]


@test
def a_waiting_contact_cannot_be_made_active(api):
    contact = api.contact(api.source())
    patch(api, contact, status="active").must(409)
    assert api.get(f"contacts/{contact['id']}").must(200) == contact


@test
def an_active_contact_stays_active(api):
    operator, source = api.desk(max_load_limit=1)
    contact = api.contact(source)
    assert patch(api, contact, status="active").must(200)["operator_id"] == operator["id"]
    assert api.load(operator) == 1


@test
def message_and_payload_can_be_edited(api):
    _, source = api.desk()
    contact = api.contact(source, message="old", payload={"a": 1})

    edited = patch(api, contact, message=" new ").must(200)

    assert edited == {**contact, "message": "new", "version": edited["version"]}
    assert edited["version"] > contact["version"]
    assert patch(api, contact, payload={"b": [2]}).must(200)["payload"] == {"b": [2]}
    cleared = patch(api, contact, message=None, payload=None).must(200)
    assert (cleared["message"], cleared["payload"], cleared["status"]) == (None, None, "active")
    assert api.get(f"contacts/{contact['id']}").must(200) == cleared


@test
def a_closed_contact_can_be_edited_and_closed_in_one_go(api):
    operator, source = api.desk()
    contact = api.contact(source)
    closed = patch(api, contact, status="closed", message="done").must(200)
    assert (closed["status"], closed["message"]) == ("closed", "done")
    assert patch(api, contact, message="really").must(200)["closed_at"] == closed["closed_at"]
    assert api.load(operator) == 0


@test
def patch_without_members_changes_nothing(api):
    contact = api.contact(api.source())
    assert patch(api, contact).must(200) == contact


@test
def wrong_members_are_refused(api):
    contact = api.contact(api.source())
    wrong = {"status": "open", "message": 5, "payload": "x", "operator_id": 1, "version": 2, "lead_id": 1}
    assert patch(api, contact, **wrong).fields == set(wrong)
    for status in (None, "", "Closed", 1):
        assert patch(api, contact, status=status).fields == {"status"}
    assert api.get(f"contacts/{contact['id']}").must(200) == contact


@test
def if_match_protects_from_overwriting(api):
    contact = api.contact(api.source())
    tag = api.get(f"contacts/{contact['id']}").headers["etag"]
    first = patch(api, contact, {"If-Match": tag}, message="mine").must(200)

    lost = patch(api, contact, {"If-Match": tag}, message="yours", status="closed")

    lost.must(412)
    assert api.get(f"contacts/{contact['id']}").must(200) == first
    patch(api, contact, {"If-Match": "*"}, message="any").must(200)
    patch(api, contact, {"If-Match": '"1000000"'}, message="never").must(412)


@test
def patch_answers_the_new_etag(api):
    contact = api.contact(api.source())
    answer = patch(api, contact, message="x")
    assert answer.headers["etag"] == f'"{answer.must(200)["version"]}"'


@test
def a_place_is_freed_once_by_whomever_closes_at_once(api, twin):
    """16 clients of two servers and somebody in psql, all at the moment when the contact is let go."""
    operator, source = api.desk()
    contact, _ = api.contact(source), api.contact(source)

    def close(index):
        return patch((api, twin)[index % 2], contact, status="closed")

    with api.psql.session() as holder, api.psql.session() as psql:
        holder.run(f"begin; select from contacts where id = {contact['id']} for update")
        with meanwhile(together, 16, close) as clients, meanwhile(
                psql.run, f"update contacts set status = 'closed' where id = {contact['id']}"):
            poll(lambda: api.psql.count("pg_stat_activity where wait_event_type = 'Lock' and "
                                        "datname = current_database()") >= 9, "many wait for the contact")
            holder.run("rollback")

    closed = api.get(f"contacts/{contact['id']}").must(200)
    assert {answer.must(200)["closed_at"] for answer in clients.result()} == {closed["closed_at"]}
    assert api.load(operator) == 1
    api.loads_must_match()
    assert [step[0] for step in steps_of(api, contact)].count("closed") == 1


@test
def closing_and_reopening_at_once_keeps_the_counters(api, twin):
    operator, source = api.desk(max_load_limit=3)
    contacts = [api.contact(source) for _ in range(3)]

    def flip(index):
        for turn in range(12):
            contact = contacts[(index + turn) % 3]
            if index == 0:
                status = "status = case status when 'active' then 'closed' else 'active' end"
                api.psql.run(f"update contacts set {status} where id = {contact['id']}")
            else:
                wish = ("closed", "active")[(turn + index) % 2]
                patch((api, twin)[index % 2], contact, status=wish).must(200, 409)

    together(8, flip)
    api.loads_must_match()
    assert api.load(operator) <= 3


@test
def history_tells_each_change_and_who_made_it(api):
    (anna, source), boris = api.desk(), api.operator()
    contact = api.contact(source)
    steps = steps_of(api, contact)

    def psql(change):
        api.psql.run(f"update contacts set {change} where id = {contact['id']}")

    patch(api, contact, message="edited").must(200)
    patch(api, contact, message="edited").must(200)  # changes nothing
    api.close(contact), api.close(contact)
    patch(api, contact, message="late", status="active").must(200)
    psql("payload = '{}'")
    psql(f"operator_id = {boris['id']}")
    psql("status = 'waiting', operator_id = null")
    psql(f"status = 'active', operator_id = {anna['id']}")
    psql("status = 'closed'")
    psql("status = 'active'")
    psql("message = message")

    a, b = anna["id"], boris["id"]
    assert steps_of(api, contact)[len(steps):] == [
        ("edited", "api", "", a, a), ("closed", "api", "", a, a), ("reopened", "api", "", a, a),
        ("edited", "postgres", "", a, a), ("transferred", "postgres", "", a, b), ("released", "postgres", "", b, None),
        ("assigned", "postgres", "", None, a), ("closed", "postgres", "", a, a), ("reopened", "postgres", "", a, a)]


@test
def history_tells_of_contacts_without_an_operator(api):
    contact = api.contact(api.source())
    api.close(contact)
    assert last_step_of(api, contact) == ("closed", "api", "", None, None)
    patch(api, contact, status="active").must(200)
    assert last_step_of(api, contact) == ("reopened", "api", "", None, None)


@test
def edits_need_nobodys_load(api):
    operator, source = api.desk()
    contact = api.contact(source)
    with api.psql.session() as session:
        session.run(f"begin; select from operator_loads where operator_id = {operator['id']} for update")
        assert patch(api, contact, message="new", payload={"a": 1}).must(200)["message"] == "new"
