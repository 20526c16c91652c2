"""Holds the clients' log against the database: what was acknowledged is there once, and no limit was ever passed."""

import collections
import math

SHARE_SIGMAS = 5


def complaints(psql, scene, log):
    """All that is not as it was promised, as sentences; none: the books balance."""
    found = []
    stored = stored_contacts(psql, log)
    found += check_contacts(stored, log)
    found += check_changes(psql, log)
    found += check_leads(psql)
    found += check_loads(psql)
    found += check_history(psql)
    found += check_shares(psql, scene)
    return found


def stored_contacts(psql, log):
    marks = {entry.name.rpartition("-")[0] for entry in log}
    stored = collections.defaultdict(list)
    for mark in marks:
        for number, message, lead in psql.run(
                "select c.id, c.message, l.external_id from contacts c join leads l on l.id = c.lead_id "
                f"where c.message like '{mark}-%'"):
            stored[message].append((int(number), lead))
    return stored


def check_contacts(stored, log):
    found = []
    for entry in log:
        if entry.kind != "create":
            continue
        rows = stored.pop(entry.name, [])
        what = f"{entry.name} ({entry.outcome}, {entry.tries} tries, {'key' if entry.key else 'no key'})"
        if any(lead != entry.lead for _, lead in rows):
            found.append(f"{what} belongs to another lead: {rows}")
        if entry.outcome == "ok" and [number for number, _ in rows] != [entry.contact]:
            found.append(f"{what} was acknowledged as {entry.contact}, stored as {rows}")
        if entry.outcome == "failed" and rows:
            found.append(f"{what} was refused with {entry.status} {entry.problem}, but stored as {rows}")
        if entry.outcome == "unknown" and len(rows) > 1:
            found.append(f"{what} is stored {len(rows)} times")
        if entry.key and entry.outcome != "ok":
            found.append(f"{what} was never acknowledged, however often it was sent again")
    found += [f"{message} was stored, but nobody asked for it" for message in list(stored)[:20]]
    return found


def check_changes(psql, log):
    """Nobody opens a contact again here: what was closed is closed."""
    closed = [entry.contact for entry in log if entry.kind == "close" and entry.outcome == "ok"]
    rows = psql.run(f"select id from contacts where id = any ('{{{','.join(map(str, closed))}}}') and status <> 'closed'")
    return [f"contact {number} was closed, and is not" for (number,) in rows]


def check_leads(psql):
    rows = psql.run("select external_id, count(*) from leads group by external_id having count(*) > 1")
    return [f"lead {name} is there {count} times" for name, count in rows]


def check_loads(psql):
    rows = psql.run("""
        select l.operator_id, l.active_load, count(c.id)
          from operator_loads l
          left join contacts c on c.operator_id = l.operator_id and c.status = 'active'
         group by l.operator_id, l.active_load
        having l.active_load <> count(c.id)""")
    return [f"operator {number}: the counter says {load}, counting says {counted}" for number, load, counted in rows]


def check_history(psql):
    """Along the history, in the order of id, which for each operator is the order in which places were taken."""
    found = []
    loads, limits, active = collections.Counter(), {}, {}
    events = psql.run("""
        select id, contact_id, kind, coalesce(from_operator_id, 0), coalesce(to_operator_id, 0), coalesce(reason, '')
          from contact_history
         union all
        select id, 0, 'limit', operator_id, max_load_limit, is_active::text from faults_limits
         order by 1""")
    rows, holders = collections.defaultdict(list), collections.Counter()
    for number, contact, kind, left, right, reason in events:
        left, right = int(left), int(right)
        if kind == "limit":
            limits[left], active[left] = right, reason == "true"
            continue
        rows[contact].append(f"{number} {kind} {left}->{right} {reason}")
        if kind != "edited" and left != holders[contact]:
            found.append(f"contact {contact} was held by {holders[contact]}: {rows[contact]}")
        if kind != "edited":
            holders[contact] = right if kind in ("assigned", "transferred", "reopened") else 0
        if left == right and kind in ("assigned", "transferred"):
            continue  # chosen again, and stayed where it was
        if left and kind in ("transferred", "released", "closed", "deleted"):
            loads[left] -= 1
        if not right or kind not in ("assigned", "transferred", "reopened"):
            continue
        loads[right] += 1
        if reason == "forced":
            continue
        if loads[right] > limits[right]:
            found.append(f"history {number}: {kind} took operator {right} to {loads[right]} of {limits[right]}")
        if not active[right]:
            found.append(f"history {number}: {kind} to operator {right}, who is not active")
    for number, load in psql.run("select operator_id, active_load from operator_loads"):
        if loads[int(number)] != int(load):
            found.append(f"operator {number} holds {load}, by the history {loads[int(number)]}")
    return check_holders(psql, rows) + found


def check_holders(psql, rows):
    """The newest row that names a holder agrees with the contact."""
    wrong = psql.run("""
        select c.id, c.status, coalesce(c.operator_id, 0)
          from contacts c
          left join lateral (select kind, to_operator_id from contact_history h
                              where h.contact_id = c.id and kind <> 'edited' order by id desc limit 1) h on true
         where case when h.kind in ('assigned', 'transferred') then 'active'
                    when h.kind = 'closed' then 'closed'
                    when h.kind in ('waiting', 'released') then 'waiting'
                    else c.status end <> c.status
            or h.kind is null
            or (c.status = 'active' and h.to_operator_id is distinct from c.operator_id)""")
    strangers = psql.run("select distinct contact_id from contact_history h "
                         "where kind <> 'deleted' and not exists (select from contacts where id = contact_id)")
    return [f"contact {contact} is {status} with {holder}, its history: {rows[contact]}"
            for contact, status, holder in wrong] + [
            f"contact {contact} does not exist, but has a history: {rows[contact]}" for (contact,) in strangers]


def check_shares(psql, scene):
    """Nobody of the wide source is ever full, so each gets what the weights say, within chance."""
    counts = {int(number): int(count) for number, count in psql.run(
        f"select to_operator_id, count(*) from contact_history h join contacts c on c.id = h.contact_id "
        f"where c.source_id = {scene.sources['wide']} and h.kind = 'assigned' group by 1")}
    total, weights = sum(counts.values()), sum(scene.wide_weights.values())
    found = []
    for number, weight in scene.wide_weights.items():
        share = weight / weights
        allowed = SHARE_SIGMAS * math.sqrt(total * share * (1 - share)) + 1
        if abs(counts.get(number, 0) - total * share) > allowed:
            found.append(f"operator {number} got {counts.get(number, 0)} of {total}, expected {total * share:.0f}")
    return found
