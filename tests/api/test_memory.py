"""Memory runs out: the process says so and ends at once, what it acknowledged is stored, and another one goes on."""

import os

import endurance_memory
import server as leadd
from harness import test

GRANTED = (1, 7, 60, 500, 1500)  # allocations that still succeed


@test
def when_memory_runs_out_it_says_so_and_loses_nothing(lab, api):
    scarcity = endurance_memory.Scarcity(lab.folder)
    if leadd.is_sanitized() or not os.path.exists(scarcity.settings()["LD_PRELOAD"]):
        print("  left out: sanitizers have an allocator of their own, or build/scarce.so is not there")
        return
    _, source = api.desk(max_load_limit=1000000)
    for count in GRANTED:
        code, has_said, told, missing = endurance_memory.one_run(lab, scarcity, source, count)
        assert (code, has_said, missing) == (endurance_memory.ABORTED, True, 0), (count, code, has_said, told, missing)
    api.loads_must_match()
    lab.serve().contact(source)
