"""A backlog that takes many batches: nobody who comes meanwhile is refused, and none of the old ones is overtaken."""

from harness import test
from waiting import meanwhile, poll, together

SETTINGS = {"QUEUE_WAIT_MS": 10000}  # no machine is so slow; nor is the client more patient
WAITING = 40000
DRAIN_SECONDS = 120  # a limit for the slowest machine; it takes five
LOCKED_OUT = "pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


def waiting_many(api, source, count):
    """Contacts that wait, put in by psql."""
    api.psql.run(f"""
        with lead as (insert into leads (external_id) values ('{api.unique("many")}') returning id)
        insert into contacts (lead_id, source_id, status, waiting_reason)
        select lead.id, {source["id"]}, 'waiting', 'full' from lead, generate_series(1, {count})""")


def waits(api, source):
    return int(api.psql.value(f"select count(*) from contacts where source_id = {source['id']} and status = 'waiting'"))


def queued(api, source):
    """How many newcomers had to stand behind older contacts."""
    return api.psql.count("contact_history join contacts on contacts.id = contact_id "
                          f"where source_id = {source['id']} and kind = 'waiting' and reason = 'queued'")


def overtaken(api, source):
    """(contact, a younger one that was assigned before it); only where one operator's lock orders all assignments."""
    return api.psql.run(f"""
        select contact_id, latest
          from (select contact_id, max(contact_id) over (order by contact_history.id) as latest
                  from contact_history join contacts on contacts.id = contact_id
                 where source_id = {source["id"]} and kind = 'assigned') as given
         where contact_id < latest
         limit 5""")


def commits_take(api, seconds):
    """Every commit that has changed a load takes that long."""
    api.psql.run(f"""
        create function pause() returns trigger language plpgsql as $$
        begin perform pg_sleep({seconds}); return null; end $$;
        create constraint trigger pause after update on operator_loads deferrable initially deferred
           for each row execute function pause()""")


@test
def newcomers_are_taken_in_while_a_large_backlog_drains(api, twin):
    """The first ones come before there is room, so that however fast the machine is they meet the backlog."""
    shared, other = api.operator(max_load_limit=0), api.operator(max_load_limit=1000000)
    old = api.source([(shared, 1)], backlog="auto")
    beside = api.source([(shared, 1)], backlog="auto")
    by_hand = api.source([(shared, 1)])
    apart = api.source([(other, 1)])
    waiting_many(api, old, WAITING)
    with api.psql.session() as session:
        session.run(f"begin; update operators set max_load_limit = 1000000 where id = {shared['id']}")
        with meanwhile(together, 2, lambda i: (api, twin)[i].contact(old)) as first:
            poll(lambda: api.psql.count(LOCKED_OUT) >= 2, "both servers wait for the room")
            session.run("commit")
        assert [contact["status"] for contact in first.result()] == ["waiting"] * 2
    while waits(api, old):
        for source in (old, beside, by_hand):
            for client in (api, twin):
                client.contact(source)  # 201, or the test fails
        for client in (api, twin):
            assert client.contact(apart)["operator_id"], "who shares no operator waits for nobody"
    assert queued(api, old) >= 2
    for source in (old, beside):
        poll(lambda source=source: waits(api, source) == 0, f"source {source['id']} is drained", DRAIN_SECONDS)
        assert not (faults := overtaken(api, source)), faults
    api.loads_must_match()


@test
def many_sources_drain_in_batches_that_leave_room_for_others(api):
    """What one operator's return lets go is more than one transaction should hold, whatever the number of sources."""
    shared = api.operator(is_active=False, max_load_limit=1000000)
    sources = [api.source([(shared, 1)], backlog="auto") for _ in range(45)]
    for source in sources:
        waiting_many(api, source, 260)
    api.patch(f"operators/{shared['id']}", {"is_active": True}).must(200)
    poll(lambda: api.load(shared) == 45 * 260, "all are drained", DRAIN_SECONDS)
    largest = api.psql.value("select max(contacts) from (select count(*) as contacts from contact_history "
                             f"where kind = 'assigned' and to_operator_id = {shared['id']} group by batch_id) as batch")
    assert int(largest) <= 1024, largest
    for source in sources:
        assert not (faults := overtaken(api, source)), faults
    api.loads_must_match()


@test
def who_goes_again_for_older_ones_is_stored_in_time(lab):
    """Nobody would drain a manual source. Commits are slow, so that 20 batches last longer than a contact may wait."""
    api = lab.serve(lab.new_database("slow"), QUEUE_WAIT_MS=1500)
    operator = api.operator(max_load_limit=0)
    old, by_hand = api.source([(operator, 1)], backlog="auto"), api.source([(operator, 1)])
    waiting_many(api, old, WAITING)
    commits_take(api, 0.1)
    api.psql.run(f"update operators set max_load_limit = 1000000 where id = {operator['id']}")
    assert api.contact(by_hand)["operator_id"] == operator["id"]
    assert waits(api, old), "the backlog was gone: nothing was tested"


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
