"""What the clients of the chaos test share: operators, sources, and what they were told about contacts and keys."""

import collections
import itertools
import json
import threading

LEADS = 60
OPERATORS = 12
STRATEGIES = ("weighted_random", "smooth_weighted", "least_loaded", "least_recent")
NOT_NOW = 503  # a lock was held too long: allowed, counted

# In the order in which places are taken and freed: limits get their numbers from the sequence of the history, under
# the lock that the change holds (behind the service's own trigger by name).
LIMITS_BOOK = """
    create table chaos_limits (mark bigint, operator_id bigint, is_active boolean, max_load_limit integer);
    create function chaos_book() returns trigger language plpgsql as $$
    begin
        insert into chaos_limits
        select nextval(pg_get_serial_sequence('contact_history', 'id')), id, is_active, max_load_limit from after;
        return null;
    end $$;
    create trigger zz_chaos_inserted after insert on operators referencing new table as after
        for each statement execute function chaos_book();
    create trigger zz_chaos_updated after update on operators referencing new table as after
        for each statement execute function chaos_book();"""


class World:
    def __init__(self, apis, dice):
        self.apis = apis
        self.psql = apis[0].psql
        self.lock = threading.Lock()
        self.tally = collections.Counter()  # (deed, status)
        self.numbers = itertools.count(1)
        self.drafts = {}  # number -> draft
        self.told = {}  # number -> contact as its first 201 said
        self.keys = {}  # key -> Key
        self.recent = collections.deque(maxlen=150)  # ids of contacts that came in
        self.held = collections.deque(maxlen=80)  # of those that operators were seen with
        self.psql.run(LIMITS_BOOK)
        self.operators = [apis[0].operator(max_load_limit=dice.choice((0, 1, 2, 3, 5, 8, 13)))["id"]
                          for _ in range(OPERATORS)]
        self.sources = [self._source(dice, number) for number in range(8)]
        for source_id in self.sources:
            self.tell(self.apis[0].post("contacts/", self.draft(dice, source_id)).must(201))

    def _source(self, dice, number):
        api = self.apis[number % 2]
        team = [({"id": one}, dice.choice((0, 0.5, 1, 1, 3))) for one in dice.sample(self.operators, 5)]
        return api.source(team, strategy=STRATEGIES[number % 4], sticky_seconds=dice.choice((0, 0, 1, 3600)),
                          backlog="auto" if number % 4 < 3 else "manual")["id"]

    def draft(self, dice, source_id=None):
        """A contact that can be found again by the number in its payload."""
        number = next(self.numbers)
        lead = f"chaos-{dice.randrange(LEADS)}" if dice.random() < 0.7 else f"chaos-new-{number}"
        draft = {"lead_external_id": lead, "source_id": source_id or dice.choice(self.sources),
                 "payload": {"chaos": number}}
        if dice.random() < 0.3:
            draft["lead"] = {"name": f"name {number}", "phone": None}
        if dice.random() < 0.3:
            draft["message"] = f"message {number}"
        with self.lock:
            self.drafts[number] = draft
        return draft

    def tell(self, contact):
        """Notes an acknowledged contact; it has to be the one that was asked for, now and whenever it is told again."""
        number = contact["payload"]["chaos"]
        draft = self.drafts[number]
        assert contact["lead_external_id"] == draft["lead_external_id"], contact
        assert contact["source_id"] == draft["source_id"], contact
        assert contact["status"] == ("active" if contact["operator_id"] else "waiting"), contact
        with self.lock:
            first = self.told.setdefault(number, contact)
            if first is contact:
                self.recent.append(contact["id"])
        assert first == contact, f"two answers for one contact: {first} {contact}"

    def contact_id(self, dice):
        with self.lock:
            return dice.choice(self.held if self.held and dice.random() < 0.6 else self.recent)

    def key(self, dice):
        """One that came before, mostly a new one."""
        with self.lock:
            if self.keys and dice.random() < 0.4:
                return self.keys[dice.choice(list(self.keys)[-40:])]
        key = Key(f"chaos-key-{next(self.numbers)}", self.draft(dice))
        with self.lock:
            self.keys[key.name] = key
        return key

    def count(self, deed, status):
        with self.lock:
            self.tally[deed, status] += 1

    def summary(self):
        deeds = collections.defaultdict(dict)
        for (deed, status), count in sorted(self.tally.items()):
            deeds[deed][status] = count
        return "\n".join(f"    {deed}: " + ", ".join(f"{status} {count}" for status, count in counts.items())
                         for deed, counts in deeds.items())


class Key:
    """An idempotency key and what came of it."""

    def __init__(self, name, draft):
        self.name, self.draft = name, draft
        self.lock = threading.Lock()
        self.body = None  # bytes of the first answer
        self.fresh = 0  # answers that were not replayed

    def judge(self, answer, was_known):
        """Of a 201. was_known: its answer had been given before this request was sent."""
        replayed = answer.headers.get("idempotency-replayed") == "true"
        with self.lock:
            self.fresh += not replayed
            self.body = self.body or answer.body
            assert self.body == answer.body, f"another answer for {self.name}: {self.body} {answer}"
            assert self.fresh < 2, f"{self.name} was stored twice\n{answer}"
            assert replayed or not was_known, f"stored again\n{answer}"


def lines_of(drafts):
    """NDJSON"""
    return b"".join(json.dumps(draft).encode() + b"\n" for draft in drafts)
