"""The network between the service and its database, and a standby that takes over."""

import signal
import time

from case_database import frozen, lasts
from case_locks import forgotten, wait_apart
from waiting import poll
from world import SERVICE_SESSIONS, case

NOTICE_S = 6


def notice(crowd, cut, source="wide"):
    """Seconds until a client that came after the cut was told."""
    told = [entry.done_at for entry in list(crowd.log)
            if entry.sent_at > cut and entry.source == source and entry.outcome != "ok"]
    return min(told, default=float("inf")) - cut


def cut_for(world, crowd, seconds, *target):
    cut = time.monotonic()
    with world.network_cut(*target):
        lasts(seconds)
    assert notice(crowd, cut) <= NOTICE_S, f"noticed after {notice(crowd, cut):.1f} s, promised: {NOTICE_S}"
    return time.monotonic()


@case("the network to the database is cut with REJECT for 8 s", back_s=5, takes_network=True)
def network_rejects(world, crowd):
    return cut_for(world, crowd, 8, "REJECT", "--reject-with", "tcp-reset")


@case("the network to the database is cut with DROP for 8 s", back_s=5, takes_network=True)
def network_drops(world, crowd):
    return cut_for(world, crowd, 8, "DROP")


@case("the network is cut with DROP for 12 s while contacts wait apart for a forgotten session", back_s=5,
      takes_network=True)
def network_drops_parked(world, crowd):
    with forgotten(world, world.scene.lonely_operator):
        wait_apart(world, crowd)
        return cut_for(world, crowd, 12, "DROP")


@case("the network to the database is cut with DROP for 20 s", back_s=5, takes_network=True)
def network_drops_long(world, crowd):
    return cut_for(world, crowd, 20, "DROP")


@case("connections are lost while COMMIT waits for a frozen synchronous standby", back_s=5, standby="synchronous")
def lost_commits(world, crowd):
    """Without a key nobody guesses; with one the service asks again, and acknowledges in the end."""
    lost = "error=outcome-unknown"
    before = world.seen_in_logs(lost)
    with frozen([world.standby.process.pid, *world.standby.processes()]):
        for _ in range(3):
            poll(lambda: world.psql.count(f"{SERVICE_SESSIONS} and wait_event = 'SyncRep'"), "a COMMIT waits")
            world.kill_backends()
    moment = time.monotonic()
    crowd.comes_through()
    assert world.seen_in_logs(lost) > before, "no COMMIT was lost"
    untold = [entry for entry in list(crowd.log) if entry.problem == "outcome-unknown" and not entry.key]
    assert untold, "nobody was told that the outcome is not known"
    return moment


@case("the primary dies, and the synchronous standby takes over", back_s=5, standby="synchronous")
def promotion(world, crowd):
    world.primary.stop(signal.SIGQUIT)
    world.standby.promote()
    moment = time.monotonic()
    crowd.comes_through()
    world.take_over()
    return moment
