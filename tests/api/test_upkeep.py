"""What the service does now and then: old keys go, decisions are summed up by hours, nothing twice, nothing lost."""

import os

from harness import test
from waiting import poll, together

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Decisions as one batch after another would store them: three operators, the first of them favoured.
DECISIONS = """
insert into assignment_decisions (batch_id, source_id, at, strategy, operator_ids, weights, are_active, limits, loads,
	expected, assigned, waiting)
select nextval('assignment_batches_id_seq'), {source}, at, 'weighted_random', '{{ {operators} }}', '{{2, 1, 1}}',
       '{{t, t, t}}', '{{9, 9, 9}}', '{{0, 0, 0}}', '{{0.5, 0.25, 0}}', '{{1, 0, 0}}', 0
  from generate_series({first}, {last}, interval '{step}') as at;
"""

# What has not been summed up yet must be what is missing.
WRONG_SUMS = """
with wanted as (
	select source_id, date_trunc('hour', at, 'UTC') as hour, operator_id, sum(seat.expected) as expected,
	       sum(seat.assigned) as assigned
	  from assignment_decisions as decision, distribution_progress,
	       unnest(operator_ids, decision.expected, decision.assigned) as seat (operator_id, expected, assigned)
	 where at < summed_until and seat.expected > 0
	 group by 1, 2, 3
)
select source_id, hour, operator_id
  from wanted
  full join distribution_hours as summed using (source_id, hour, operator_id)
 where wanted.expected is distinct from summed.expected or wanted.assigned is distinct from summed.assigned;
"""


def database_with_decisions(lab, name, **span):
    """A database that no server has seen: (Psql, source, its three operators)."""
    api = lab.serve(lab.new_database(name))
    team = [api.operator() for _ in range(3)]
    source = api.source([(operator, 1) for operator in team])
    lab.forget(api.server)
    api.server.must_leave_cleanly()
    api.psql.run("update distribution_progress set summed_until = now() - interval '6 hours';" + DECISIONS.format(
        source=source["id"], operators=", ".join(str(operator["id"]) for operator in team), **span))
    return api.psql, source, team


def statement(name):
    with open(os.path.join(ROOT, "sql", "queries", f"{name}.sql"), encoding="utf-8") as file:
        return file.read()


@test
def decisions_are_summed_up_by_hours(lab):
    psql, source, team = database_with_decisions(lab, "upkeep_hours", first="now() - interval '5 hours'", last="now()",
                                                 step="2 seconds")
    psql.run(DECISIONS.format(source=10**6, operators="1, 2, 3", first="now() - interval '1 hour'",
                              last="now() - interval '1 hour'", step="1 second"))

    api = lab.serve("upkeep_hours")

    poll(lambda: psql.count("distribution_progress where summed_until >= now() - interval '3 minutes'"), "it is summed")
    assert psql.count("distribution_progress where summed_until <= now() - interval '1 minute'") == 1
    hours = f"distribution_hours where source_id = {source['id']}"
    assert psql.count(f"{hours} and operator_id = {team[0]['id']}") in (5, 6)
    assert psql.count(f"{hours} and operator_id = {team[2]['id']}") == 0
    psql.run("delete from assignment_decisions where source_id = 1000000")
    assert not psql.run(WRONG_SUMS)
    api.operator()


@test
def several_at_once_count_nothing_twice_and_lose_nothing(lab):
    """Small slices, eight sessions that fall over each other."""
    psql, _, _ = database_with_decisions(lab, "race", first="now() - interval '3 hours'", last="now()",
                                         step="10 seconds")
    psql.run("update assignment_decisions set at = date_trunc('minute', at) where batch_id % 3 = 0")
    sum_up = f"prepare sum_up as {statement('hours_sum')};"

    def work(_):
        with psql.session() as session:
            session.run(f"set timezone = 'UTC'; {sum_up}")
            slices = 0
            while True:
                is_more = session.run("execute sum_up(20)")
                slices += len(is_more)
                if is_more == ["f"]:
                    return slices

    slices = together(8, work)

    assert sum(slices) > 40 and sum(count > 1 for count in slices) > 1, slices
    assert psql.count("distribution_hours where assigned > 0") >= 3
    assert not psql.run(WRONG_SUMS)


@test
def keys_older_than_a_day_go(lab):
    api = lab.serve(lab.new_database("keys"))
    lab.forget(api.server)
    api.server.must_leave_cleanly()
    api.psql.run("""
        insert into idempotency_keys (key, digest, contact_id, answer, created_at)
        select 'key-' || i, decode(repeat('ab', 32), 'hex'), i, '{}',
               now() - case when i <= 2500 then interval '24 hours 1 minute' else interval '23 hours 55 minutes' end
          from generate_series(1, 2600) as i""")
    with api.psql.session() as session:
        session.run("begin; select 1 from idempotency_keys where contact_id = 7 for update")
        lab.serve("keys")
        poll(lambda: api.psql.count("idempotency_keys") <= 101, "old keys are deleted")
        assert api.psql.count("idempotency_keys where contact_id > 2500 or contact_id = 7") == 101
