"""Backup and restore as docs/OPERATIONS.md has them: pg_dump of a database at work, restored elsewhere, and served again."""

import json
import os
import subprocess

import server as leadd
from harness import test
from postgres import Postgres, Psql, clean_environment
from storm import contacts, storm
from waiting import meanwhile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CONTENTS = """
select table_name, (xpath('/row/rows/text()', query_to_xml(format(
        'select count(*) || '' '' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) as rows from %I as t',
        table_name), true, true, '')))[1]
  from information_schema.tables
 where table_schema = 'public' and table_type = 'BASE TABLE'
union all
select sequencename, last_value::text::xml from pg_sequences
 order by 1
"""


def tool(postgres, name, *arguments):
    """pg_dump and its like, as an administrator types them; what it printed."""
    done = subprocess.run([f"{postgres.bin}/{name}", *arguments], capture_output=True, text=True, cwd="/", timeout=120,
                          env=clean_environment(), check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def has_tools(lab):
    if os.path.exists(f"{lab.postgres.bin}/pg_dump"):
        return True
    print("left out: backup and restore, for want of pg_dump")
    return False


def dump(lab, database):
    path = f"{lab.folder}/{database}.dump"
    tool(lab.postgres, "pg_dump", "-Fc", "-B", "-f", path, "-d", lab.postgres.url(database))
    os.chmod(path, 0o644)
    return path


def restore(postgres, path, database, *options):
    postgres.create(database)
    tool(postgres, "pg_restore", "--no-owner", "--single-transaction", *options, "-d", postgres.url(database), path)


def make_role(postgres, database):
    tool(postgres, "psql", "-X", "-q", "-f", f"{ROOT}/deploy/reporting_role.sql", "-d", postgres.url(database))


def read_as_reporting(postgres, database):
    psql = Psql(postgres, database)
    psql.command[-1] = psql.command[-1].replace("user=postgres", "user=reporting")
    return psql.run("select operator_id, active_load from load_now order by 1")


def audit(url, *arguments):
    """The rules that found something wrong."""
    done = leadd.command(["audit", "--json", *arguments], DATABASE_URL=url)
    rules = json.loads(done.stdout)["rules"]
    assert len(rules) > 10
    return {rule["rule"]: rule for rule in rules if rule["wrong"] > rule["mended"]}


def busy_world(api):
    anna, boris = api.operator(max_load_limit=40), api.operator(max_load_limit=40)
    source = api.source([(anna, 1), (boris, 2)], sticky_seconds=60)
    keyed = api.post("contacts/", {"lead_external_id": "keyed", "source_id": source["id"], "payload": {"ä": [1, None]}},
                     headers={"Idempotency-Key": "one"}).must(201)
    api.close(api.contact(source))
    storm([api], contacts(api, source, 120), clients=8)
    return source, keyed


@test
def a_dump_restored_in_another_database_is_served_as_it_was(lab):
    if not has_tools(lab):
        return
    name = lab.new_database("backup")
    api = lab.serve(name)
    source, keyed = busy_world(api)
    history = api.get(f"contacts/{keyed['id']}/history").must(200)
    server = api.server
    server.must_leave_cleanly()
    lab.forget(server)
    restore(lab.postgres, dump(lab, name), "restored")

    before, after = (lab.psql(database).run(CONTENTS) for database in (name, "restored"))
    assert len(before) > 15 and before == after
    assert read_as_reporting(lab.postgres, "restored") == read_as_reporting(lab.postgres, name)
    again = lab.serve("restored")
    again.loads_must_match()
    assert again.get(f"contacts/{keyed['id']}/history").must(200) == history
    newest = int(again.psql.value("select max(id) from contacts"))
    assert again.contact(source)["id"] > newest
    replayed = again.post("contacts/", {"lead_external_id": "keyed", "source_id": source["id"],
                                        "payload": {"ä": [1, None]}}, headers={"Idempotency-Key": "one"}).must(201)
    assert replayed["id"] == keyed["id"]
    again.close(again.contact(source))
    again.loads_must_match()
    assert not set(audit(lab.postgres.url("restored"))) - {"hours"}


@test
def a_dump_taken_while_contacts_come_in_is_whole(lab):
    if not has_tools(lab):
        return
    name = lab.new_database("backup_busy")
    api = lab.serve(name)
    source, _ = busy_world(api)
    with meanwhile(storm, [api], contacts(api, source, 600), 8) as load:
        path = dump(lab, name)
    assert len(load.result()) == 600
    restore(lab.postgres, path, "restored_busy")
    url = lab.postgres.url("restored_busy")
    assert not audit(url, "--repair")
    again = lab.serve("restored_busy")
    again.loads_must_match()
    again.contact(source)


@test
def a_dump_goes_to_a_server_that_knows_no_role_reporting(lab):
    if not has_tools(lab):
        return
    name = lab.new_database("backup_moves")
    api = lab.serve(name)
    busy_world(api)
    loads = read_as_reporting(lab.postgres, name)
    path = dump(lab, name)
    elsewhere = Postgres()
    try:
        restore(elsewhere, path, "without", "--no-privileges")
        make_role(elsewhere, "without")
        assert read_as_reporting(elsewhere, "without") == loads
        Psql(elsewhere, "without").run("drop owned by reporting; drop role reporting")
        make_role(elsewhere, "postgres")
        restore(elsewhere, path, "with_role")
        assert read_as_reporting(elsewhere, "with_role") == loads
        assert not set(audit(elsewhere.url("without"))) - {"hours"}
    finally:
        elsewhere.close()
