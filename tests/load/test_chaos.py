"""
Everything at once, from 32 clients in two processes and psql; afterwards every promise is held against the data.

CHAOS_SECONDS says how long (60), CHAOS_SEED with which dice (printed); threads still interleave as they like.
"""

import os
import random
import secrets
import subprocess
import threading
import time

import chaos_checks
import chaos_deeds
import server as leadd
from chaos_world import NOT_NOW, World
from harness import test
from postgres import clean_environment
from waiting import poll, together

SECONDS = float(os.environ.get("CHAOS_SECONDS", "60"))
SEED = os.environ.get("CHAOS_SEED") or secrets.token_hex(4)
CLIENTS = 32
OF_THEM_IN_PSQL = 4
NOT_NOW_SHARE_MAX = 0.02


class Chaos:
    """Until the time is over, or the first fault: then all end, and that is what is told."""

    def __init__(self, world):
        self.world = world
        self.until = time.monotonic() + SECONDS
        self.failed = threading.Event()

    def client(self, number):
        dice = random.Random(f"{SEED}/{number}")
        try:
            if number < OF_THEM_IN_PSQL:
                with self.world.psql.session() as session:
                    self.go_on(dice, chaos_deeds.SQL_DEEDS, lambda: session)
            else:
                self.go_on(dice, chaos_deeds.DEEDS, lambda: dice.choice(self.world.apis))
        except BaseException:
            self.failed.set()
            raise

    def go_on(self, dice, deeds, means):
        weights = [often for often, _ in deeds]
        while time.monotonic() < self.until and not self.failed.is_set():
            ((_, deed),) = dice.choices(deeds, weights)
            deed(self.world, dice, means())


def settled(world):
    """Nobody is being moved any more, and no automatic source has somebody waiting who could be taken."""
    return world.psql.count("operator_departures") == 0 and not chaos_checks.overdue(world)


def audit(lab):
    """`leadd audit`: (exit code, what it printed)"""
    environment = {**clean_environment(), "DATABASE_URL": lab.postgres.url(lab.database)}
    done = subprocess.run([leadd.binary(), "audit"], capture_output=True, text=True, env=environment, cwd="/",
                          timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def must_have_happened(world):
    """What never succeeds tests nothing."""
    refused_on_purpose = {"contact of unknown source", "key reused"}
    good = {name for name, status in world.tally if status == "done" or status < 300}
    idle = {name for name, _ in world.tally} - good - refused_on_purpose
    assert not idle, f"never succeeded: {idle}"
    not_now = sum(count for (_, status), count in world.tally.items() if status == NOT_NOW)
    answers = sum(world.tally.values())
    assert not_now <= answers * NOT_NOW_SHARE_MAX, f"{not_now} of {answers} were told to come again"


@test
def chaos_breaks_no_promise(lab, api, twin):
    print(f"  CHAOS_SEED={SEED} CHAOS_SECONDS={SECONDS:g}", flush=True)
    log_before = os.path.getsize(lab.postgres.log)
    world = World([api, twin], random.Random(SEED))
    chaos = Chaos(world)

    together(CLIENTS, chaos.client)

    print(world.summary(), flush=True)
    poll(lambda: settled(world), "backlogs and hand-overs come to rest", seconds=30)
    api.psql.run("update operators set is_active = true, max_load_limit = 1000000")
    poll(lambda: settled(world), "backlogs are drained once there is room for all", seconds=30)
    with open(lab.postgres.log, encoding="utf-8", errors="replace") as log:
        log.seek(log_before)
        assert "deadlock detected" not in log.read()
    must_have_happened(world)
    chaos_checks.stored_once(world)
    chaos_checks.keys_made_one_contact(world)
    walk = chaos_checks.nobody_was_overloaded(world)
    assert chaos_checks.choices_saw_the_truth(world, walk) > 100
    api.loads_must_match()
    code, words = audit(lab)
    assert code == 0, words
