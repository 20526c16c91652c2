"""What each strategy comes to over thousands of contacts, taken in by two processes on one database."""

import collections
import random

from harness import test
from histories import last_step_of
from storm import contacts, storm
from test_shares import must_be_shared, team_of
from waiting import poll

SETTINGS = {"SEED": 20240229}
PLENTY = 1000000


def counts_after(apis, source, team, count):
    """Contacts per operator of so many more, half of the clients at either process; nobody waits."""
    answers = storm(apis, contacts(apis[0], source, count), clients=64)
    counts = collections.Counter(answer.must(201)["operator_id"] for answer in answers)
    assert set(counts) <= {operator["id"] for operator in team}, counts
    return [counts[operator["id"]] for operator in team]


def credits_of(api, source):
    rows = api.psql.run(f"select credit from source_operator_weights where source_id = {source['id']} "
                        "order by operator_id")
    return [int(credit) for (credit,) in rows]


@test
def chance_keeps_to_the_weights(api, twin):
    team, weights = team_of(api, *[PLENTY] * 4), (5, 3, 1.5, 0.5)
    source = api.source(zip(team, weights), strategy="weighted_random")
    must_be_shared(counts_after([api, twin], source, team, 4000), weights)


@test
def turns_keep_to_the_weights_exactly(api, twin):
    """Two hundred whole rounds of 21, whichever process took which part of them."""
    team = team_of(api, *[PLENTY] * 4)
    source = api.source(zip(team, (5, 3, 2, 0.5)), strategy="smooth_weighted")
    assert counts_after([api, twin], source, team, 4200) == [2000, 1200, 800, 200]
    assert credits_of(api, source) == [0, 0, 0, 0]


@test
def turns_of_sources_with_common_operators_do_not_mix(api, twin):
    team = team_of(api, *[PLENTY] * 3)
    tables = [(1, 2, 3), (3, 2, 1)]
    sources = [api.source(zip(team, weights), strategy="smooth_weighted") for weights in tables]
    requests = [request for source in sources for request in contacts(api, source, 1200)]
    random.Random(2).shuffle(requests)

    answers = storm([api, twin], requests, clients=64)

    for source, weights in zip(sources, tables):
        mine = collections.Counter(answer.must(201)["operator_id"] for answer in answers
                                   if answer.sent["source_id"] == source["id"])
        assert [mine[operator["id"]] for operator in team] == [200 * weight for weight in weights]
    api.loads_must_match()


@test
def who_returns_goes_on_where_it_stopped(api, twin):
    team = team_of(api, *[PLENTY] * 3)
    source = api.source(zip(team, (1, 1, 1)), strategy="smooth_weighted")
    assert counts_after([api, twin], source, team, 302) == [101, 101, 100]

    api.patch(f"operators/{team[2]['id']}", {"is_active": False}).must(200)
    assert counts_after([api, twin], source, team, 600) == [300, 300, 0]
    api.patch(f"operators/{team[2]['id']}", {"is_active": True}).must(200)

    assert counts_after([api, twin], source, team, 1) == [0, 0, 1]
    assert counts_after([api, twin], source, team, 300) == [100, 100, 100]


@test
def new_weights_keep_what_is_owed(api, twin):
    team = team_of(api, *[PLENTY] * 2)
    source = api.source(zip(team, (3, 1)), strategy="smooth_weighted")
    assert counts_after([api, twin], source, team, 402) in ([301, 101], [302, 100])
    owed = credits_of(api, source)
    assert any(owed) and sum(owed) == 0

    same = [{"operator_id": operator["id"], "weight": 2} for operator in team]
    api.put(f"sources/{source['id']}/weights/", {"weights": same}).must(200)

    assert credits_of(api, source) == owed
    assert all(abs(count - 200) <= 1 for count in counts_after([api, twin], source, team, 400))


@test
def the_least_loaded_are_equally_full(api, twin):
    team = team_of(api, 400, 800, 1200, PLENTY)
    source = api.source(zip(team, (1, 100, 10, 0)), strategy="least_loaded")
    assert counts_after([api, twin], source, team, 1200) == [200, 400, 600, 0]
    assert counts_after([api, twin], source, team, 600) == [100, 200, 300, 0]
    api.loads_must_match()


