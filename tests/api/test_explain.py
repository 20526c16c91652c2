"""`leadd explain`: why a contact went where it went, in words."""

import re

import server as leadd
from harness import test
from test_history import moved_world
from waiting import poll

UNKNOWN = 2**62


def explain(api, lab, contact):
    """What it says, one text a paragraph: the contact, then each thing that happened."""
    done = leadd.command(["explain", contact["id"]], DATABASE_URL=lab.postgres.url(lab.database))
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.strip("\n").split("\n\n")


@test
def a_choice_by_chance_is_told_with_everybody_who_was_considered(api, lab):
    anna, boris = api.operator(name="Anna", max_load_limit=3), api.operator(name="Boris")
    full, away = api.operator(name="Carla", max_load_limit=0), api.operator(name="Dora", is_active=False)
    source = api.source([(anna, 1), (boris, 2.5), (full, 3), (away, 4), (api.operator(name="Emil"), 0)])
    contact = api.contact(source)
    winner = {anna["id"]: "Anna", boris["id"]: "Boris"}[contact["operator_id"]]

    head, entry = explain(api, lab, contact)

    assert f"Contact {contact['id']} of lead {contact['lead_external_id']}" in head
    assert f"Now it is active, with {winner} (operator {contact['operator_id']})" in head
    lines = entry.splitlines()
    assert lines[0] == (f"{contact['created_at'][:-1].replace('T', ' ')} UTC: {winner} "
                        f"(operator {contact['operator_id']}) got it, by a request to the API.")
    assert lines[1] == "  Why: at random, in proportion to the weights (weighted_random)."
    assert re.fullmatch(r"  At that moment \(choice 1 of batch \d+, strategy weighted_random\):", lines[2])
    assert lines[3:10] == [
        "  Could take it:",
        f"    Anna (operator {anna['id']}): weight 1, load 0 of 3",
        f"    Boris (operator {boris['id']}): weight 2.5, load 0 of 10",
        "  Could not:",
        f"    Carla (operator {full['id']}): weight 3, load 0 of 0: full",
        f"    Dora (operator {away['id']}): weight 4, load 0 of 10: inactive",
        f"    Emil (operator {away['id'] + 1}): weight 0, load 0 of 10: weight 0"]
    drawn = re.fullmatch(r"  Drawn: ([\d.]+), from 0 to below 3\.5; from ([\d.]+) to below ([\d.]+) it is (\w+) .*", lines[10])
    draw, start, end = (float(drawn[group]) for group in (1, 2, 3))
    assert start <= draw < end and drawn[4] == winner
    assert (start, end) == {"Anna": (0, 1), "Boris": (1, 3.5)}[winner]
    assert lines[11:] == ["  Made again from the record: the same."]


@test
def strategies_show_what_they_look_at(api, lab):
    shown = {"smooth_weighted": "credit 1, with its weight 2", "least_loaded": "load 0 of 10",
             "least_recent": "no contact before"}
    for strategy, words in shown.items():
        source = api.source([(api.operator(), 1) for _ in range(3)], strategy=strategy)
        api.contact(source)

        entry = explain(api, lab, api.contact(source))[1]

        assert f"({strategy})" in entry and words in entry and "Drawn" not in entry, entry
        assert entry.endswith("Made again from the record: the same."), entry


@test
def a_choice_for_the_source_before_can_be_made_again(api, lab):
    made, _ = moved_world(api)
    for contact, choices in zip(made, (1, 1, 2)):
        told = "\n".join(explain(api, lab, contact))
        assert told.count("At that moment") == told.count("Made again from the record: the same.") == choices, told


@test
def everything_that_happened_is_told_in_order(api, lab):
    anna, source = api.desk(name="Anna")
    boris = api.operator(name="Boris")
    contact = api.contact(source)
    api.close(contact)
    api.patch(f"contacts/{contact['id']}", {"status": "active"}).must(200)
    api.patch(f"contacts/{contact['id']}", {"message": "more"}).must(200)
    api.psql.run(f"update contacts set operator_id = {boris['id']} where id = {contact['id']}")
    api.psql.run(f"update contacts set operator_id = null, status = 'waiting' where id = {contact['id']}")
    api.close(contact)
    role = api.psql.value("select session_user")

    heads = [part.splitlines()[0].partition(" UTC: ")[2] for part in explain(api, lab, contact)[1:]]

    who = f"Anna (operator {anna['id']})"
    assert heads == [f"{who} got it, by a request to the API.",
                     f"it was closed; {who} had it, by a request to the API.",
                     f"it was opened again, and {who} has it, by a request to the API.",
                     f"it was edited; {who} has it, by a request to the API.",
                     f"it went from {who} to Boris (operator {boris['id']}), in the database, by the role {role}.",
                     f"it was taken from Boris (operator {boris['id']}) and waits, in the database, by the role {role}.",
                     "it was closed while it waited, by a request to the API."]


