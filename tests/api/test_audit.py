"""`leadd audit`: the rules that the schema cannot express; each broken one is found, named and, where promised, mended."""

import json
import random

import server as leadd
from harness import test
from storm import contacts, storm
from test_history import STRATEGIES, chosen, history, moved_world
from waiting import meanwhile, poll

MENDED = {"loads", "last_contacts", "progress", "hours", "departures"}


def audit(lab, *arguments, database=None):
    """(exit code, {rule: what it found})"""
    url = lab.postgres.url(database or lab.database)
    done = leadd.command(["audit", "--json", *arguments], DATABASE_URL=url)
    assert done.returncode in (0, 1) and done.stderr == "", done
    return done.returncode, {row["rule"]: row for row in json.loads(done.stdout)["rules"]}


def wrong(findings):
    return {name: row for name, row in findings.items() if row["wrong"] > row["mended"]}


def must_be_clean(lab, *arguments, database=None):
    code, findings = audit(lab, *arguments, database=database)
    assert not wrong(findings), wrong(findings)
    assert code == 0
    return findings


# -- each rule broken on purpose ------------------------------------------------------------------------------

def build_world(lab):
    """A database with a bit of everything, and nobody connected to it: others are copied from it. Its names."""
    name = lab.new_database("world")
    api = lab.serve(name)
    anna, boris, away = api.operator(max_load_limit=4), api.operator(), api.operator(is_active=False)
    source = api.source([(anna, 1), (boris, 2), (away, 1)])
    held = api.contact(source, message="held")
    closed = api.contact(source)
    api.patch(f"contacts/{closed['id']}", {"message": "between coming and closing"}).must(200)
    closed = api.close(closed)
    waiting = api.contact(api.source([(away, 1)]))
    keyed = api.post("contacts/", {"lead_external_id": "keyed", "source_id": source["id"]},
                     headers={"Idempotency-Key": "one"}).must(201)
    storm([api], contacts(api, source, 12), clients=4)
    api.psql.run("update distribution_progress set summed_until = now() + interval '1 second'; select pg_sleep(1)")
    code, findings = audit(lab, database=name)
    assert code == 1 and set(wrong(findings)) == {"hours"}, "the hours have not been summed up yet"
    must_be_clean(lab, "--repair", database=name)
    server = api.server
    server.must_leave_cleanly()
    lab.forget(server)
    return {"anna": anna["id"], "boris": boris["id"], "away": away["id"], "source": source["id"],
            "held": held["id"], "holder": held["operator_id"], "closed": closed["id"], "waiting": waiting["id"],
            "keyed": keyed["id"], "other": boris["id"] if held["operator_id"] == anna["id"] else anna["id"]}


