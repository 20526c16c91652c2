"""Leads: people, known by the id that the outside gives them."""

from harness import test

MEMBERS = {"id", "external_id", "name", "phone", "email", "contact_count", "created_at", "updated_at"}
BIGGEST_ID = 2**63 - 1


def lead_of(api, external_id):
    (lead,) = api.get("leads/", external_id=external_id).must(200)["items"]
    return lead


def new_lead(api, **members):
    """A lead with one contact."""
    contact = api.contact(api.source(), **({"lead": members} if members else {}))
    return lead_of(api, contact["lead_external_id"])


@test
def the_first_contact_makes_the_lead_and_the_second_finds_it(api):
    external_id, source = api.unique("tg"), api.source()

    first = api.contact(source, lead_external_id=external_id)
    second = api.contact(source, lead_external_id=external_id)

    assert first["lead_id"] == second["lead_id"]
    lead = lead_of(api, external_id)
    assert set(lead) == MEMBERS | {"contacts"}
    assert (lead["id"], lead["contact_count"]) == (first["lead_id"], 2)
    assert (lead["name"], lead["phone"], lead["email"]) == (None, None, None)
    assert lead["contacts"] == [second, first]


@test
def one_lead_is_shown_with_its_contacts(api):
    contact = api.contact(api.source())
    lead = api.get(f"leads/{contact['lead_id']}").must(200)
    assert set(lead) == MEMBERS | {"contacts"}
    assert lead["contacts"] == [contact]
    assert lead == lead_of(api, contact["lead_external_id"])


@test
def the_list_shows_ten_contacts_and_the_lead_a_hundred(api):
    source, external_id = api.source(), api.unique("busy")
    lead_id = api.contact(source, lead_external_id=external_id)["lead_id"]
    api.psql.run(f"""insert into contacts (lead_id, source_id, status)
                     select {lead_id}, {source['id']}, 'waiting' from generate_series(1, 110)""")
    newest = [contact["id"] for contact in api.pages("contacts/", lead_id=lead_id, limit=200)]

    listed, single = lead_of(api, external_id), api.get(f"leads/{lead_id}").must(200)

    assert len(newest) == listed["contact_count"] == single["contact_count"] == 111
    assert [contact["id"] for contact in listed["contacts"]] == newest[:10]
    assert [contact["id"] for contact in single["contacts"]] == newest[:100]


@test
def the_list_is_newest_first(api):
    source = api.source()
    made = [api.contact(source)["lead_id"] for _ in range(5)]
    for limit in (2, 50):
        assert [lead["id"] for lead in api.pages("leads/", limit=limit)][:5] == list(reversed(made))


@test
def external_ids_compare_exactly(api):
    source, word = api.source(), api.unique("Café")
    spellings = [word, word.lower(), word.replace("é", "e\u0301"), word.replace("-", " "), word.replace("-", "  ")]

    ids = [api.contact(source, lead_external_id=spelling)["lead_id"] for spelling in spellings]

    assert len(set(ids)) == len(spellings)
    for spelling, number in zip(spellings, ids):
        lead = lead_of(api, spelling)
        assert (lead["id"], lead["external_id"]) == (number, spelling)


@test
def leads_are_found_by_the_beginning_of_what_identifies_them(api):
    word = api.unique("Zed")
    lead = new_lead(api, phone=f"+7 {word}", email=f"{word}@example.org", name=f"Name {word}")

    for beginning in (f"+7 {word}"[:-1], f"{word}@exam".upper(), f"+7 {word}".lower(), lead["external_id"],
                      lead["external_id"].upper()):
        assert lead["id"] in [found["id"] for found in api.pages("leads/", q=beginning)], beginning
    assert api.pages("leads/", q=f"Name {word}") == []
    assert api.pages("leads/", q=f"{word[1:]}@example") == []