@test
def a_waiting_contact_says_why_it_waits(api, lab):
    contact = api.contact(api.source([(api.operator(name="Carla", max_load_limit=0), 1)]))
    head, entry = explain(api, lab, contact)
    assert head.endswith("Now it is waiting.")
    assert "nobody could take it, so it waits" in entry and "everybody who is active and has a weight was full" in entry
    assert "Could take it: nobody" in entry and "load 0 of 0: full" in entry


@test
def one_in_the_queue_and_one_whose_operator_left_say_so(api, lab):
    anna, source = api.desk(name="Anna")
    held = api.contact(source)
    api.patch(f"operators/{anna['id']}", {"is_active": False, "active_contacts": "release"}).must(200)
    poll(lambda: api.load(anna) == 0, "the contact is released")
    told = explain(api, lab, held)[-1]
    assert f"it was taken from Anna (operator {anna['id']}) and waits, by the service itself." in told, told
    assert "Why: the operator who had it left (operator_left)." in told, told

    queued = api.psql.value("insert into contacts (lead_id, source_id, waiting_reason) "
                            f"values ({held['lead_id']}, {source['id']}, 'queued') returning id")
    told = explain(api, lab, {"id": queued})[-1]
    assert "UTC: it waits its turn, " in told and "nobody could" not in told, told
    assert "Why: older contacts waited for the same operators and go first (queued)." in told, told


@test
def a_record_that_does_not_fit_is_called_so(api, lab):
    _, source = api.desk()
    contact = api.contact(source)
    row = f"contact_id = {contact['id']}"
    batch = f"batch_id = (select batch_id from contact_history where {row})"

    api.psql.run(f"update assignment_decisions set limits = '{{0}}' where {batch}")
    assert "Made again from the record: SOMETHING ELSE" in explain(api, lab, contact)[1]

    api.psql.run(f"update assignment_decisions set limits = '{{}}' where {batch}")
    assert "cannot be told any more" in explain(api, lab, contact)[1]


@test
def a_deleted_contact_still_has_its_story(api, lab):
    _, source = api.desk(name="Anna")
    contact = api.contact(source)
    api.psql.run(f"delete from contacts where id = {contact['id']}")

    head, first, last = explain(api, lab, contact)

    assert head == f"Contact {contact['id']} is no longer there."
    assert "Anna" in first and "it was deleted; Anna" in last


@test
def names_cannot_play_with_the_terminal(api, lab):
    anna = api.operator(name="An\u001b[31mna\u009b2J\ttab")
    contact = api.contact(api.source([(anna, 1)]))
    words = "\n".join(explain(api, lab, contact))
    assert "An?[31mna?2J?tab (operator" in words and "\x1b" not in words and "\x9b" not in words


@test
def a_contact_older_than_its_history_is_told_from(api, lab):
    contact = api.contact(api.source())
    api.psql.run(f"set session_replication_role = replica; "
                 f"delete from contact_history where contact_id = {contact['id']}")
    assert "It is older than the history" in explain(api, lab, contact)[0]


@test
def what_cannot_be_explained_has_its_exit_code(api, lab):
    url = lab.postgres.url(lab.database)
    for arguments, code, said in ((["explain", UNKNOWN], 1, f"there is no contact {UNKNOWN}"),
                                  (["explain"], 2, "contact id is missing"), (["explain", "first"], 2, "no contact id"),
                                  (["explain", "0"], 2, "no contact id"), (["explain", "1", "2"], 2, "one too many")):
        done = leadd.command(arguments, DATABASE_URL=url)
        assert (done.returncode, done.stdout) == (code, "") and said in done.stderr, (arguments, done)


@test
def a_database_that_cannot_be_used_has_its_exit_code(lab):
    lab.postgres.create("nothing_yet")
    for url, said in ((lab.postgres.url("nothing_yet"), "leadd migrate"), (lab.postgres.url("nowhere"), "no such database"),
                      ("postgresql://127.0.0.1:1/x", "cannot be reached")):
        for arguments in (["explain", 1], ["audit"]):
            done = leadd.command(arguments, DATABASE_URL=url)
            assert (done.returncode, done.stdout) == (4, "") and said in done.stderr, (url, done)


@test
def without_a_database_url_the_private_one_has_to_run(lab):
    done = leadd.command(["explain", 1], DATA_DIR=f"{lab.folder}/none")
    assert (done.returncode, done.stdout) == (4, "")
    assert "DATABASE_URL is not set, and no private PostgreSQL runs on" in done.stderr, done
