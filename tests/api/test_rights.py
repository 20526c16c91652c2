"""The rights that docs/OPERATIONS.md gives to the role that serves, and to the one that migrates, are enough."""

import os
import re

import server as leadd
from harness import test
from waiting import poll

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def grants(role="leadd_app"):
    """The statements of the docs that come after `leadd migrate`, which the tests run as postgres."""
    with open(f"{ROOT}/docs/OPERATIONS.md", encoding="utf-8") as file:
        (block,) = [block for block in re.findall(r"```sql\n(.*?)```", file.read(), re.DOTALL) if "leadd_app" in block]
    block = block[block.index("create role leadd_app"):]
    assert "for role leadd " in block
    return block.replace("for role leadd ", "for role postgres ").replace("leadd_app", role)


def url_as(lab, role, database):
    return lab.postgres.url(database).replace("user=postgres", f"user={role}")


@test
def the_role_that_serves_needs_no_more_than_the_docs_say(lab):
    name = lab.new_database("rights")
    psql = lab.psql(name)
    psql.run(grants())
    server = leadd.Server(lab.folder, "leadd-app", url_as(lab, "leadd_app", name), {})
    lab.servers.append(server)
    api = lab.client(server, name)
    poll(api.is_ready, "leadd is ready", seconds=20)

    anna, source = api.desk(max_load_limit=2)
    boris = api.operator()
    first, second = (api.contact(source) for _ in "12")
    assert api.contact(source)["status"] == "waiting"
    api.close(first)
    api.post(f"contacts/{second['id']}/release", {}).must(200)
    api.post(f"contacts/{second['id']}/assign", {"operator_id": boris["id"]}).must(200)
    api.patch(f"sources/{source['id']}", {"backlog": "auto"}).must(200)
    poll(lambda: api.load(anna) == 1, "who waited is assigned")
    draft = {"lead_external_id": api.unique("lead"), "source_id": source["id"]}
    for _ in "12":
        api.post("contacts/", draft, headers={"Idempotency-Key": "once"}).must(201)
    api.delete(f"operators/{api.operator()['id']}").must(204)
    assert api.get(f"distribution/sources/{source['id']}").must(200)["assigned"] >= 3
    api.loads_must_match()
    assert "sqlstate=" not in server.log_text()


@test
def what_an_upgrade_makes_can_be_used_at_once(lab):
    """Old processes go on serving on the new schema, before anybody could grant anything."""
    psql = lab.psql(lab.new_database("rights_upgrade"))
    psql.run(grants("leadd_upgraded"))
    psql.run("create table of_an_upgrade (id bigserial, made bigint generated always as identity)")
    psql.run("""set role leadd_upgraded; insert into of_an_upgrade default values; update of_an_upgrade set id = 2;
        delete from of_an_upgrade""")


@test
def a_missing_right_is_told_at_the_start(lab):
    """Not with the first contact: the service would be ready, and refuse all of them."""
    name = lab.new_database("rights_missing")
    psql = lab.psql(name)
    psql.run(grants("leadd_lacks"))
    tables = [table for table, in psql.run("select tablename from pg_tables where schemaname = 'public' order by 1")]
    sequences = [found for found, in psql.run("select sequencename from pg_sequences where schemaname = 'public'")]
    tables.remove("schema_migrations")
    rights = [(("select", "insert", "update", "delete")[place % 4], table) for place, table in enumerate(tables)]
    for privilege, thing in rights + [("usage", sequence) for sequence in sequences]:
        kind = "sequence" if privilege == "usage" else "table"
        psql.run(f"revoke {privilege} on {kind} {thing} from leadd_lacks")
        done = leadd.command([], DATABASE_URL=url_as(lab, "leadd_lacks", name), PORT="0")
        assert (done.returncode, f"{privilege} on {thing}" in done.stderr) == (4, True), (privilege, thing, done)
        psql.run(f"grant {privilege} on {kind} {thing} to leadd_lacks")


@test
def a_right_that_is_taken_away_is_no_fault_of_the_request(lab):
    name = lab.new_database("rights_lost")
    psql = lab.psql(name)
    psql.run(grants("leadd_loses"))
    server = leadd.Server(lab.folder, "leadd-loses", url_as(lab, "leadd_loses", name), {})
    lab.servers.append(server)
    api = lab.client(server, name)
    poll(api.is_ready, "leadd is ready", seconds=20)
    _, source = api.desk()
    draft = {"lead_external_id": "one", "source_id": source["id"]}
    psql.run("revoke insert on contact_history from leadd_loses")
    assert api.post("contacts/", draft).problem == "unavailable"
    psql.run("grant insert on contact_history to leadd_loses")
    api.post("contacts/", draft).must(201)


@test
def a_database_that_is_read_only_is_not_ready(lab):
    name = lab.new_database("read_only")
    api = lab.serve(name)
    psql = lab.psql(name)
    psql.run(f"""alter database {name} set default_transaction_read_only = on;
        select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()""")
    poll(lambda: not api.is_ready(), "it is not ready")
    poll(lambda: "read-only" in api.server.log_text(), "the log says why")
    assert not api.is_ready()
    psql.run(f"set default_transaction_read_only = off; alter database {name} reset default_transaction_read_only")
    poll(api.is_ready, "it is ready again", seconds=20)


@test
def a_password_in_a_file_is_changed_without_a_restart(lab):
    """The tests' server asks nobody for a password; what counts is that the new one is taken."""
    path = f"{lab.folder}/password"
    with open(path, "w", encoding="utf-8") as file:
        file.write("first\n")
    api = lab.serve(lab.new_database("password"), DATABASE_PASSWORD_FILE=path)
    with open(path, "w", encoding="utf-8") as file:
        file.write("second\n")
    poll(lambda: "db.password_renewed" in api.server.log_text(), "the new password is taken")
    assert "second" not in api.server.log_text()


@test
def whoever_owns_only_the_schemas_can_migrate(lab):
    psql = lab.psql("postgres")
    psql.run("create role tenant login; create database rights_tenant")
    lab.psql("rights_tenant").run("""
        grant create on schema public to tenant; create schema reporting authorization tenant""")
    log = f"{lab.folder}/tenant.log"
    code = leadd.migrate(url_as(lab, "tenant", "rights_tenant"), log)
    with open(log, encoding="utf-8") as text:
        assert code == 0, text.read()
    lab.psql("rights_tenant").run("set role reporting; select from reporting.load_now")
