"""The rights that docs/OPERATIONS.md gives to the role that serves, and to the one that migrates, are enough."""

import os
import re

import server as leadd
from harness import test
from waiting import poll

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def grants():
    """The statements of the docs that come after `leadd migrate`."""
    with open(f"{ROOT}/docs/OPERATIONS.md", encoding="utf-8") as file:
        (block,) = [block for block in re.findall(r"```sql\n(.*?)```", file.read(), re.DOTALL) if "leadd_app" in block]
    return block[block.index("create role leadd_app"):]


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
