"""The database's processes: killed, restarted, frozen, crowded; and transactions that end in a conflict."""

import contextlib
import os
import signal
import time

from waiting import poll
from world import case

FROZEN_S = 7  # longer than the service waits for a connection


def lasts(seconds):
    """The fault itself takes its time: nothing is waited for but the clock."""
    end = time.monotonic() + seconds
    poll(lambda: time.monotonic() >= end, seconds=seconds + 1)


@case("all backends are killed, five times", pause_s=1, is_quick=True)
def killed_backends(world, crowd):
    """Soon after each other, so that pauses grow; in the selection not, where they would add up with a busy machine's."""
    for _ in range(5):
        world.kill_backends()
        crowd.comes_through(60 if world.is_quick else 20)


@case("PostgreSQL is restarted in an orderly way", back_s=2, is_quick=True)
def restart(world, crowd):
    world.primary.restart()
    return time.monotonic()


@case("PostgreSQL crashes", back_s=2)
def crash(world, crowd):
    world.primary.restart(signal.SIGQUIT)
    return time.monotonic()


@case("one backend dies of SIGKILL: all sessions are lost in the recovery", pause_s=3)
def killed_hard(world, crowd):
    os.kill(world.backends()[0], signal.SIGKILL)


@contextlib.contextmanager
def frozen(pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@case("backends that assign contacts are frozen for 7 s, one after the other", back_s=5)
def frozen_backends(world, crowd):
    for _ in range(1 if world.is_quick else 3):
        pid = poll(world.busy_backend, "a backend assigns contacts")
        with frozen([pid]):
            lasts(FROZEN_S)
        moment = time.monotonic()
        crowd.comes_through(20)
    return moment


@case("the postmaster is frozen for 7 s and the sessions are gone", back_s=5)
def frozen_postmaster(world, crowd):
    sessions = world.backends()
    with frozen([world.primary.process.pid]):
        for pid in sessions:
            os.kill(pid, signal.SIGTERM)
        lasts(FROZEN_S)
    return time.monotonic()


@case("connections are used up (53300) for 3 s, and the sessions are gone", back_s=3)
def no_connections(world, crowd):
    world.configure_connections(0)
    try:
        world.kill_backends()
        lasts(3)
    finally:
        world.configure_connections(-1)
    return time.monotonic()


INJECTOR = """
create or replace function faults_inject() returns trigger language plpgsql as $$
begin
	if random() < {chance} then
		raise exception 'injected' using errcode = '{code}';
	end if;
	return null;
end $$;
drop trigger if exists faults_inject on contacts;
create trigger faults_inject after insert or update on contacts for each statement execute function faults_inject();
"""


@contextlib.contextmanager
def injected(world, code, chance):
    world.psql.run(INJECTOR.format(code=code, chance=chance))
    try:
        yield
    finally:
        world.psql.run("drop trigger faults_inject on contacts")


@case("a fifth of all transactions end in a deadlock (40P01), then in a serialization failure (40001)", pause_s=1)
def injected_conflicts(world, crowd):
    for code in ("40P01", "40001"):
        with injected(world, code, 0.2):
            crowd.comes_through(150)
