"""Disks without room: of the data, of the write-ahead log, and told so where no disk can be filled."""

import time

from case_database import injected, lasts
from waiting import poll
from world import case

FULL_S = 5  # longer than anybody waits, so that some are told
NO_ROOM = "sqlstate=53100"
MEGABYTE_OF_LOG = "select pg_logical_emit_message(true, 'faults', repeat('x', 1 << 20))"
TRIES_A_SECOND = 12  # of each replica: a full disk is not asked all the time


@case("the disk is full for 3 s (53100, injected)", back_s=1)
def disk_full(world, crowd):
    with injected(world, "53100", 1):
        lasts(3)
    return time.monotonic()


@case("the disk of the data is full for 5 s (53100)", back_s=1, is_quick=True, disk="base")
def full_data(world, crowd):
    with world.disk.full():
        poll(lambda: world.seen_in_logs(NO_ROOM), "there is no room", 20)
        before = world.seen_in_logs("batch.failed")
        lasts(FULL_S)
        tries = world.seen_in_logs("batch.failed") - before
    moment = time.monotonic()
    assert crowd.refused(), "nobody was told 503"
    world.primary.must_have_said("ERROR:  could not extend file", "No space left on device")
    assert tries <= 2 * FULL_S * TRIES_A_SECOND, f"{tries} batches were tried on a full disk"
    return moment


@case("the disk of the write-ahead log is full: PostgreSQL panics, and starts again when there is room", back_s=2,
      disk="pg_wal")
def full_log(world, crowd):
    with world.disk.full():
        poll(lambda: world.primary.refuses(MEGABYTE_OF_LOG), "PostgreSQL panics", 20)
        lasts(FULL_S)
    world.primary.come_back()
    moment = time.monotonic()
    assert crowd.refused(), "nobody was told 503"
    world.primary.must_have_said("PANIC:  could not write to file", "No space left on device")
    return moment