@test
def the_least_recent_take_turns(api, twin):
    team = team_of(api, *[PLENTY] * 3)
    source = api.source(zip(team, (1, 10, 1000)), strategy="least_recent")
    assert counts_after([api, twin], source, team, 3000) == [1000, 1000, 1000]


@test
def they_take_turns_as_well_when_several_return_to_a_backlog(api):
    """Two contacts for three of them, again and again: who got none is first the next time."""
    team = team_of(api, *[PLENTY] * 3)
    source = api.source(zip(team, (1, 1, 1)), strategy="least_recent", backlog="auto")
    ids = ", ".join(str(operator["id"]) for operator in team)
    for _ in range(9):
        api.psql.run(f"update operators set is_active = false where id in ({ids})")
        waiting = [api.contact(source) for _ in range(2)]
        assert [contact["status"] for contact in waiting] == ["waiting"] * 2
        api.psql.run(f"update operators set is_active = true where id in ({ids})")
        poll(lambda waiting=waiting: api.get(f"contacts/{waiting[-1]['id']}").must(200)["operator_id"], "they are taken")
    assert [api.load(operator) for operator in team] == [6, 6, 6]


@test
def a_sticky_lead_keeps_its_operator_while_that_one_may_take_it(api, twin):
    team = team_of(api, *[PLENTY] * 3)
    source = api.source(zip(team, (1, 1, 1)), strategy="smooth_weighted", sticky_seconds=3600)
    leads = [api.unique("lead") for _ in range(90)]

    def holders(rounds):
        wanted = [("POST", "contacts/", {"lead_external_id": lead, "source_id": source["id"]}) for lead in leads]
        holder = collections.defaultdict(set)
        for _ in range(rounds):
            for answer in storm([api, twin], wanted, clients=32):
                holder[answer.sent["lead_external_id"]].add(answer.must(201)["operator_id"])
        return holder

    first = holders(rounds=1)
    assert collections.Counter(next(iter(ids)) for ids in first.values()) == {one["id"]: 30 for one in team}
    assert holders(rounds=3) == first

    api.patch(f"operators/{team[0]['id']}", {"is_active": False}).must(200)
    later = holders(rounds=2)
    for lead, ids in later.items():
        assert len(ids) == 1 and team[0]["id"] not in ids
        assert first[lead] == ids or first[lead] == {team[0]["id"]}


@test
def contacts_of_a_sticky_lead_that_come_together_go_together(api, twin):
    team = team_of(api, *[PLENTY] * 5)
    source = api.source([(operator, 1) for operator in team], strategy="least_loaded", sticky_seconds=60)
    wanted = [("POST", "contacts/", {"lead_external_id": lead, "source_id": source["id"]})
              for lead in [api.unique("lead") for _ in range(40)] for _ in range(15)]
    random.Random(4).shuffle(wanted)

    holders = collections.defaultdict(set)
    for answer in storm([api, twin], wanted, clients=64):
        holders[answer.sent["lead_external_id"]].add(answer.must(201)["operator_id"])

    assert len(holders) == 40 and all(len(ids) == 1 for ids in holders.values()), holders
    assert len({next(iter(ids)) for ids in holders.values()}) == 5


@test
def contacts_of_a_sticky_lead_that_waited_together_go_together(api, twin):
    """The newcomers as well, with whom the last ones are assigned."""
    team = team_of(api, *[0] * 5)
    source = api.source([(operator, 1) for operator in team], sticky_seconds=60, backlog="auto")
    leads = [api.unique("lead") for _ in range(30)]
    wanted = [("POST", "contacts/", {"lead_external_id": lead, "source_id": source["id"]})
              for lead in leads for _ in range(4)]
    random.Random(5).shuffle(wanted)
    for answer in storm([api, twin], wanted):
        assert answer.must(201)["status"] == "waiting"

    ids = ", ".join(str(operator["id"]) for operator in team)
    api.psql.run(f"set session_replication_role = replica;"  # nobody is told: the newcomers' batch is the first to see it
                 f"update operators set max_load_limit = {PLENTY} where id in ({ids})")
    newcomers = [answer.must(201)["lead_external_id"] for answer in storm([api], wanted[:20], clients=20)]

    poll(lambda: api.psql.count(f"contacts where source_id = {source['id']} and status = 'waiting'") == 0)
    holders = api.psql.run(f"""
        select external_id, count(distinct operator_id), count(*) from contacts join leads on leads.id = lead_id
         where source_id = {source['id']} group by external_id""")
    assert len(holders) == 30 and all(count == "1" for _, count, _ in holders), holders
    assert sum(int(total) for _, _, total in holders) == 120 + len(newcomers)
    reasons = dict(api.psql.run(f"""
        select reason, count(*) from contact_history where kind = 'assigned' and contact_id in
               (select id from contacts where source_id = {source['id']}) group by reason"""))
    assert reasons == {"weighted_random": "30", "sticky": str(90 + len(newcomers))}


