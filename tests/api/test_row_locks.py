"""Rows other than loads stay locked for long: leads, links, operators. Whoever needs them waits, nobody else."""

from harness import test
from scrape import metric
from waiting import Stopwatch, meanwhile, poll, together

SETTINGS = {"QUEUE_WAIT_MS": "15000"}  # who waits is served once the lock is gone, on a busy machine as well

QUICKLY_S = 2  # all of MANY, one after the other: a tenth of that as a rule
MANY = 30


def parked(api):
    return metric(api, "leadd_intake_parked")


def leads(api, count=MANY):
    """External ids of leads that nobody knows yet."""
    return [api.unique("lead") for _ in range(count)]


def quoted(names):
    return ", ".join(f"'{name}'" for name in names)


def known_leads(api, count=MANY):
    names = leads(api, count)
    api.psql.run(f"insert into leads (external_id) select unnest(array[{quoted(names)}])")
    return names


def post(api, source, name, **members):
    """(answer, seconds)"""
    with Stopwatch() as watch:
        answer = api.post("contacts/", {"lead_external_id": name, "source_id": source["id"], **members})
    return answer, watch.seconds


def must_be_quick(answers):
    assert {answer.status for answer, _ in answers} == {201}, {str(answer) for answer, _ in answers}
    assert sum(seconds for _, seconds in answers) < QUICKLY_S, [round(seconds, 3) for _, seconds in answers]


def others_go_on(api, held, stuck, others):
    """
    Many contacts run into what a session holds; those of other sources are served quickly
    all the while. When it lets go, all that waited are served too. Their contacts.
    """
    with api.psql.session() as session:
        session.run(f"begin; {held}")
        with meanwhile(together, len(stuck), lambda index: stuck[index]()) as waiting:
            poll(lambda: parked(api), "something waits apart")
            answers = [other() for other in others]
            assert not waiting.done()
            session.run("rollback")
    contacts = [answer.must(201) for answer, _ in waiting.result()]
    must_be_quick(answers)
    poll(lambda: parked(api) == 0, "nothing waits apart any more")
    api.loads_must_match()
    return contacts


def worlds(api):
    return [api.desk(max_load_limit=1000) for _ in range(2)]


def free(api, source, count=MANY):
    return [lambda: post(api, source, api.unique("lead")) for _ in range(count)]


@test
def many_locked_leads_harm_only_the_contacts_that_change_them(api):
    (_, source), (_, free_source) = worlds(api)
    names = known_leads(api)
    stuck = [lambda name=name: post(api, source, name, lead={"phone": name}) for name in names]
    contacts = others_go_on(api, f"update leads set name = 'locked' where external_id in ({quoted(names)})", stuck,
                            free(api, free_source) + free(api, source))
    assert len({contact["lead_id"] for contact in contacts}) == MANY
    assert api.psql.count(f"leads where external_id in ({quoted(names)}) and phone = external_id "
                          "and name is null") == MANY


@test
def contacts_that_say_nothing_of_a_locked_lead_go_on(api):
    """Also while others wait for such leads, and only deletion is in their way."""
    (_, source), _ = worlds(api)
    changed, named = known_leads(api, 5), known_leads(api, 5)
    stuck = [lambda name=name: post(api, source, name, lead={"phone": name}) for name in changed]
    others = [lambda name=name: post(api, source, name) for name in named]
    others_go_on(api, f"update leads set name = 'locked' where external_id in ({quoted(changed + named)})", stuck, others)


@test
def leads_that_are_being_deleted_harm_only_their_own_contacts(api):
    (_, source), (_, free_source) = worlds(api)
    names = known_leads(api)
    stuck = [lambda name=name: post(api, source, name) for name in names]
    others_go_on(api, f"delete from leads where external_id in ({quoted(names)})", stuck,
                 free(api, free_source) + free(api, source))


@test
def leads_that_somebody_is_making_harm_only_their_own_contacts(api):
    (_, source), (_, free_source) = worlds(api)
    names = leads(api)
    stuck = [lambda name=name: post(api, source, name) for name in names]
    others_go_on(api, f"insert into leads (external_id) select unnest(array[{quoted(names)}])", stuck,
                 free(api, free_source) + free(api, source))
    assert api.psql.count(f"leads where external_id in ({quoted(names)})") == MANY


