"""Weights are kept to: chi-square over ten thousand contacts per source."""

import collections
import random

from harness import test
from storm import contacts, storm

SETTINGS = {"SEED": 20240229}
CONTACTS = 10000
PLENTY = 1000000


def chi_square_bound(degrees):
    """One in a million fair draws exceeds it (Wilson and Hilferty)."""
    normal = 4.7534
    return degrees * (1 - 2 / (9 * degrees) + normal * (2 / (9 * degrees)) ** 0.5) ** 3


def must_be_shared(counts, weights):
    """The counts may come from these weights; who has no weight has no contact."""
    drawn, whole = sum(counts), sum(weights)
    assert not any(count for count, weight in zip(counts, weights) if weight == 0), counts
    expected = [(count, drawn * weight / whole) for count, weight in zip(counts, weights) if weight]
    statistic = sum((count - fair) ** 2 / fair for count, fair in expected)
    assert statistic < chi_square_bound(len(expected) - 1), (statistic, expected)


def counts_of(answers, source, team):
    """Contacts per operator; waiting ones under the last."""
    mine = [answer.must(201) for answer in answers if answer.sent["source_id"] == source["id"]]
    counts = collections.Counter(contact["operator_id"] for contact in mine)
    assert set(counts) <= {operator["id"] for operator in team} | {None}
    return [counts[operator["id"]] for operator in team], counts[None]


def team_of(api, *limits):
    return [api.operator(max_load_limit=limit) for limit in limits]


@test
def shares_follow_the_weights(api):
    """Several sources at once, with common operators: each keeps to its own weights."""
    team = team_of(api, *[PLENTY] * 5)
    idle = api.operator(max_load_limit=PLENTY, is_active=False)
    tables = [(50, 30, 20, 0, 0), (0.125, 0.375, 1.5, 2.001, 0.999)]
    sources = [api.source([*zip(team, weights), (idle, 100)]) for weights in tables]
    requests = [request for source in sources for request in contacts(api, source, CONTACTS)]
    random.Random(1).shuffle(requests)

    answers = storm([api], requests, clients=128)

    for source, weights in zip(sources, tables):
        counts, waiting = counts_of(answers, source, team)
        assert (sum(counts), waiting) == (CONTACTS, 0)
        must_be_shared(counts, weights)
    assert api.load(idle) == 0
    api.loads_must_match()


@test
def the_rest_shares_what_the_full_one_cannot_take(api):
    team = team_of(api, 1500, PLENTY, PLENTY, 0)
    weights = (50, 30, 20, 1000)
    source = api.source(zip(team, weights))

    answers = storm([api], contacts(api, source, CONTACTS), clients=128)

    counts, waiting = counts_of(answers, source, team)
    assert waiting == 0 and (counts[0], counts[3]) == (1500, 0)
    must_be_shared(counts[1:3], weights[1:3])
    third = [answer for answer in answers[len(answers) * 2 // 3:]]
    late, _ = counts_of(third, source, team)
    assert late[0] == 0
    must_be_shared(late[1:3], weights[1:3])


@test
def shares_hold_until_the_last_place(api):
    """Everybody fills up; who waits is what is left over."""
    team = team_of(api, 200, 300, 500)
    source = api.source(zip(team, (1, 1, 1000)))
    answers = storm([api], contacts(api, source, 1100), clients=128)
    assert counts_of(answers, source, team) == ([200, 300, 500], 100)
    api.loads_must_match()


@test
def small_weights_are_not_rounded_away(api):
    team = team_of(api, PLENTY, PLENTY)
    source = api.source(zip(team, (0.001, 0.999)))
    answers = storm([api], contacts(api, source, CONTACTS), clients=128)
    must_be_shared(counts_of(answers, source, team)[0], (1, 999))