# What somebody does to the database, the rules that notice it, and a word in an example.
CORRUPTIONS = {
    "a counter is too high": ("update operator_loads set active_load = active_load + 1 where operator_id = {holder}",
                              {"loads"}, "operator {holder}: the counter says"),
    "a counter is too low": ("update operator_loads set active_load = 0 where operator_id = {holder}",
                             {"loads"}, "operator {holder}: the counter says 0, but"),
    "a load row is gone": ("delete from operator_loads where operator_id = {holder}", {"loads"}, "no load row"),
    "a last contact is too old": ("update operator_loads set last_contact_id = 1 where operator_id = {boris}",
                                  {"last_contacts"}, "operator {boris}: last_contact_id is 1"),
    "contacts are closed unseen": ("update contacts set status = 'closed', closed_at = now() where id = {held}",
                                   {"loads", "holders"}, "contact {held}: it is closed"),
    "a contact changes hands unseen": ("update contacts set operator_id = {other} where id = {held}",
                                       {"loads", "holders"}, "contact {held}: it is active, operator {other}"),
    "a contact goes unseen": ("delete from contacts where id = {held}", {"loads", "holders"},
                              "contact {held}: it is gone"),
    "a contact comes unseen": ("insert into contacts (lead_id, source_id, waiting_reason) "
                               "select lead_id, source_id, 'full' from contacts where id = {held}",
                               {"history"}, "it has no history"),
    "a history loses its begin": ("update contact_history set kind = 'edited' where contact_id = {waiting}",
                                  {"history"}, "contact {waiting}: its history begins with edited"),
    "a history is broken": ("update contact_history set from_operator_id = {away} "
                            "where contact_id = {closed} and kind = 'closed'",
                            {"chains"}, "contact {closed}: entry"),
    "an entry between others is gone": ("delete from contact_history where contact_id = {closed} and kind = 'edited'",
                                        {"changes"}, "contact {closed}: it is of version 3, but its history has 2"),
    "nobody knows since when there is history": ("delete from history_start",
                                                 {"history"}, "history_start: its row is gone"),
    "an entry loses its choice": ("update contact_history set batch_id = null, ordinal = null, draw = null "
                                  "where contact_id = {held}",
                                  {"decisions"}, "operator {holder} got 1, but history says 0"),
    "an entry of one who waits loses its choice": ("update contact_history set batch_id = null, ordinal = null "
                                                   "where contact_id = {waiting}",
                                                   {"decisions"}, "1 waited, but history says 0"),
    "an entry loses its place in the batch": ("update contact_history set ordinal = null, reason = null "
                                              "where contact_id = {held}", {"decisions"},
                                              "contact {held} went to operator {holder}, which the record"),
    "a draw is another": ("update contact_history set draw = 3000000 where contact_id = {held}",
                          {"decisions"}, "contact {held} went to operator {holder}, which the record does not give"),
    "somebody full was chosen": ("update assignment_decisions d set limits = array[0, 0, 0] from contact_history h "
                                 "where h.contact_id = {held} and h.batch_id = d.batch_id",
                                 {"decisions"}, "contact {held} went to operator {holder}"),
    "a contact waits though somebody could": ("update assignment_decisions d set are_active = '{{t}}' "
                                              "from contact_history h "
                                              "where h.contact_id = {waiting} and h.batch_id = d.batch_id",
                                              {"decisions"}, "contact {waiting} went to operator 0"),
    "a decision counts wrongly": ("update assignment_decisions d set assigned = array[7, 7, 0] from contact_history h "
                                  "where h.contact_id = {held} and h.batch_id = d.batch_id",
                                  {"decisions", "hours"}, "operator {anna} got 7, but history says"),
    "a decision expects wrongly": ("update assignment_decisions d set expected = array[0.334, 0.666, 0] "
                                   "from contact_history h "
                                   "where h.contact_id = {held} and h.batch_id = d.batch_id",
                                   {"decisions", "hours"}, "operator {anna} was expected to get 0.334000, "
                                   "but its chances come to 0.333333"),
    "a decision expects the impossible": ("update assignment_decisions d set expected = '{{-5}}' "
                                          "from contact_history h "
                                          "where h.contact_id = {waiting} and h.batch_id = d.batch_id",
                                          {"decisions"}, "operator {away} was expected to get -1.000000"),
    "a decision is gone": ("delete from assignment_decisions d using contact_history h "
                           "where h.contact_id = {held} and h.batch_id = d.batch_id",
                           {"references", "hours"}, "whose decision is not there"),
    "a decision cannot be read": ("update assignment_decisions d set weights = '{{1}}' from contact_history h "
                                  "where h.contact_id = {held} and h.batch_id = d.batch_id",
                                  {"decisions"}, "it cannot be read"),
    "an hour counts wrongly": ("update distribution_hours set assigned = assigned + 1 where operator_id = {holder}",
                               {"hours"}, "source {source}, operator {holder}"),
    "an hour expects wrongly": ("update distribution_hours set expected = expected + 0.001 "
                                "where operator_id = {holder}", {"hours"}, "source {source}, operator {holder}"),
    "an hour is missing": ("delete from distribution_hours", {"hours"}, "source {source}, operator {anna}"),
    "an hour is invented": ("insert into distribution_hours values ({source}, '2020-01-01 00:00Z', {away}, 1, 1)",
                            {"hours"}, "2020-01-01 00:00: 1 of 1.000 expected, but decisions say 0 of 0"),
    "the mark of the hours is gone": ("delete from distribution_progress",
                                      {"progress"}, "distribution_progress: its row is gone"),
    "the mark of the hours is ahead": ("update distribution_progress set summed_until = now() + interval '1 day'",
                                       {"progress"}, "which is to come: the clock went back"),
    "a key leads nowhere": ("update idempotency_keys set contact_id = 999999", {"keys"}, "contact 999999 is not there"),
    "a key gives another's answer": ("update idempotency_keys set contact_id = {held}",
                                     {"keys"}, "contact {held} is not what its answer is about"),
    "an assignment has no time": ("update contacts set assigned_at = null where id = {held}",
                                  {"times"}, "contact {held}: created"),
    "a contact was closed before it came": ("update contacts set closed_at = created_at - interval '1 day' "
                                            "where id = {closed}", {"times"}, "contact {closed}: created"),
    "somebody active departs": ("insert into operator_departures values ({anna}, 'release')",
                                {"departures"}, "operator {anna}: its contacts are to be moved (release)"),
    "somebody unknown departs": ("insert into operator_departures values (999999, 'release')",
                                 {"departures"}, "operator 999999"),
    "a lead is gone": ("delete from leads where external_id = 'keyed'", {"references"}, "contact {keyed}: no lead"),
    "an operator is gone": ("delete from operators where id = {away}; delete from operator_loads "
                            "where operator_id = {away}", {"references"}, "operator {away}: no such operator"),
    "ids begin again": ("select setval('contacts_id_seq', 2)", {"sequences"}, "the next one would be 3"),
    "a trigger is off": ("alter table contacts disable trigger contacts_count_updated",
                         {"triggers"}, "trigger contacts_count_updated of contacts is switched off"),
    "foreign keys are off": ("alter table source_operator_weights disable trigger all",
                             {"triggers"}, "foreign key source_operator_weights_source_id_fkey"),
    "a trigger is gone": ("drop trigger contacts_record_deleted on contacts",
                          {"triggers"}, "trigger contacts_record_deleted of contacts is missing"),
}


