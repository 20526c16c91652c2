"""A forgotten psql session holds an operator's load: only the sources of that operator may feel it."""

from harness import test
from scrape import metric
from waiting import Stopwatch, meanwhile, poll

QUICKLY_S = 2
PATIENCE_S = 7  # 4 s of parking, and room for a busy machine


def hold(session, operator):
    session.run("begin")
    session.run(f"select active_load from operator_loads where operator_id = {operator['id']} for update")


def blocked(api):
    """True when a session waits for a lock of another."""
    return api.psql.count("pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") > 0


def try_contact(api, source):
    """(answer, seconds)"""
    with Stopwatch() as watch:
        answer = api.post("contacts/", {"lead_external_id": api.unique("lead"), "source_id": source["id"]})
    return answer, watch.seconds


@test
def others_go_on_and_the_stuck_one_is_told_in_time(api):
    (stuck, stuck_source), (_, free_source) = api.desk(), api.desk(max_load_limit=1000)
    with api.psql.session() as session:
        hold(session, stuck)
        with meanwhile(try_contact, api, stuck_source) as refused:
            poll(lambda: blocked(api), "the contact waits for the lock")
            times = [try_contact(api, free_source) for _ in range(30)]
        answer, seconds = refused.result()

    assert [one.status for one, _ in times] == [201] * 30
    assert max(seconds for _, seconds in times) < QUICKLY_S, times
    assert answer.status == 503 and answer.problem == "unavailable" and seconds < PATIENCE_S, (seconds, str(answer))
    assert api.psql.count(f"contacts where source_id = {stuck_source['id']}") == 0
    assert api.contact(stuck_source)["operator_id"] == stuck["id"]


@test
def many_stuck_ones_do_not_slow_the_others_down(api):
    (stuck, stuck_source), (_, free_source) = api.desk(max_load_limit=1000), api.desk(max_load_limit=1000)
    with api.psql.session() as session:
        hold(session, stuck)

        def keep_asking(until):
            answers = []
            while not until():
                answers.append(try_contact(api, stuck_source))
            return answers

        done = []
        with meanwhile(keep_asking, lambda: done) as first, meanwhile(keep_asking, lambda: done) as second:
            poll(lambda: blocked(api), "the contacts wait for the lock")
            times = [try_contact(api, free_source) for _ in range(60)]
            done.append(True)

    assert {answer.status for answer, _ in times} == {201}
    assert max(seconds for _, seconds in times) < QUICKLY_S
    stuck_answers = first.result() + second.result()
    assert {answer.status for answer, _ in stuck_answers} <= {201, 503}
    assert max(seconds for _, seconds in stuck_answers) < PATIENCE_S
    acknowledged = sum(answer.status == 201 for answer, _ in stuck_answers)
    assert api.psql.count(f"contacts where source_id = {stuck_source['id']}") == acknowledged


@test
def a_lock_that_goes_away_lets_the_contact_through(api):
    operator, source = api.desk()
    with api.psql.session() as session:
        hold(session, operator)
        with meanwhile(try_contact, api, source) as patient:
            poll(lambda: blocked(api), "the contact waits for the lock")
            session.run("rollback")
        answer, seconds = patient.result()
    assert answer.must(201)["operator_id"] == operator["id"] and seconds < PATIENCE_S


@test
def what_the_holder_did_is_seen(api):
    """The load is read behind the lock, not before it."""
    operator, source = api.desk(max_load_limit=1)
    lead = api.contact(api.source())["lead_id"]
    with api.psql.session() as session:
        hold(session, operator)
        with meanwhile(try_contact, api, source) as patient:
            poll(lambda: blocked(api), "the contact waits for the lock")
            session.run(f"insert into contacts (lead_id, source_id, operator_id, status, assigned_at) "
                        f"values ({lead}, {source['id']}, {operator['id']}, 'active', now())")
            session.run("commit")
    answer, _ = patient.result()
    assert (answer.must(201)["status"], answer.json["operator_id"]) == ("waiting", None)
    assert api.load(operator) == 1
    api.loads_must_match()


@test
def reading_needs_no_lock(api):
    operator, source = api.desk()
    contact = api.contact(source)
    with api.psql.session() as session:
        hold(session, operator)
        with Stopwatch() as watch:
            for path in (f"operators/{operator['id']}", "operators/", f"sources/{source['id']}/weights/",
                         "distribution/load/", f"contacts/{contact['id']}", "contacts/", "leads/", "/health/ready"):
                assert api.get(path).status == 200, path
    assert watch.seconds < QUICKLY_S


@test
def closing_and_changing_are_told_in_time(api):
    operator, source = api.desk()
    contact = api.contact(source)
    with api.psql.session() as session:
        hold(session, operator)
        for path, change in ((f"contacts/{contact['id']}", {"status": "closed"}),
                             (f"operators/{operator['id']}", {"max_load_limit": 3})):
            with Stopwatch() as watch:
                answer = api.patch(path, change)
            assert answer.status == 503 and watch.seconds < PATIENCE_S, str(answer)
    assert api.get(f"contacts/{contact['id']}").must(200) == contact
    assert api.close(contact)["status"] == "closed"
    assert api.load(operator) == 0


@test
def a_locked_lead_harms_only_the_contact_that_changes_it(api):
    (_, source), (_, free_source) = api.desk(max_load_limit=1000), api.desk(max_load_limit=1000)
    contact = api.contact(source)
    draft = {"lead_external_id": contact["lead_external_id"], "source_id": source["id"], "lead": {"name": "mine"}}
    with api.psql.session() as session:
        session.run("begin")
        session.run(f"update leads set name = 'locked' where id = {contact['lead_id']}")
        with meanwhile(api.post, "contacts/", draft) as patient:
            poll(lambda: metric(api, "leadd_intake_parked"), "the contact waits apart")
            times = [try_contact(api, one) for one in (free_source, source) * 5]
            session.run("rollback")
    assert {answer.status for answer, _ in times} == {201}
    assert max(seconds for _, seconds in times) < QUICKLY_S
    patient.result().must(201)
    assert api.get(f"leads/{contact['lead_id']}").must(200)["name"] == "mine"


@test
def a_lead_that_is_deleted_meanwhile_is_made_anew(api):
    """Nobody holds a lead without contacts: it was known before the lock, and is gone behind it."""
    operator, source = api.desk()
    lead = api.unique("lead")
    api.psql.run(f"insert into leads (external_id) values ('{lead}')")
    with api.psql.session() as session:
        hold(session, operator)
        with meanwhile(api.post, "contacts/", {"lead_external_id": lead, "source_id": source["id"]}) as patient:
            poll(lambda: blocked(api), "the contact waits for the load")
            session.run(f"delete from leads where external_id = '{lead}'")
            session.run("commit")
    contact = patient.result().must(201)
    assert contact["operator_id"] == operator["id"] and contact["lead_external_id"] == lead
    assert api.get(f"leads/{contact['lead_id']}").must(200)["external_id"] == lead
