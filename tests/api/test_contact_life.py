"""What happens to a contact after its creation: closed, reopened, edited."""

from harness import test


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

    patch(api, closed, status="active").must(409)

    assert api.get(f"contacts/{closed['id']}").must(200) == closed
    assert api.load(operator) == 1


@test
def reopening_needs_an_active_operator(api):
    operator, source = api.desk()
    closed = api.close(api.contact(source))
    api.patch(f"operators/{operator['id']}", {"is_active": False}).must(200)

    patch(api, closed, status="active").must(409)

    assert api.get(f"contacts/{closed['id']}").must(200) == closed


@test
def reopening_without_an_operator_waits_again(api):
    closed = api.close(api.contact(api.source()))
    reopened = patch(api, closed, status="active").must(200)
    assert (reopened["status"], reopened["operator_id"], reopened["closed_at"]) == ("waiting", None, None)


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