@test
def every_broken_rule_is_found_and_mended_where_it_can_be(lab):
    names = build_world(lab)
    for number, (what, (sql, rules, example)) in enumerate(CORRUPTIONS.items()):
        database = f"broken_{number}"
        lab.postgres.create(database, "world")
        lab.psql(database).run(f"set session_replication_role = replica; {sql.format(**names)}")

        code, findings = audit(lab, database=database)

        found = wrong(findings)
        assert (code, set(found)) == (1, rules), (what, found)
        lines = [line for row in found.values() for line in row["examples"]]
        assert any(example.format(**names) in line for line in lines), (what, lines)

        code, findings = audit(lab, "--repair", database=database)
        assert set(wrong(findings)) == rules - MENDED, (what, findings)
        assert all(findings[rule]["mended"] == found[rule]["wrong"] for rule in rules & MENDED), (what, findings)
        assert code == (1 if rules - MENDED else 0), what
        if not rules - MENDED:
            must_be_clean(lab, database=database)


@test
def hours_are_kept_when_their_mark_is_put_back(lab):
    """What was summed up is neither lost nor counted twice."""
    api = lab.serve(lab.new_database("unmarked"))
    _, source = api.desk(max_load_limit=1000)
    for _ in range(5):
        api.contact(source)
    server = api.server
    server.must_leave_cleanly()
    lab.forget(server)
    psql = lab.psql("unmarked")
    psql.run("set session_replication_role = replica; update contact_history set at = at - interval '2 hours'; "
             "update assignment_decisions set at = at - interval '2 hours'; "
             "update distribution_progress set summed_until = now() - interval '1 hour'")
    audit(lab, "--repair", database="unmarked")
    hours = psql.run("select source_id, hour, operator_id, expected, assigned from distribution_hours order by 1, 2, 3")
    assert sum(int(hour[4]) for hour in hours) == 5
    for loss in ("delete from distribution_progress",
                 "update distribution_progress set summed_until = now() + interval '1 day'"):
        psql.run(loss)

        must_be_clean(lab, "--repair", database="unmarked")

        assert psql.run("select source_id, hour, operator_id, expected, assigned from distribution_hours "
                        "order by 1, 2, 3") == hours, loss
        assert psql.count("distribution_progress where summed_until between now() - interval '3 minutes' and now()"
                          ) == 1, loss


