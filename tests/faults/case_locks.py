"""Locks that somebody keeps: a forgotten session, a frozen backend, a whole table, and deadlocks that are real."""

import contextlib
import time

from case_database import FROZEN_S, frozen, lasts
from waiting import poll
from world import case

LOCKED_S = 6
DEADLOCKS = 10


@contextlib.contextmanager
def forgotten(world, operator):
    """Somebody typed a transaction into psql, and went for lunch; nothing that the server is set to ends it."""
    with world.psql.session() as session:
        session.run("set idle_in_transaction_session_timeout = 0")
        session.run(f"begin; select from operator_loads where operator_id = {operator} for update")
        yield
        session.run("rollback")


def wait_apart(world, crowd):
    """Until a contact of the forgotten session's operator has been put where it stops nobody."""
    poll(world.is_blocked, "a contact waits for the lock")
    crowd.comes_through(100)


@case("a forgotten session holds the load of one operator: other sources go on", pause_s=1, is_quick=True)
def forgotten_lock(world, crowd):
    with forgotten(world, world.scene.lonely_operator):
        lasts(LOCKED_S)
        assert crowd.refused("lonely"), "the locked operator's contacts were not answered with 503"
    crowd.comes_through(10, source="lonely")


@case("a session locks the whole table of contacts for 6 s", back_s=1)
def locked_table(world, crowd):
    with world.psql.session() as session:
        session.run("begin; lock table contacts in access exclusive mode")
        lasts(LOCKED_S)
        session.run("rollback")
    return time.monotonic()


@case("all processes of PostgreSQL are frozen for 8 s while contacts wait apart for a forgotten session", back_s=5,
      is_quick=True)
def frozen_server(world, crowd):
    """Both connections that assign are busy then: nobody may wait for the one, and after it for the other."""
    with forgotten(world, world.scene.lonely_operator):
        wait_apart(world, crowd)
        with frozen([world.primary.process.pid, *world.primary.processes()]):
            lasts(8)
        return time.monotonic()


SLOWED = """
create table faults_slowed (source_id bigint);
create function faults_slow() returns trigger language plpgsql security definer as $$
begin
	if exists (select from faults_slowed where source_id = new.source_id) then
		perform pg_sleep(1);
	end if;
	return new;
end $$;
create trigger faults_slow before insert on contacts for each row execute function faults_slow();
"""


@contextlib.contextmanager
def slowed(world):
    """Contacts of the sources in a table take a second each to be stored, with all locks of their batch."""
    world.psql.run(SLOWED)
    try:
        yield
    finally:
        world.psql.run("drop function faults_slow() cascade; drop table faults_slowed")


@case("a backend is frozen for 8 s while it holds the load of one operator: other sources go on", pause_s=1)
def frozen_holder(world, crowd):
    """Nothing that a server can be set to ends it. What it was about to store may still be stored, once."""
    with slowed(world):
        with forgotten(world, world.scene.lonely_operator):
            wait_apart(world, crowd)  # so that the batch that is frozen is of that operator alone
            world.psql.run(f"insert into faults_slowed values ({world.scene.sources['lonely']})")
        with frozen([poll(world.sleeping_backend, "a batch of the operator holds its locks")]):
            world.psql.run("delete from faults_slowed")
            lasts(FROZEN_S + 1)
        crowd.comes_through(10, source="lonely")


AGAINST_THE_ORDER = """
do $$ begin
	set local deadlock_timeout = '1min';
	perform from operator_loads where operator_id = {last} for update;
	while not exists (select from pg_locks where not granted and transactionid = pg_current_xact_id()::xid) loop
		perform pg_sleep(0.002);
	end loop;
	perform from operator_loads where operator_id = {first} for update;
end $$;
"""


@case("a session locks loads against the order of the batches: ten deadlocks (40P01)", pause_s=1)
def deadlocks(world, crowd):
    numbers = sorted(world.scene.wide_weights)
    before = world.seen_in_logs("sqlstate=40P01")
    world.primary.set("deadlock_timeout", "100ms")  # shorter than LOCK_TIMEOUT_MS: the service is the one that is told
    try:
        for _ in range(DEADLOCKS):
            world.psql.run(AGAINST_THE_ORDER.format(first=numbers[0], last=numbers[-1]))
    finally:
        world.primary.set("deadlock_timeout", "1s")
    met = world.seen_in_logs("sqlstate=40P01") - before
    assert met >= DEADLOCKS / 2, f"only {met} of {DEADLOCKS} deadlocks were met by the service"
