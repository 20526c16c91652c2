"""Who gets a contact, seen one contact at a time; and the overview of loads. Storms are in tests/load."""

from harness import test


def row_of(api, operator):
    rows = api.get("distribution/load/").must(200)["items"]
    (row,) = [row for row in rows if row["operator_id"] == operator["id"]]
    return row


@test
def the_overview_shows_every_operator(api):
    operator, source = api.desk(max_load_limit=3)
    api.contact(source)

    answer = api.get("/api/v1/distribution/load/").must(200)

    assert answer["items"]
    assert row_of(api, operator) == {"operator_id": operator["id"], "operator_name": operator["name"],
                                     "is_active": True, "max_load_limit": 3, "active_load": 1, "free": 2}


@test
def nobody_has_less_than_no_place_free(api):
    operator, source = api.desk(max_load_limit=2)
    api.contact(source), api.contact(source)
    assert row_of(api, operator)["free"] == 0

    api.patch(f"operators/{operator['id']}", {"max_load_limit": 1}).must(200)

    assert (row_of(api, operator)["active_load"], row_of(api, operator)["free"]) == (2, 0)


@test
def full_operators_are_never_picked(api):
    full, open_ = api.operator(max_load_limit=0), api.operator(max_load_limit=1000)
    source = api.source([(full, 1000000), (open_, 0.001)])
    assert {api.contact(source)["operator_id"] for _ in range(20)} == {open_["id"]}


@test
def inactive_operators_are_never_picked(api):
    inactive, open_ = api.operator(is_active=False), api.operator(max_load_limit=1000)
    source = api.source([(inactive, 1000000), (open_, 0.001)])
    assert {api.contact(source)["operator_id"] for _ in range(20)} == {open_["id"]}


@test
def weight_zero_gets_nothing(api):
    never, open_ = api.operator(), api.operator(max_load_limit=5)
    source = api.source([(never, 0), (open_, 0.001)])

    chosen = [api.contact(source)["operator_id"] for _ in range(7)]

    assert chosen == [open_["id"]] * 5 + [None] * 2
    assert api.load(never) == 0


@test
def only_operators_of_the_source_are_picked(api):
    stranger = api.operator(max_load_limit=1000000)
    operator, source = api.desk(max_load_limit=2)
    assert [api.contact(source)["operator_id"] for _ in range(3)] == [operator["id"]] * 2 + [None]
    assert api.load(stranger) == 0


@test
def everybody_is_filled_before_anyone_waits(api):
    team = [api.operator(max_load_limit=limit) for limit in (1, 2, 3)]
    source = api.source([(operator, weight) for operator, weight in zip(team, (100, 10, 1))])

    chosen = [api.contact(source)["operator_id"] for _ in range(8)]

    assert chosen[6:] == [None, None]
    assert [chosen.count(operator["id"]) for operator in team] == [1, 2, 3]
    assert [api.load(operator) for operator in team] == [1, 2, 3]


@test
def load_counts_over_all_sources(api):
    operator = api.operator(max_load_limit=2)
    first, second = api.source([(operator, 1)]), api.source([(operator, 500)])

    chosen = [api.contact(source)["operator_id"] for source in (first, second, first, second)]

    assert chosen == [operator["id"], operator["id"], None, None]


@test
def one_lead_may_have_many_contacts(api):
    operator, source = api.desk()
    external_id = api.unique("lead")
    contacts = [api.contact(source, lead_external_id=external_id) for _ in range(3)]
    assert len({contact["id"] for contact in contacts}) == 3
    assert api.load(operator) == 3


@test
def raising_the_limit_counts_at_once(api):
    operator, source = api.desk(max_load_limit=0)
    assert api.contact(source)["operator_id"] is None
    api.patch(f"operators/{operator['id']}", {"max_load_limit": 1}).must(200)
    assert api.contact(source)["operator_id"] == operator["id"]
    assert api.contact(source)["operator_id"] is None


@test
def coming_and_going_counts_at_once(api):
    operator, source = api.desk()
    api.patch(f"operators/{operator['id']}", {"is_active": False}).must(200)
    assert api.contact(source)["operator_id"] is None
    api.patch(f"operators/{operator['id']}", {"is_active": True}).must(200)
    assert api.contact(source)["operator_id"] == operator["id"]


@test
def waiting_contacts_keep_waiting(api):
    """They wait for a person: capacity alone moves nobody."""
    operator, source = api.desk(max_load_limit=0)
    waiting = api.contact(source)
    api.patch(f"operators/{operator['id']}", {"max_load_limit": 5}).must(200)
    api.contact(source)
    assert api.get(f"contacts/{waiting['id']}").must(200) == waiting


@test
def two_processes_see_the_same_load(api, twin):
    operator, source = api.desk(max_load_limit=4)
    chosen = [one.contact(source)["operator_id"] for one in (api, twin) * 3]
    assert chosen == [operator["id"]] * 4 + [None] * 2


@test
def a_seed_makes_the_choice_repeatable(lab):
    def choices(database):
        api = lab.serve(lab.new_database(database), SEED=42)
        team = [api.operator(max_load_limit=1000)["id"] for _ in range(3)]
        source = api.source([({"id": number}, 1) for number in team])
        return [team.index(api.contact(source)["operator_id"]) for _ in range(30)]

    assert choices("seed_a") == choices("seed_b")
