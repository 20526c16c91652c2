"""What the clients of the chaos test do: over HTTP with the statuses that each may answer, and in psql."""

import json

from chaos_world import NOT_NOW, STRATEGIES, lines_of

DEEDS = []  # (how often, function)
SQL_DEEDS = []
UNKNOWN = 2**63 - 1


def deed(often, deeds=DEEDS):
    def register(function):
        deeds.append((often, function))
        return function
    return register


def told(world, name, answer, *statuses):
    """The answer, given that it is one of the statuses; everything may be told to come again."""
    answer.must(*statuses, NOT_NOW)
    if answer.status == NOT_NOW:
        assert answer.problem == "unavailable", answer
    world.count(name, answer.status)
    return answer


# -- contacts come in


@deed(12)
def contact(world, dice, api):
    answer = told(world, "contact", api.post("contacts/", world.draft(dice)), 201)
    if answer.status == 201:
        world.tell(answer.json)


@deed(8)
def contact_with_key(world, dice, api):
    key = world.key(dice)
    was_known = key.body is not None
    answer = told(world, "contact with key", api.post("contacts/", key.draft, {"Idempotency-Key": key.name}), 201)
    if answer.status == 201:
        key.judge(answer, was_known)
        world.tell(answer.json)


@deed(1)
def key_with_another_contact(world, dice, api):
    key = world.key(dice)
    if key.body is None:
        return
    draft = {**key.draft, "message": "another"}
    answer = told(world, "key reused", api.post("contacts/", draft, {"Idempotency-Key": key.name}), 422)
    assert answer.status == NOT_NOW or answer.problem == "key-reused", answer


@deed(1)
def contact_of_unknown_source(world, dice, api):
    told(world, "contact of unknown source", api.post("contacts/", world.draft(dice, UNKNOWN)), 404)


def row_of(world, dice):
    """(row, statuses that it may get)"""
    if dice.random() < 0.03:
        return world.draft(dice, UNKNOWN), {404}
    if dice.random() < 0.03:
        return {**world.draft(dice), "payload": [1]}, {422}
    if dice.random() < 0.4:
        key = world.key(dice)
        return {**key.draft, "idempotency_key": key.name}, {201}
    return world.draft(dice), {201}


@deed(1)
def batch(world, dice, api):
    rows = [row_of(world, dice) for _ in range(dice.randint(1, 20))]
    drafts = [row for row, _ in rows]
    if dice.random() < 0.5:
        has_fault = any(422 in statuses for _, statuses in rows)  # then the document does not allow the list
        answer = api.post("contacts/batch", json.dumps(drafts).encode() if has_fault else drafts)
    else:
        answer = api.post("contacts/batch", lines_of(drafts), {"Content-Type": "application/x-ndjson"})
    items = told(world, "batch", answer, 200).json.get("items", [])
    assert answer.status == NOT_NOW or len(items) == len(rows)
    for item, (_, statuses) in zip(items, rows):
        assert item["status"] in statuses | {NOT_NOW}, item
        world.count("row of a batch", item["status"])
        if item["status"] == 201:
            world.tell(item["contact"])


# -- their life


def change(world, dice, api, name, body, *statuses):
    answer = api.patch(f"contacts/{world.contact_id(dice)}", body)
    return told(world, name, answer, 200, 404, *statuses)


@deed(10)
def close(world, dice, api):
    change(world, dice, api, "close", {"status": "closed"})


@deed(3)
def reopen(world, dice, api):
    change(world, dice, api, "reopen", {"status": "active"}, 409)


@deed(2)
def edit(world, dice, api):
    change(world, dice, api, "edit", {"message": f"edited {dice.random()}"})


@deed(2)
def edit_what_was_read(world, dice, api):
    contact_id = world.contact_id(dice)
    read = told(world, "read", api.get(f"contacts/{contact_id}"), 200, 404)
    if read.status == 200:
        answer = api.patch(f"contacts/{contact_id}", {"message": "read before"}, {"If-Match": read.headers["etag"]})
        told(world, "edit what was read", answer, 200, 404, 412)


@deed(5)
def assign_by_hand(world, dice, api):
    body = {"operator_id": dice.choice(world.operators)}
    told(world, "assign", api.post(f"contacts/{world.contact_id(dice)}/assign", body), 200, 404, 409)


