"""Operators changed, deleted and assigned to at the same time, by the service and in psql: nobody waits in a circle."""

import contextlib
import random

from harness import test
from waiting import meanwhile, poll, together

ROUNDS = 25


@contextlib.contextmanager
def no_deadlock(lab):
    """PostgreSQL reports none while the block runs."""

    def seen():
        with open(lab.postgres.log, encoding="utf-8", errors="replace") as log:
            return log.read().count("deadlock detected")

    before = seen()
    yield
    assert seen() == before, "deadlock detected, see PostgreSQL's log"


def waiters(api):
    return api.psql.count("pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")


def mass_update(operators, limit):
    ids = ", ".join(str(operator["id"]) for operator in operators)
    return f"update operators set max_load_limit = {limit} where id in ({ids})"


@test
def a_change_and_a_deletion_that_wait_for_an_assignment_pass_one_by_one(lab, api, twin):
    operator, source = api.desk()
    path = f"operators/{operator['id']}"
    draft = {"lead_external_id": api.unique("lead"), "source_id": source["id"]}
    with no_deadlock(lab), api.psql.session() as holder, api.psql.session() as psql:
        holder.run(f"begin; select from operator_loads where operator_id = {operator['id']} for update")
        with meanwhile(api.delete, path) as deletion:
            poll(lambda: waiters(api) == 1, "the deletion waits for the load")
            with meanwhile(twin.patch, path, {"max_load_limit": 7}) as change, meanwhile(
                    psql.run, mass_update([operator], 8)), meanwhile(api.post, "contacts/", draft) as contact:
                poll(lambda: waiters(api) >= 3, "the others wait as well")
                holder.run("rollback")
    deletion.result().must(204)
    change.result().must(404)
    assert contact.result().must(201)["operator_id"] is None


@test
def who_got_a_contact_meanwhile_is_not_deleted(lab, api):
    operator, source = api.desk()
    contact = api.contact(api.source())
    with no_deadlock(lab), api.psql.session() as session:
        session.run(f"begin; update contacts set operator_id = {operator['id']}, status = 'active' "
                    f"where id = {contact['id']}")
        with meanwhile(api.delete, f"operators/{operator['id']}") as deletion:
            poll(lambda: waiters(api), "the deletion waits for the load")
            session.run("commit")
    assert "history" in deletion.result().must(409)["detail"]
    assert api.load(operator) == 1


def refused(api, sql):
    """What psql says to that."""
    try:
        api.psql.run(sql)
    except AssertionError as error:
        return str(error)
    raise AssertionError(f"not refused: {sql}")


@test
def a_deletion_in_psql_gives_way_to_an_assignment(lab, api):
    """It has the operator's row, which the assignment wants; the assignment has the load, which the deletion wants."""
    operator, source = api.desk()
    lead = api.contact(api.source())["lead_id"]
    deletion = f"delete from operators where id = {operator['id']}"
    with no_deadlock(lab), api.psql.session() as batch:
        batch.run(f"begin; select from operator_loads where operator_id = {operator['id']} for update")
        with meanwhile(refused, api, deletion) as answer:
            poll(lambda: waiters(api) or answer.done(), "the deletion waits for the load")
            batch.run("insert into contacts (lead_id, source_id, operator_id, status) "
                      f"values ({lead}, {source['id']}, {operator['id']}, 'active')")
            batch.run("commit")
    assert "is being assigned contacts" in answer.result(), answer.result()
    assert api.load(operator) == 1
    assert "appears in history" in refused(api, deletion)


@test
def operators_of_history_stay_though_their_contacts_are_gone(api):
    operator, source = api.desk()
    contact = api.contact(source)
    api.psql.run(f"delete from contacts where id = {contact['id']}")
    assert "history" in api.delete(f"operators/{operator['id']}").must(409)["detail"]


@test
def a_change_that_waits_for_a_batch_is_seen_by_the_next_one(lab, api):
    """psql lowers the limits of many while contacts come in: the statement and the batches take turns."""
    team = [api.operator(max_load_limit=50) for _ in range(6)]
    source = api.source([(operator, 1) for operator in team])
    with no_deadlock(lab):
        with meanwhile(together, 4, lambda index: [api.contact(source) for _ in range(30)]):
            for limit in range(30, 0, -1):
                api.psql.run(mass_update(random.Random(limit).sample(team, len(team)), limit))
    assert api.contact(source)["status"] == "waiting"
    api.loads_must_match()


@test
def everything_at_once_never_waits_in_a_circle(lab, api, twin):
    """Changes, departures, deletions, weights, hand-made moves, closings, mass updates in psql, and new contacts."""
    team = [api.operator(max_load_limit=20) for _ in range(6)]
    sources = [api.source([(operator, index + 1) for operator in team]) for index in range(3)]
    for source, strategy in zip(sources, ("weighted_random", "smooth_weighted", "least_recent")):
        api.psql.run(f"update sources set strategy = '{strategy}' where id = {source['id']}")
    known = [api.contact(sources[index % 3]) for index in range(12)]

    def contacts(client, dice):
        known.append(client.contact(dice.choice(sources)))

    def moves(client, dice):
        path = f"contacts/{dice.choice(known)['id']}"
        wish = dice.choice(({}, {"operator_id": dice.choice(team)["id"]},
                            {"operator_id": dice.choice(team)["id"], "force": True}))
        client.post(f"{path}/assign", wish).must(200, 409)
        client.post(f"{path}/release").must(200, 409)
        client.post(f"{path}/assign", {}).must(200, 409)

    def closings(client, dice):
        wish = {"status": dice.choice(("active", "closed"))}
        client.patch(f"contacts/{dice.choice(known)['id']}", wish).must(200, 409)

    def changes(client, dice):
        path = f"operators/{dice.choice(team)['id']}"
        client.patch(path, {"max_load_limit": dice.randrange(30), "name": client.unique("name")}).must(200)
        fate = dice.choice(("keep", "release", "redistribute"))
        client.patch(path, {"is_active": False, "active_contacts": fate}).must(200)
        client.patch(path, {"is_active": True}).must(200)

    def deletions(client, dice):
        operator = client.operator()
        client.put(f"sources/{dice.choice(sources)['id']}/weights/{operator['id']}", {"weight": 5}).must(201)
        contacts(client, dice)
        client.delete(f"operators/{operator['id']}").must(204, 409)

    def weights(client, dice):
        chosen = dice.sample(team, 4)
        client.put(f"sources/{dice.choice(sources)['id']}/weights/", {"weights": [
            {"operator_id": operator["id"], "weight": dice.randrange(1, 9)} for operator in chosen]}).must(200)

    def psql(client, dice):
        client.psql.run(mass_update(team, dice.randrange(5, 30)))
        client.psql.run(f"update contacts set status = 'closed' where id in "
                        f"(select id from contacts where status = 'active' order by id limit 3 for update)")

    deeds = (contacts, moves, closings, changes, deletions, weights, psql, contacts, moves, contacts)

    def work(index):
        dice = random.Random(index)
        for _ in range(ROUNDS):
            deeds[index](dice.choice((api, twin)), dice)

    with no_deadlock(lab):
        together(len(deeds), work)
        poll(lambda: api.psql.count("operator_departures") == 0, "all departures are over")
    api.loads_must_match()
