"""The service's own processes: killed in the middle of batches, and restarted one after the other."""

from case_database import lasts
from cluster import service_url
from world import case

BALANCER_SEES_S = 2.5  # longer than HAProxy takes to notice that a replica is back


def nodes_of(world):
    return [node for node in (world.primary, world.standby) if node]


@case("a replica is killed (SIGKILL) in the middle of batches", pause_s=2, is_quick=True)
def killed_replica(world, crowd):
    for turn in range(3 if world.is_quick else 50):
        replica = world.replicas[turn % 2]
        replica.kill()
        crowd.comes_through(5)
        replica.start(service_url(*nodes_of(world)), **world.settings())
        replica.wait_until_ready()
        crowd.comes_through(5)


@case("the replicas are restarted one after the other: no request fails", pause_s=1, is_quick=True)
def rolling_restart(world, crowd):
    for turn in range(2 if world.is_quick else 20):
        replica = world.replicas[turn % 2]
        replica.stop()
        replica.start(service_url(*nodes_of(world)), **world.settings())
        replica.wait_until_ready()
        lasts(BALANCER_SEES_S)
    failed = [entry for entry in list(crowd.log) if entry.outcome != "ok" and entry.status != 409]
    assert not failed, f"{len(failed)} of {len(crowd.log)} requests failed, the first: {failed[0]}"