@deed(1)
def assign_by_force(world, dice, api):
    body = {"operator_id": dice.choice(world.operators), "force": True}
    told(world, "assign by force", api.post(f"contacts/{world.contact_id(dice)}/assign", body), 200, 404, 409)


@deed(4)
def assign_by_rule(world, dice, api):
    told(world, "assign by rule", api.post(f"contacts/{world.contact_id(dice)}/assign", {}), 200, 404, 409)


@deed(4)
def release(world, dice, api):
    told(world, "release", api.post(f"contacts/{world.contact_id(dice)}/release"), 200, 404, 409)


# -- operators and sources


def change_operator(world, dice, api, name, body):
    told(world, name, api.patch(f"operators/{dice.choice(world.operators)}", body), 200)


@deed(3)
def limit(world, dice, api):
    change_operator(world, dice, api, "limit", {"max_load_limit": dice.choice((0, 1, 2, 5, 8, 13, 21, 34))})


@deed(2)
def leave(world, dice, api):
    fate = dice.choice(("keep", "release", "redistribute"))
    change_operator(world, dice, api, f"leave, {fate}", {"is_active": False, "active_contacts": fate})


@deed(4)
def come_back(world, dice, api):
    change_operator(world, dice, api, "come back", {"is_active": True})


@deed(2)
def weight(world, dice, api):
    path = f"sources/{dice.choice(world.sources)}/weights/{dice.choice(world.operators)}"
    told(world, "weight", api.put(path, {"weight": dice.choice((0, 0.001, 1, 5))}), 200, 201)


@deed(1)
def weight_deleted(world, dice, api):
    path = f"sources/{dice.choice(world.sources)}/weights/{dice.choice(world.operators)}"
    told(world, "weight deleted", api.delete(path), 204, 404)


@deed(1)
def weights(world, dice, api):
    team = [{"operator_id": one, "weight": dice.randint(0, 5)} for one in dice.sample(world.operators, 6)]
    told(world, "weights", api.put(f"sources/{dice.choice(world.sources)}/weights/", {"weights": team}), 200)


@deed(2)
def settings(world, dice, api):
    body = dice.choice(({"strategy": dice.choice(STRATEGIES)}, {"sticky_seconds": dice.choice((0, 1, 3600))},
                        {"backlog": "auto"}, {"backlog": "auto"}, {"backlog": "manual"}))
    told(world, "settings", api.patch(f"sources/{dice.choice(world.sources)}", body), 200)


@deed(2)
def guest(world, dice, api):
    """An operator who comes, may get something to do, and is deleted if not."""
    draft = {"name": "guest", "max_load_limit": dice.choice((0, 0, 1))}
    answer = told(world, "operator", api.post("operators/", draft), 201)
    if answer.status != 201:
        return
    link = f"sources/{dice.choice(world.sources)}/weights/{answer.json['id']}"
    told(world, "guest's weight", api.put(link, {"weight": 2}), 200, 201)
    told(world, "operator deleted", dice.choice(world.apis).delete(f"operators/{answer.json['id']}"), 204, 409)


@deed(1)
def pop_up(world, dice, api):
    """A source that comes, may get a contact, and is deleted if not."""
    answer = told(world, "source", api.post("sources/", {"name": api.unique("pop-up"), "weights": [
        {"operator_id": dice.choice(world.operators), "weight": 1}]}), 201)
    if answer.status != 201:
        return
    if dice.random() < 0.5:
        made = told(world, "contact", api.post("contacts/", world.draft(dice, answer.json["id"])), 201)
        if made.status == 201:
            world.tell(made.json)
    told(world, "source deleted", dice.choice(world.apis).delete(f"sources/{answer.json['id']}"), 204, 409)


# -- looking on


def look(world, name, answer):
    told(world, name, answer, 200, 404)


@deed(2)
def history(world, dice, api):
    look(world, "history", api.get(f"contacts/{world.contact_id(dice)}/history"))


@deed(4)
def held(world, dice, api):
    """What somebody has to do; that is what the others then change."""
    answer = api.get("contacts/", operator_id=dice.choice(world.operators), status="active", limit=10)
    if told(world, "held", answer, 200).status == 200:
        with world.lock:
            world.held.extend(item["id"] for item in answer.json["items"])


