"""What must hold when the chaos is over. Each check raises what it finds."""

import collections

# Waiting contacts of automatic sources that somebody could take.
OVERDUE = """
    select s.id, min(c.id), count(*)
      from sources s join contacts c on c.source_id = s.id and c.waiting_reason is not null
     where s.backlog = 'auto'
       and exists (select from source_operator_weights w
                     join operators o on o.id = w.operator_id
                     join operator_loads l on l.operator_id = w.operator_id
                    where w.source_id = s.id and w.weight > 0 and o.is_active and l.active_load < o.max_load_limit)
     group by s.id"""

EVENTS = """
    select h.id, h.contact_id, h.kind, h.actor, coalesce(h.reason, ''), coalesce(h.from_operator_id, 0),
           coalesce(h.to_operator_id, 0)
      from contact_history h order by h.id"""

# Choices of the service, each with the load and limit that it was made from.
CHOICES = """
    select h.id, d.loads[seat.n] + (select count(*)
                                      from unnest(d.taken_ordinals, d.taken_seats) as taken (ordinal, seat)
                                     where taken.seat = seat.n and taken.ordinal < h.ordinal),
           d.limits[seat.n], d.are_active[seat.n]
      from contact_history h
      join contacts c on c.id = h.contact_id
      join assignment_decisions d on d.batch_id = h.batch_id and d.source_id = c.source_id
     cross join lateral (select array_position(d.operator_ids, h.to_operator_id) as n) as seat
     where h.to_operator_id is not null"""


def stored_once(world):
    """Every acknowledged contact exists once, unless psql deleted it; what was refused does not exist."""
    rows = world.psql.run("""select c.payload->>'chaos', c.id, l.external_id, c.source_id
                               from contacts c join leads l on l.id = c.lead_id where c.payload ? 'chaos'""")
    deleted = {row[0] for row in world.psql.run("select contact_id from contact_history where kind = 'deleted'")}
    found = {}
    for number, contact_id, external_id, source_id in rows:
        assert number not in found, f"contact {number} is stored as {found[number]} and {contact_id}"
        found[number] = contact_id
        told = world.told.get(int(number))
        assert told, f"contact {number} is stored as {contact_id}, though no answer said so"
        assert (told["id"], told["lead_external_id"], told["source_id"]) == (int(contact_id), external_id,
                                                                            int(source_id)), (told, contact_id)
    lost = [number for number, told in world.told.items()
            if str(number) not in found and str(told["id"]) not in deleted]
    assert not lost, f"acknowledged, yet not stored: {lost[:10]}"


def keys_made_one_contact(world):
    rows = {key: int(contact_id) for key, contact_id in world.psql.run("select key, contact_id from idempotency_keys")}
    for name, key in world.keys.items():
        told = world.told.get(key.draft["payload"]["chaos"])
        assert rows.get(name) == (told and told["id"]), (name, rows.get(name), told)
    assert set(rows) <= set(world.keys)


class Walk:
    """Goes through the history in the order in which places were taken and freed, and keeps the loads itself."""

    def __init__(self):
        self.loads = collections.Counter()
        self.limits = {}  # operator -> (is active, limit)
        self.holders = {}  # contact -> who has it as an active one; 0: nobody
        self.last = {}  # contact -> who stood in its last row
        self.gains = {}  # id of a history row that gave it to somebody -> the other contacts of that one
        self.faults = []

    def limit(self, operator_id, is_active, limit):
        self.limits[operator_id] = (is_active == "t", int(limit))

    def event(self, number, contact_id, kind, actor, reason, before, after):
        if contact_id in self.last and self.last[contact_id] != before:
            self.faults.append(f"{number}: {kind} of {contact_id} comes from {before}, not {self.last[contact_id]}")
        self.last[contact_id] = after
        holder = self.holders.get(contact_id, "0")
        if kind == "edited":
            return
        self.loads[holder] -= 1  # in a choice its own place counts as free
        self.holders[contact_id] = after if kind in ("assigned", "transferred", "reopened") else "0"
        if self.holders[contact_id] != "0":
            self.gains[number] = self.loads[after]
            self.check(number, actor, reason, after)
        self.loads[self.holders[contact_id]] += 1

    def check(self, number, actor, reason, operator_id):
        """Only people pass limits: in psql, or by force."""
        is_active, limit = self.limits[operator_id]
        if actor in ("api", "system") and reason != "forced" and not (is_active and self.loads[operator_id] < limit):
            self.faults.append(f"{number}: {reason or 'no reason'}: operator {operator_id} holds "
                               f"{self.loads[operator_id]} of {limit}, active: {is_active}")


def walked(world):
    events = [(int(row[0]), row) for row in world.psql.run(EVENTS)]
    limits = [(int(row[0]), row) for row in world.psql.run("select * from chaos_limits")]
    walk = Walk()
    for _, row in sorted(events + limits, key=lambda item: item[0]):
        if len(row) == 4:
            walk.limit(*row[1:])
        else:
            walk.event(*row)
    return walk


def nobody_was_overloaded(world):
    """Except by psql, by force, or by a limit that was lowered; and the history leads to what is stored."""
    walk = walked(world)
    assert not walk.faults, f"{len(walk.faults)} faults: " + "\n".join(walk.faults[:10])
    stored = {operator_id: int(load) for operator_id, load in
              world.psql.run("select operator_id, active_load from operator_loads")}
    assert {one: load for one, load in stored.items() if load != walk.loads[one]} == {}
    held = dict(world.psql.run("select id, case when status = 'active' then operator_id else 0 end from contacts"))
    assert {one: holder for one, holder in held.items() if walk.holders.get(one) != holder} == {}
    return walk


def choices_saw_the_truth(world, walk):
    """Loads and limits of the recorded decisions are those of the walk; returns how many there were."""
    rows = world.psql.run(CHOICES)
    for number, load, limit, is_active in rows:
        assert is_active == "t" and int(load) < int(limit), (number, load, limit, is_active)
        assert walk.gains.get(number) == int(load), \
            f"{number}: load {walk.gains.get(number)}, decided with {load}\n{evidence(world, number)}"
    return len(rows)


def evidence(world, number):
    """What else happened to that operator at that time."""
    rows = world.psql.run(f"""
        with one as (select to_operator_id as operator_id, batch_id from contact_history where id = {number})
        select h.id, h.at, h.contact_id, h.kind, h.actor, h.reason, h.from_operator_id, h.to_operator_id, h.batch_id,
               h.ordinal
          from contact_history h, one
         where h.batch_id = one.batch_id
            or (h.id between {number} - 30 and {number} + 30
                and one.operator_id in (h.from_operator_id, h.to_operator_id))
         order by h.id""")
    decisions = world.psql.run(f"""select d.* from assignment_decisions d, contact_history h
                                    where h.id = {number} and d.batch_id = h.batch_id""")
    return "\n".join(map(str, rows + decisions))


def overdue(world):
    return world.psql.run(OVERDUE)