@test
def external_ids_are_found_whatever_their_capitals(api):
    word = api.unique("w")
    spellings = [f"Ящик:{word}-A", f"ящик:{word}-b", f"ЯЩИК:{word.upper()}-C"]
    for spelling in spellings:
        api.contact(api.source(), lead_external_id=spelling)

    for beginning in (f"ящик:{word}", f"ЯЩИК:{word}".upper()):
        assert {lead["external_id"] for lead in api.pages("leads/", q=beginning)} == set(spellings)


@test
def search_knows_no_wildcards(api):
    lead = new_lead(api, phone="100%_sure\\")
    assert [found["id"] for found in api.pages("leads/", q="100%_sure\\")] == [lead["id"]]
    for pattern in ("1__%", "%%", "__", "100_%", "\\1", "100%_sur_"):
        assert api.pages("leads/", q=pattern) == [], pattern


@test
def search_needs_two_characters(api):
    assert api.get("leads/", q="x").fields == {"q"}
    assert api.get("leads/", q="").fields == {"q"}
    assert api.pages("leads/", q="яя") == []


@test
def wrong_queries_are_refused(api):
    assert api.get("leads/", limit="x", phone="1", cursor="!").fields == {"limit", "phone", "cursor"}


@test
def patch_changes_only_what_is_given(api):
    before = new_lead(api, name="Ann", phone="1", email="ann@example.org")
    path = f"leads/{before['id']}"

    api.patch(path, {"phone": "2"}).must(200)

    after = api.get(path).must(200)
    assert after["updated_at"] > before["updated_at"]
    assert after == {**before, "phone": "2", "updated_at": after["updated_at"]}
    api.patch(path, {"name": None, "email": ""}).must(200)
    cleared = api.get(path).must(200)
    assert (cleared["name"], cleared["phone"], cleared["email"]) == (None, "2", "")


@test
def patch_answers_the_lead(api):
    lead = new_lead(api)
    answered = api.patch(f"leads/{lead['id']}", {"name": "Ann"}).must(200)
    stored = api.get(f"leads/{lead['id']}").must(200)
    assert answered == {name: stored[name] for name in answered} and MEMBERS <= set(answered)


@test
def texts_are_counted_in_characters(api):
    lead = new_lead(api)
    longest = {"name": "名" * 200, "phone": "9" * 50, "email": "я" * 254}

    api.patch(f"leads/{lead['id']}", longest).must(200)

    assert longest.items() <= api.get(f"leads/{lead['id']}").must(200).items()
    too_long = {name: text + "x" for name, text in longest.items()}
    assert api.patch(f"leads/{lead['id']}", too_long).fields == set(longest)
    assert api.patch(f"leads/{lead['id']}", {"name": 1, "phone": [], "email": False}).fields == set(longest)


@test
def the_external_id_cannot_be_changed(api):
    lead = new_lead(api)
    draft = {"external_id": "x", "contact_count": 1}
    assert api.patch(f"leads/{lead['id']}", draft).fields == set(draft)


@test
def a_contact_brings_news_about_the_lead(api):
    source, external_id = api.source(), api.unique("lead")
    api.contact(source, lead_external_id=external_id, lead={"name": "Ann", "phone": "1"})

    api.contact(source, lead_external_id=external_id, lead={"phone": "2", "email": "a@b"})
    api.contact(source, lead_external_id=external_id, lead={})
    api.contact(source, lead_external_id=external_id)

    lead = lead_of(api, external_id)
    assert (lead["name"], lead["phone"], lead["email"], lead["contact_count"]) == ("Ann", "2", "a@b", 4)
    api.contact(source, lead_external_id=external_id, lead={"name": None})
    assert lead_of(api, external_id)["name"] is None


@test
def a_contact_without_news_leaves_the_lead_alone(api):
    before = new_lead(api, name="Ann")
    api.contact(api.source(), lead_external_id=before["external_id"])
    assert lead_of(api, before["external_id"])["updated_at"] == before["updated_at"]


@test
def unknown_leads_are_404(api):
    api.get(f"leads/{BIGGEST_ID}").must(404)
    api.patch(f"leads/{BIGGEST_ID}", {"name": "x"}).must(404)
    assert api.pages("leads/", external_id=api.unique("nobody")) == []
