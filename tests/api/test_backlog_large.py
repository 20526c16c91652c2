"""A backlog that takes many batches: nobody who comes meanwhile is refused, and none of the old ones is overtaken."""

from harness import test
from waiting import poll

WAITING = 40000
DRAIN_SECONDS = 30


def waiting_many(api, source, count):
    """Contacts that wait, put in by psql."""
    api.psql.run(f"""
        with lead as (insert into leads (external_id) values ('{api.unique("many")}') returning id)
        insert into contacts (lead_id, source_id, status, waiting_reason)
        select lead.id, {source["id"]}, 'waiting', 'full' from lead, generate_series(1, {count})""")


def waits(api, source):
    return int(api.psql.value(f"select count(*) from contacts where source_id = {source['id']} and status = 'waiting'"))


@test
def newcomers_are_taken_in_while_a_large_backlog_drains(api, twin):
    shared, other = api.operator(max_load_limit=0), api.operator(max_load_limit=1000000)
    old = api.source([(shared, 1)], backlog="auto")
    beside = api.source([(shared, 1)], backlog="auto")
    by_hand = api.source([(shared, 1)])
    apart = api.source([(other, 1)])
    waiting_many(api, old, WAITING)
    api.psql.run(f"update operators set max_load_limit = 1000000 where id = {shared['id']}")
    newcomers = {source["id"]: [] for source in (old, beside, by_hand, apart)}
    while waits(api, old):
        for source in (old, beside, by_hand, apart):
            for client in (api, twin):
                newcomers[source["id"]].append(client.contact(source))  # 201, or the test fails
    assert all(contact["operator_id"] for contact in newcomers[apart["id"]]), "who shares no operator waits for nobody"
    assert len(newcomers[old["id"]]) > 2, "the backlog was gone at once: nothing was tested"
    for source in (old, beside):
        poll(lambda source=source: waits(api, source) == 0, f"source {source['id']} is drained", DRAIN_SECONDS)
    overtaken = api.psql.run(f"""
        select id, assigned_at, latest
          from (select id, assigned_at, max(assigned_at) over (order by id) as latest
                  from contacts where source_id = {old["id"]}) as ordered
         where assigned_at < latest - interval '1 second'
         limit 5""")
    assert not overtaken, overtaken
    api.loads_must_match()


@test
def one_locked_operator_does_not_hold_up_the_other_sources(api):
    team = [api.operator(max_load_limit=1) for _ in range(6)]
    sources = [api.source([(operator, 1)], backlog="auto") for operator in team]
    for source in sources:
        api.contact(source)
        assert api.contact(source)["status"] == "waiting"
    with api.psql.session() as session:
        session.run("begin")
        session.run(f"select 1 from operators where id = {team[0]['id']} for update")
        api.psql.run(f"update contacts set status = 'closed' where status = 'active' and source_id >= {sources[0]['id']}")
        for source in sources[1:]:
            poll(lambda source=source: waits(api, source) == 0, f"source {source['id']} is drained", DRAIN_SECONDS)
        session.run("rollback")
    poll(lambda: waits(api, sources[0]) == 0, "the first source is drained", DRAIN_SECONDS)


@test
def drafts_that_are_not_stored_leave_no_leads(api):
    _, source = api.desk()
    key, first, second = api.unique("key"), api.unique("lead"), api.unique("lead")
    rows = [{"lead_external_id": lead, "source_id": source["id"], "idempotency_key": key} for lead in (first, second)]
    answer = api.post("contacts/batch", rows).must(200)
    assert [row["status"] for row in answer["items"]] == [201, 422], answer
    assert api.psql.count(f"leads where external_id = '{second}'") == 0
    assert api.psql.count(f"leads where external_id = '{first}'") == 1
