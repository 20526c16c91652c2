"""
Two servers, operators whom several automatic sources share, and a commit that takes its time: a contact that waits is in
nobody's way, and nobody's prey, unless somebody is about to assign it. The servers hardly ever look by themselves.
"""

import contextlib

from harness import test
from waiting import meanwhile, poll

SETTINGS = {"BACKLOG_SWEEP_SECONDS": 3600}

# A commit that waits as long as the source's gate is shut.
GATE = """
create table if not exists gate (source_id bigint not null);
create or replace function pass_gate() returns trigger language plpgsql as $$
begin
	while exists (select from gate where source_id = new.source_id) loop
		perform pg_sleep(0.01);
	end loop;
	return null;
end $$;
drop trigger if exists gate on contacts;
create constraint trigger gate after insert on contacts deferrable initially deferred
	for each row execute function pass_gate();
"""
IN_THE_COMMIT = "pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'"


@contextlib.contextmanager
def slow_commit(api, source):
    """One new contact of that source is stored, and its commit lasts as long as the block; gives what becomes of it."""
    api.psql.run(f"{GATE} insert into gate values ({source['id']})")
    with meanwhile(api.contact, source) as newcomer:
        try:
            poll(lambda: api.psql.count(IN_THE_COMMIT) == 1, "it is being committed")
            yield newcomer
        finally:
            api.psql.run("delete from gate")


def waits(api, source, count=1):
    """Ids of contacts that wait. They are made in psql, so that no server looks after them."""
    rows = api.psql.run(f"""
        with lead as (insert into leads (external_id) select '{api.unique("lead")}-' || i
                        from generate_series(1, {count}) as i returning id)
        insert into contacts (lead_id, source_id, waiting_reason) select id, {source['id']}, 'full' from lead
        returning id""")
    return [int(number) for number, in rows]


def make_room(api, *operators):
    """One place for each, and nobody is told."""
    ids = ", ".join(str(operator["id"]) for operator in operators)
    api.psql.run(f"set session_replication_role = replica; update operators set max_load_limit = 1 where id in ({ids})")


def holder(api, contact_id):
    return api.get(f"contacts/{contact_id}").must(200)["operator_id"]


def shared_team(api):
    """Two full operators; the automatic sources of the first one, and of both; a source of the second one."""
    anna, ben = api.operator(max_load_limit=0), api.operator(max_load_limit=0)
    hers = api.source([(anna, 1)], backlog="auto")
    shared = api.source([(anna, 1), (ben, 1)], backlog="auto")
    return anna, ben, hers, shared, api.source([(ben, 1)])


@test
def what_another_server_leaves_waiting_is_not_passed_over(api, twin):
    """
    Anna has one place, for two who wait. Ben could take the younger one as well: while her server is storing the older
    one, the other server gives him the younger one, and not the contact that just came.
    """
    anna, ben, hers, shared, his = shared_team(api)
    (oldest,), (younger,) = waits(api, hers), waits(api, shared)
    make_room(api, anna, ben)
    with slow_commit(api, hers) as newcomer:
        latest = twin.contact(his)
    assert holder(api, oldest) == anna["id"]
    assert holder(api, younger) == ben["id"], "it was passed over"
    assert latest["status"] == newcomer.result()["status"] == "waiting"
    api.loads_must_match()


@test
def what_another_server_is_assigning_is_passed_over(api, twin):
    anna, ben, hers, shared, his = shared_team(api)
    (oldest,) = waits(api, shared)
    make_room(api, anna, ben)
    with slow_commit(api, hers) as newcomer:
        assert twin.contact(his)["operator_id"] == ben["id"]
    assert holder(api, oldest) == anna["id"] and newcomer.result()["status"] == "waiting"
    api.loads_must_match()


@test
def however_many_are_being_edited_the_next_ones_are_taken(api):
    for places, edited in ((1, 1), (1, 2), (1, 7), (100, 120), (300, 1000)):
        operator, source = api.desk(max_load_limit=0)
        waiting = waits(api, api.patch(f"sources/{source['id']}", {"backlog": "auto"}).must(200), edited + places + 1)
        with api.psql.session() as session:
            session.run(f"begin; select count(*) from (select 1 from contacts where source_id = {source['id']} "
                        f"order by id limit {edited} for update) as edited")
            api.patch(f"operators/{operator['id']}", {"max_load_limit": places}).must(200)
            poll(lambda: api.load(operator) == places, f"{places} are assigned")
        taken = api.psql.run(f"select id from contacts where operator_id = {operator['id']} order by id")
        assert [int(number) for number, in taken] == waiting[edited:edited + places]
    api.loads_must_match()