@test
def the_table_names_rules_and_examples(api, lab):
    operator, source = api.desk()
    api.contact(source)
    api.psql.run(f"update operator_loads set active_load = 9 where operator_id = {operator['id']}")
    url = lab.postgres.url(lab.database)

    done = leadd.command(["audit"], DATABASE_URL=url)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[1].split()[:4] == ["rule", "checked", "wrong", "mended"]
    assert lines[2].split()[0] == "loads" and lines[2].split()[2:4] == ["1", "0"]
    assert lines[3] == f"    operator {operator['id']}: the counter says 9, but 1 active contacts"

    done = leadd.command(["audit", "--repair"], DATABASE_URL=url)
    assert done.returncode == 0
    assert done.stdout.splitlines()[2].split()[2:4] == ["1", "1"]
    assert api.load(operator) == 1


@test
def the_database_is_named_and_the_password_is_not(lab):
    url = f"host={lab.postgres.folder} user=postgres password=verysecret dbname={lab.database}"
    for arguments in ([], ["--repair"]):
        done = leadd.command(["audit", *arguments], DATABASE_URL=url)
        assert done.stdout.splitlines()[0] == f"database {lab.database}, socket in {lab.postgres.folder}, port 5432"
        assert "verysecret" not in done.stdout + done.stderr
    done = leadd.command(["audit", "--json"], DATABASE_URL=f"{url} port=5432")
    assert json.loads(done.stdout)["database"] == {"host": lab.postgres.folder, "port": "5432", "name": lab.database}


@test
def every_trigger_of_the_schema_is_looked_at(api, lab):
    findings = must_be_clean(lab)
    assert findings["triggers"]["checked"] == api.psql.count(
        "pg_trigger where not tgisinternal and tgrelid in (select oid from pg_class "
        "where relnamespace = 'public'::regnamespace)")


@test
def contacts_that_were_given_another_source_are_no_fault(lab):
    name = lab.new_database("moved")
    moved_world(lab.serve(name))
    assert not set(wrong(audit(lab, database=name)[1])) - {"hours"}


# -- while the service works ----------------------------------------------------------------------------------

def busy_world(api, dice):
    """Sources of every strategy that share operators."""
    team = [api.operator(max_load_limit=dice.choice([0, 1, 2, 5, 10, 30, 100]), is_active=dice.random() < 0.9)
            for _ in range(12)]
    sources = []
    for number in range(12):
        weights = [(operator, dice.choice([0, 0.001, 0.5, 1, 1, 2, 7.25, 1000])) for operator in
                   dice.sample(team, dice.randint(1, 8))]
        sources.append(api.source(weights, strategy=STRATEGIES[number % 4], backlog=dice.choice(["manual", "auto"]),
                                  sticky_seconds=dice.choice([0, 3600])))
    return team, sources


def busy_requests(sources, dice, count):
    for index in range(count):
        yield "POST", "contacts/", {"lead_external_id": f"busy-{dice.randrange(count // 4)}",
                                    "source_id": dice.choice(sources)["id"], "message": str(index)}