def next_of(api, source, lead):
    """Who gets the lead's next contact, and whether because it had the one before."""
    contact = api.contact(source, lead_external_id=lead)
    return contact["operator_id"], last_step_of(api, contact)[2] == "sticky"


@test
def a_sticky_lead_follows_whoever_was_given_its_contact_by_hand(api):
    """Whatever else was changed with it: by a reopening, by a closing, and by a plain transfer of a closed one."""
    anna, boris = team_of(api, PLENTY, PLENTY)
    source = api.source([(anna, 1), (boris, 1)], sticky_seconds=3600)
    for before, change in (("closed", "status = 'active', operator_id = {}"), ("closed", "operator_id = {}"),
                           ("active", "status = 'closed', operator_id = {}")):
        contact = api.contact(source, lead_external_id=(lead := api.unique("lead")))
        api.patch(f"contacts/{contact['id']}", {"status": before}).must(200)
        (other,) = {anna["id"], boris["id"]} - {contact["operator_id"]}

        api.psql.run(f"update contacts set {change.format(other)} where id = {contact['id']}")

        assert next_of(api, source, lead) == (other, True), change


@test
def a_sticky_lead_follows_the_transfer_that_was_written_last(api):
    """Not the one whose transaction began last."""
    anna, boris = team_of(api, PLENTY, PLENTY)
    source = api.source([(anna, 1), (boris, 1)], sticky_seconds=3600)
    first = api.contact(source, lead_external_id=(lead := api.unique("lead")))
    (other,) = {anna["id"], boris["id"]} - {first["operator_id"]}
    with api.psql.session() as session:
        session.run("begin; select now()")
        assert next_of(api, source, lead) == (first["operator_id"], True)
        session.run(f"update contacts set operator_id = {other} where id = {first['id']}; commit")
    assert next_of(api, source, lead) == (other, True)


@test
def a_sticky_lead_whose_contact_was_entered_closed_goes_by_when_that_was_assigned(api):
    busy, idle = team_of(api, PLENTY, PLENTY)
    api.contact(api.source([(busy, 1)]))
    source = api.source([(busy, 1), (idle, 1)], strategy="least_loaded", sticky_seconds=3600)
    for assigned, expected in (("2 hours", (idle["id"], False)), ("30 minutes", (busy["id"], True))):
        lead = api.unique("lead")
        api.psql.run(f"""
            insert into leads (external_id) values ('{lead}');
            insert into contacts (lead_id, source_id, operator_id, status, created_at, assigned_at, closed_at)
            select id, {source['id']}, {busy['id']}, 'closed', now() - interval '3 hours', now() - interval '{assigned}',
                   now() - interval '10 minutes' from leads where external_id = '{lead}'""")
        assert next_of(api, source, lead) == expected, assigned


@test
def the_simulation_tells_what_then_happens(api, twin):
    """Where nothing is left to chance, from any state."""
    for strategy in ("smooth_weighted", "least_loaded", "least_recent"):
        team = team_of(api, 300, 700, 90, 1000)
        source = api.source(zip(team, (5, 0.3, 7, 2.1)), strategy=strategy)
        counts_after([api, twin], source, team, 177)
        simulation = api.post(f"sources/{source['id']}/simulate", {"contacts": 803}).must(200)
        told = {row["operator_id"]: row["assigned"] for row in simulation["items"]}
        assert counts_after([api, twin], source, team, 803) == [told[operator["id"]] for operator in team], strategy