@deed(3)
def lists(world, dice, api):
    path, query = dice.choice((("contacts/", {"status": "waiting"}), ("contacts/", {"status": "active"}),
                               ("contacts/", {"operator_id": dice.choice(world.operators)}), ("leads/", {}),
                               ("operators/", {"source_id": dice.choice(world.sources)}), ("sources/", {}),
                               ("leads/", {"q": "chaos-1"})))
    look(world, "list", api.get(path, limit=5, **query))


@deed(2)
def reports(world, dice, api):
    look(world, "report", api.get(dice.choice(("distribution/load/",
                                               f"distribution/sources/{dice.choice(world.sources)}",
                                               f"sources/{dice.choice(world.sources)}/weights/"))))


@deed(1)
def simulate(world, dice, api):
    look(world, "simulation", api.post(f"sources/{dice.choice(world.sources)}/simulate", {"contacts": 50}))


# -- the same in psql: single statements, as somebody types them


def typed(world, name, session, sql):
    """The lines that it printed. Then a look at the list, so that psql does no more than the others."""
    lines = session.run(sql)
    world.count(f"psql: {name}", "done")
    world.apis[0].get("contacts/", limit=1).must(200, NOT_NOW)
    return lines


@deed(4, SQL_DEEDS)
def sql_close(world, dice, session):
    typed(world, "close", session, f"update contacts set status = 'closed' where id = {world.contact_id(dice)}")


@deed(1, SQL_DEEDS)
def sql_close_all(world, dice, session):
    typed(world, "close all", session, f"""
        update contacts set status = 'closed'
         where operator_id = {dice.choice(world.operators)} and status = 'active'""")


@deed(1, SQL_DEEDS)
def sql_clear(world, dice, session):
    """A backlog that nobody wants any more."""
    typed(world, "clear", session, f"""
        update contacts set status = 'closed'
         where source_id = {dice.choice(world.sources)} and waiting_reason is not null""")


@deed(3, SQL_DEEDS)
def sql_release(world, dice, session):
    typed(world, "release", session, f"""
        update contacts set status = 'waiting', operator_id = null
         where id = {world.contact_id(dice)} and status = 'active'""")


@deed(2, SQL_DEEDS)
def sql_assign(world, dice, session):
    typed(world, "assign", session, f"""
        update contacts set status = 'active', operator_id = {dice.choice(world.operators)}
         where id = {world.contact_id(dice)} and status = 'waiting'""")


@deed(3, SQL_DEEDS)
def sql_limit(world, dice, session):
    typed(world, "limit", session, f"""
        update operators set max_load_limit = {dice.choice((1, 3, 8, 20))}, is_active = {dice.random() < 0.8}
         where id = {dice.choice(world.operators)}""")


@deed(1, SQL_DEEDS)
def sql_limits(world, dice, session):
    typed(world, "limits", session, f"""
        update operators set max_load_limit = max_load_limit + 1
         where id in ({", ".join(map(str, dice.sample(world.operators, 4)))})""")


@deed(2, SQL_DEEDS)
def sql_weight(world, dice, session):
    typed(world, "weight", session, f"""
        update source_operator_weights set weight = {dice.choice((0, 1, 4))}
         where source_id = {dice.choice(world.sources)} and operator_id = {dice.choice(world.operators)}""")


@deed(1, SQL_DEEDS)
def sql_settings(world, dice, session):
    typed(world, "settings", session, f"""
        update sources set strategy = '{dice.choice(STRATEGIES)}', backlog = '{dice.choice(("auto", "manual"))}'
         where id = {dice.choice(world.sources)}""")


@deed(5, SQL_DEEDS)
def sql_insert(world, dice, session):
    """Some that wait, or one that somebody has."""
    has_one = dice.random() < 0.5
    holder, status = (dice.choice(world.operators), "active") if has_one else ("null", "waiting")
    rows = typed(world, "insert", session, f"""
        insert into contacts (lead_id, source_id, operator_id, status)
        select (select min(id) from leads), {dice.choice(world.sources)}, {holder}, '{status}'
          from generate_series(1, {1 if has_one else dice.randint(1, 8)})
        returning id""")
    with world.lock:
        world.recent.extend(map(int, rows))


@deed(2, SQL_DEEDS)
def sql_delete(world, dice, session):
    typed(world, "delete", session, f"delete from contacts where id = {world.contact_id(dice)}")