def something_else(team, dice):
    """What happens to some contacts after they came."""

    def then(answer):
        if answer.method != "POST" or answer.status != 201 or dice.random() < 0.3:
            return None
        contact = f"contacts/{answer.json['id']}"
        if dice.random() < 0.1:
            return "PATCH", f"operators/{dice.choice(team)['id']}", {"max_load_limit": dice.randint(0, 40)}
        if dice.random() < 0.15:
            return "POST", f"{contact}/assign", {}
        if dice.random() < 0.1:
            return "POST", f"{contact}/release", {}
        return "PATCH", contact, {"status": "closed"}

    return then


@test
def thousands_of_random_choices_can_be_made_again(api, twin, lab):
    dice = random.Random(11)
    for round_number in range(4):
        team, sources = busy_world(api, dice)
        answers = storm([api, twin], busy_requests(sources, dice, 1000), clients=48, then=something_else(team, dice))
        assert {answer.status for answer in answers} <= {200, 201, 409}
    made = [answer.json for answer in answers if answer.status == 201 and answer.method == "POST"]

    findings = must_be_clean(lab, "--decisions", 1000000)

    assert findings["decisions"]["checked"] >= 4000
    kinds = dict(api.psql.run("select reason, count(*) from contact_history where batch_id is not null group by 1"))
    assert all(int(kinds.get(kind, 0)) > 30 for kind in (*STRATEGIES, "sticky", "full")), kinds
    assert api.psql.count("contact_history where batch_id is not null and kind = 'transferred'") > 5
    assert api.psql.count("contact_history where ordinal > 3") > 300, "hardly any batches of several"
    for contact in dice.sample(made, 150):
        for entry in history(api, contact):
            if entry["decision"] and not entry["decision"]["is_sticky"]:
                assert chosen(entry["decision"]) == entry["to"], entry


def many_changes(team, dice):
    """A contact is changed in all ways, again and again; operators come and go."""

    def then(answer):
        if answer.status not in (200, 201) or "lead_id" not in answer.json or dice.random() < 0.2:
            return None
        contact = f"contacts/{answer.json['id']}"
        operator = dice.choice(team)["id"]
        if answer.json["status"] == "closed":
            return "PATCH", contact, {"status": "active"}
        return dice.choice([
            ("PATCH", contact, {"status": "closed"}), ("PATCH", contact, {"message": str(dice.random())}),
            ("PATCH", contact, {"message": None}), ("POST", f"{contact}/release", {}),
            ("POST", f"{contact}/assign", {}), ("POST", f"{contact}/assign", {}),
            ("POST", f"{contact}/assign", {"operator_id": operator, "force": dice.random() < 0.5}),
            ("PATCH", f"operators/{operator}", {"is_active": True, "max_load_limit": dice.randint(0, 60)}),
            ("PATCH", f"operators/{operator}", {"is_active": False, "active_contacts": dice.choice(
                ["keep", "release", "redistribute"])})])

    return then


@test
def whatever_is_done_to_a_contact_is_told_once(api, twin, lab):
    dice = random.Random(14)
    team, sources = busy_world(api, dice)
    answers = storm([api, twin], busy_requests(sources, dice, 1500), clients=32, then=many_changes(team, dice))
    assert {answer.status for answer in answers} <= {200, 201, 409}
    api.psql.run("update contacts set message = 'by hand' where id % 7 = 0; "
                 "update contacts set status = 'closed' where id % 5 = 0; delete from contacts where id % 11 = 0")

    findings = must_be_clean(lab, "--decisions", 1000000)

    assert findings["changes"]["checked"] >= 1500
    kinds = dict(api.psql.run("select kind, count(*) from contact_history group by 1"))
    assert len(kinds) == 8 and all(int(count) > 30 for count in kinds.values()), kinds
    assert api.psql.count("contact_history where from_operator_id = to_operator_id and kind = 'assigned'") > 5
    assert api.psql.count("contact_history where reason = 'operator_left'") > 5
    assert api.psql.count("contact_history where actor = 'system' and kind = 'transferred'") > 5


