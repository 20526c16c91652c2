"""Storms of concurrent contacts: no operator above the limit at any moment, every contact exactly once."""

import collections
import random
import threading

from harness import test
from storm import contacts, storm
from waiting import meanwhile

BIGGEST_ID = 2**63 - 1
OVERLOADED = """
    select c.operator_id, count(*), max(o.max_load_limit)
      from contacts c join operators o on o.id = c.operator_id
     where c.status = 'active'
     group by c.operator_id
    having count(*) > max(o.max_load_limit)"""


class Watch:
    """Looks again and again, each time in one snapshot, whether somebody holds more than allowed."""

    def __init__(self, api):
        self.api = api
        self.over = threading.Event()
        self.looks = 0

    def run(self):
        with self.api.psql.session() as session:
            while not self.over.is_set():
                overloaded = session.run(OVERLOADED)
                assert not overloaded, f"(operator, held, limit): {overloaded}"
                self.looks += 1


def watched(api, work):
    """What work() returns; nobody was overloaded meanwhile nor at the end."""
    watch = Watch(api)
    with meanwhile(watch.run):
        try:
            result = work()
        finally:
            watch.over.set()
    assert watch.looks > 2
    assert not api.psql.run(OVERLOADED)
    api.loads_must_match()
    return result


def stored_once(api, answers, sources):
    """Every acknowledged contact is there once, as it was told; and there is nothing else."""
    created = {answer.json["id"]: answer.json for answer in answers if answer.status == 201}
    assert len(created) == sum(answer.status == 201 for answer in answers)
    ids = ", ".join(str(source["id"]) for source in sources)
    rows = api.psql.run(f"""select c.id, l.external_id, c.source_id, c.message
                              from contacts c join leads l on l.id = c.lead_id where c.source_id in ({ids})""")
    assert len(rows) == len(created)
    for number, external_id, source_id, message in rows:
        told = created[int(number)]
        assert (told["lead_external_id"], told["source_id"], told["message"]) == (external_id, int(source_id), message)
    return created


@test
def sixty_four_clients_fill_ten_places_exactly(api):
    operator, source = api.desk(max_load_limit=10)

    answers = storm([api], contacts(api, source, 64), clients=64)

    status = collections.Counter(answer.must(201)["status"] for answer in answers)
    assert status == {"active": 10, "waiting": 54}
    assert api.load(operator) == 10
    assert api.psql.count(f"contacts where operator_id = {operator['id']} and status = 'active'") == 10
    assert api.psql.count(f"contacts where source_id = {source['id']} and status = 'waiting'") == 54


@test
def two_processes_fill_ten_places_exactly(api, twin):
    for _ in range(5):
        operator, source = api.desk(max_load_limit=10)
        answers = storm([api, twin], contacts(api, source, 64), clients=64)
        assert sum(answer.must(201)["status"] == "active" for answer in answers) == 10
        assert api.load(operator) == 10
    api.loads_must_match()


@test
def nobody_is_ever_overloaded(api, twin):
    """Two processes, sources that share operators, and contacts that are closed all the time."""
    dice = random.Random(1)
    team = [api.operator(max_load_limit=limit) for limit in (0, 1, 2, 3, 5, 8, 13, 21, 34, 55)]
    sources = [api.source([(operator, dice.randint(1, 50)) for operator in dice.sample(team, 5)]) for _ in range(8)]
    requests = [request for source in sources for request in contacts(api, source, 500)]
    dice.shuffle(requests)

    def close_some(answer):
        if answer.method == "POST" and answer.must(201)["status"] == "active" and dice.random() < 0.7:
            return "PATCH", f"contacts/{answer.json['id']}", {"status": "closed"}
        return None

    answers = watched(api, lambda: storm([api, twin], requests, clients=96, then=close_some))

    closed = {answer.must(200)["id"] for answer in answers if answer.method == "PATCH"}
    created = stored_once(api, [answer for answer in answers if answer.method == "POST"], sources)
    assert len(created) == 4000 and len(closed) > 50
    assert api.psql.count("contacts where status = 'closed'") == len(closed)


@test
def every_free_place_is_taken(api, twin):
    """After a storm there is no contact waiting whose source has a free operator."""
    team = [api.operator(max_load_limit=50) for _ in range(6)]
    sources = [api.source([(team[index], 1), (team[(index + 1) % 6], 1000)]) for index in range(6)]
    requests = [request for source in sources for request in contacts(api, source, 150)]
    random.Random(2).shuffle(requests)

    answers = watched(api, lambda: storm([api, twin], requests))

    active = sum(answer.must(201)["status"] == "active" for answer in answers)
    assert active == 300
    assert [api.load(operator) for operator in team] == [50] * 6