@test
def leads_that_somebody_has_made_are_taken(api):
    (_, source), _ = worlds(api)
    names = leads(api, 3)
    with api.psql.session() as session:
        session.run(f"begin; insert into leads (external_id, name) select one, 'theirs' "
                    f"from unnest(array[{quoted(names)}]) as one")
        with meanwhile(together, 3, lambda index: post(api, source, names[index], lead={"phone": "5"})) as waiting:
            poll(lambda: parked(api) == 3, "all of them wait apart")
            session.run("commit")
    for answer, _ in waiting.result():
        answer.must(201)
    assert api.psql.count(f"leads where external_id in ({quoted(names)}) and name = 'theirs' and phone = '5'") == 3


@test
def a_lead_that_is_free_again_does_not_wait_for_others_that_are_not(api):
    """The contact comes back, though as many others as there are tries in its time still wait."""
    (_, source), _ = worlds(api)
    names = known_leads(api, 100)
    own, *others = [lambda name=name: post(api, source, name, lead={"phone": "5"}) for name in names]
    lock = "begin; update leads set name = 'locked' where external_id in ({})"
    with api.psql.session() as short, api.psql.session() as long:
        short.run(lock.format(quoted(names[:1])))
        long.run(lock.format(quoted(names[1:])))
        with meanwhile(together, len(others), lambda index: others[index]()) as waiting:
            with meanwhile(own) as first:
                poll(lambda: parked(api) == len(names), "all of them wait apart")
                short.run("rollback")
                with Stopwatch() as watch:
                    answer, _ = first.result()
            assert not waiting.done()
            long.run("rollback")
    answer.must(201)
    assert watch.seconds < QUICKLY_S, watch.seconds
    for answer, _ in waiting.result():
        answer.must(201)


@test
def a_locked_operator_harms_only_its_sources(api):
    (operator, source), (_, free_source) = worlds(api)
    others_go_on(api, f"select from operators where id = {operator['id']} for update",
                 [lambda: post(api, source, api.unique("lead"))] * MANY, free(api, free_source))
    assert api.load(operator) == MANY


@test
def a_locked_link_harms_only_the_source_that_keeps_turns_by_it(api):
    """Operators are shared: their loads must not be held while somebody waits for the link."""
    team = [(api.operator(max_load_limit=1000), 1) for _ in "12"]
    turns, free_source = api.source(team, strategy="smooth_weighted"), api.source(team)
    contacts = others_go_on(api, f"update source_operator_weights set weight = 2 where source_id = {turns['id']}",
                            [lambda: post(api, turns, api.unique("lead"))] * MANY, free(api, free_source))
    assert sorted(sum(contact["operator_id"] == operator["id"] for contact in contacts)
                  for operator, _ in team) == [MANY // 2] * 2


@test
def a_backlog_whose_link_is_locked_stops_neither_drains_nor_new_contacts(api):
    """Of two automatic sources with the same operators one keeps turns, and its links are locked."""
    team = [(api.operator(max_load_limit=0), 1) for _ in "12"]
    turns, source = api.source(team, strategy="smooth_weighted", backlog="auto"), api.source(team, backlog="auto")
    stuck, waiting = api.contact(turns), api.contact(source)

    def status(contact):
        return api.get(f"contacts/{contact['id']}").must(200)["status"]

    with api.psql.session() as session:
        session.run(f"begin; update source_operator_weights set weight = 1 where source_id = {turns['id']}")
        for operator, _ in team:
            api.patch(f"operators/{operator['id']}", {"max_load_limit": 100}).must(200)
        poll(lambda: status(waiting) == "active", "who waits for the other source is assigned", 5)
        must_be_quick([other() for other in free(api, source)])
        assert status(stuck) == "waiting"
        session.run("rollback")
    poll(lambda: status(stuck) == "active", "the lock is gone, and it is looked for again")
    assert api.contact(turns)["status"] == "active"
    api.loads_must_match()


@test
def contacts_of_one_lead_keep_their_order(api):
    """What came later is the later word, also when the lead is free in the middle."""
    (_, source), _ = worlds(api)
    (name,) = known_leads(api, 1)

    def changes(word):
        return post(api, source, name, lead={"name": word})

    with api.psql.session() as session:
        session.run(f"begin; update leads set name = 'locked' where external_id = '{name}'")
        with meanwhile(changes, "earlier") as first:
            poll(lambda: parked(api), "the first one waits apart")
            with meanwhile(changes, "later") as second:
                poll(lambda: metric(api, "leadd_intake_waiting", line="parked") == 2, "so does the second")
                session.run("rollback")
    earlier, later = first.result()[0].must(201), second.result()[0].must(201)
    assert earlier["id"] < later["id"]
    assert api.get(f"leads/{later['lead_id']}").must(200)["name"] == "later"