@test
def only_the_newest_decisions_are_made_again(api, lab):
    _, source = api.desk(max_load_limit=1000)
    for _ in range(3):
        storm([api], contacts(api, source, 100), clients=50)
    everything = must_be_clean(lab)["decisions"]["checked"]
    some = must_be_clean(lab, "--decisions", 1)["decisions"]["checked"]
    assert 1 <= some < everything


@test
def a_busy_service_gives_no_false_alarm(api, twin, lab):
    dice = random.Random(12)
    team, sources = busy_world(api, dice)
    audits = []

    def work():
        storm([api, twin], busy_requests(sources, dice, 2500), clients=48, then=something_else(team, dice))

    with meanwhile(work) as job:
        while not job.done():
            audits.append(must_be_clean(lab, "--decisions", 300)["history"]["checked"])
    assert len(audits) > 2 and audits[-1] - audits[0] > 300, audits
    must_be_clean(lab)


@test
def mending_is_safe_while_the_service_works(api, twin, lab):
    """Counters are spoilt and mended all the time; in the end everything is right, and nobody got an error."""
    dice = random.Random(13)
    team = [api.operator(max_load_limit=1000000) for _ in range(6)]
    sources = [api.source([(operator, 1) for operator in dice.sample(team, 4)]) for _ in range(4)]
    rounds = 0

    def work():
        def close(answer):
            return ("PATCH", f"contacts/{answer.json['id']}", {"status": "closed"}) if answer.status == 201 else None

        return storm([api, twin], busy_requests(sources, dice, 2000), clients=48, then=close)

    with meanwhile(work) as job:
        while not job.done():
            api.psql.run(f"update operator_loads set active_load = active_load + 1000, last_contact_id = 0 "
                         f"where operator_id = {dice.choice(team)['id']}")
            audit(lab, "--repair", "--decisions", 1)
            rounds += 1
    assert rounds > 2
    assert {answer.status for answer in job.result()} <= {200, 201}
    audit(lab, "--repair")
    must_be_clean(lab, "--decisions", 1)
    api.loads_must_match()


@test
def who_waited_for_a_wrong_counter_is_served_when_it_is_mended(api, lab):
    operator = api.operator(max_load_limit=5)
    source = api.source([(operator, 1)], backlog="auto")
    api.psql.run(f"update operator_loads set active_load = 5 where operator_id = {operator['id']}")
    contact = api.contact(source)
    assert contact["status"] == "waiting"

    must_be_clean(lab, "--repair")

    poll(lambda: api.get(f"contacts/{contact['id']}").must(200)["operator_id"] == operator["id"],
         "the contact has its operator", seconds=5)


@test
def a_key_may_outlive_a_contact_that_was_deleted(api, lab):
    _, source = api.desk()
    contact = api.post("contacts/", {"lead_external_id": "gone", "source_id": source["id"]},
                       headers={"Idempotency-Key": "of-one-that-goes"}).must(201)
    api.psql.run(f"delete from contacts where id = {contact['id']}")
    must_be_clean(lab)


@test
def a_reader_may_audit(api, lab):
    api.psql.run("drop role if exists auditor; create role auditor login; "
                 "grant select on all tables in schema public to auditor; "
                 "grant select on all sequences in schema public to auditor")
    url = lab.postgres.url(lab.database).replace("user=postgres", "user=auditor")
    done = leadd.command(["audit"], DATABASE_URL=url)
    api.psql.run("drop owned by auditor; drop role auditor")
    assert done.returncode == 0, done


@test
def truncated_contacts_leave_their_history(lab):
    """Last, because it empties this file's tables."""
    api = lab.serve(lab.new_database("emptied"))
    _, source = api.desk()
    contact = api.contact(source)
    api.psql.run("truncate contacts cascade")
    assert api.psql.value(f"select kind from contact_history where contact_id = {contact['id']} "
                          "order by id desc limit 1") == "deleted"
    must_be_clean(lab, database="emptied")