@test
def raising_limits_meanwhile_is_safe(api, twin):
    """Limits that only grow, one after the other: at each moment nobody holds more than the newest limit."""
    team = [api.operator(max_load_limit=1) for _ in range(4)]
    source = api.source([(operator, 1) for operator in team])

    def raise_limits_in_a_storm():
        with meanwhile(storm, [api, twin], contacts(api, source, 800), 32):
            for limit in range(2, 42):
                api.patch(f"operators/{team[limit % 4]['id']}", {"max_load_limit": limit}).must(200)

    watched(api, raise_limits_in_a_storm)

    assert [api.contact(source)["operator_id"] is not None for _ in range(200)].count(True) < 200
    assert [api.load(operator) for operator in team] == [40, 41, 38, 39]


@test
def concurrent_closings_free_a_place_once(api, twin):
    operator, source = api.desk(max_load_limit=20)
    held = [answer.must(201) for answer in storm([api], contacts(api, source, 20))]
    closings = [("PATCH", f"contacts/{contact['id']}", {"status": "closed"}) for contact in held[:10] * 6]
    random.Random(3).shuffle(closings)

    answers = storm([api, twin], closings)

    assert {answer.must(200)["status"] for answer in answers} == {"closed"}
    assert len({(answer.json["id"], answer.json["version"], answer.json["closed_at"]) for answer in answers}) == 10
    assert api.load(operator) == 10
    api.loads_must_match()


@test
def concurrent_reopenings_respect_the_limit(api, twin):
    operator, source = api.desk(max_load_limit=30)
    held = [answer.must(201) for answer in storm([api], contacts(api, source, 30))]
    storm([api, twin], [("PATCH", f"contacts/{contact['id']}", {"status": "closed"}) for contact in held])
    api.patch(f"operators/{operator['id']}", {"max_load_limit": 7}).must(200)

    answers = storm([api, twin], [("PATCH", f"contacts/{contact['id']}", {"status": "active"}) for contact in held])

    assert collections.Counter(answer.status for answer in answers) == {200: 7, 409: 23}
    assert api.load(operator) == 7
    api.loads_must_match()


@test
def one_lead_per_external_id(api, twin):
    source = api.source()
    for _ in range(8):
        external_id = api.unique("new")
        draft = {"lead_external_id": external_id, "source_id": source["id"], "lead": {"name": "Ann"}}

        answers = storm([api, twin], [("POST", "contacts/", draft)] * 32, clients=32)

        assert len({answer.must(201)["lead_id"] for answer in answers}) == 1
        assert len({answer.json["id"] for answer in answers}) == 32
        assert api.psql.count(f"leads where external_id = '{external_id}'") == 1


@test
def leads_in_any_order_never_deadlock(api, twin):
    """The same few leads, with news about them, in both processes at once."""
    operator, source = api.desk(max_load_limit=1000000)
    dice, prefix = random.Random(4), api.unique("shared")
    requests = [("POST", "contacts/", {"lead_external_id": f"{prefix}-{dice.randrange(20)}", "source_id": source["id"],
                                       "message": str(index), "lead": {"name": str(index)}}) for index in range(1500)]

    answers = storm([api, twin], requests, clients=64)

    assert len(stored_once(api, answers, [source])) == 1500
    assert api.psql.count(f"leads where external_id like '{prefix}%'") == 20
    assert api.load(operator) == 1500


@test
def unknown_sources_among_good_ones_create_nothing(api, twin):
    _, source = api.desk(max_load_limit=1000000)
    shared, lost = api.unique("shared"), api.unique("lost")
    good = contacts(api, source, 300) + contacts(api, source, 100, shared)
    bad = contacts(api, {"id": BIGGEST_ID}, 300, lost) + contacts(api, {"id": BIGGEST_ID}, 100, shared)
    requests = good + bad
    random.Random(5).shuffle(requests)

    answers = storm([api, twin], requests)

    assert collections.Counter(answer.status for answer in answers) == {201: 400, 404: 400}
    assert all((answer.sent["source_id"] == BIGGEST_ID) == (answer.status == 404) for answer in answers)
    stored_once(api, answers, [source])
    assert api.psql.count(f"leads where external_id like '{lost}%'") == 0
    assert api.psql.count(f"leads where external_id like '{shared}%'") == 100


@test
def refused_drafts_among_good_ones_harm_nobody(api):
    _, source = api.desk(max_load_limit=1000000)
    requests = contacts(api, source, 200)
    requests += [("POST", "contacts/", {"lead_external_id": "x", "source_id": source["id"], "payload": index})
                 for index in range(200)]
    random.Random(6).shuffle(requests)
    answers = storm([api], requests)
    assert collections.Counter(answer.status for answer in answers) == {201: 200, 422: 200}
    stored_once(api, answers, [source])
