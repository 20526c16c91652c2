"""Each list with one filter is found by its index, whatever PostgreSQL is asked for: its own log tells the plans."""

import itertools
import re

from harness import test
from waiting import poll

CONTACTS, LEADS, OPERATORS, SOURCES = 20000, 5000, 3000, 3000
LIST = {"contacts": "from contacts as contact", "leads": "from leads", "operators": "from operators as operator",
        "sources": "from sources as source"}
A_PAGE = " page as ("  # what new connections run of themselves may read the same tables


def stored(lab, name):
    """A server on an analyzed database of that size."""
    lab.new_database(name)
    psql = lab.psql(name)
    psql.run(f"""
        set session_replication_role = replica;
        insert into operators (id, name) select number, 'o' || number from generate_series(1, {OPERATORS}) as number;
        insert into operator_loads (operator_id, active_load) select id, 0 from operators;
        insert into sources (id, name) select number, 's' || number from generate_series(1, {SOURCES}) as number;
        insert into source_operator_weights (source_id, operator_id, weight)
        select source, (source * 10 + place) % {OPERATORS} + 1, 1
          from generate_series(1, 1000) as source, generate_series(1, 20) as place;
        insert into leads (id, external_id, phone, email)
        select number, 'ext-' || number, '+49' || 1000000 + number, 'lead' || number || '@example.org'
          from generate_series(1, {LEADS}) as number;
        insert into contacts (id, lead_id, source_id, operator_id, status, waiting_reason, closed_at, created_at, assigned_at)
        select number, 1 + number % {LEADS}, 1 + number % 200, case when status <> 'waiting' then 1 + number % 100 end, status,
               case status when 'waiting' then 'full' end, case status when 'closed' then now() end,
               now() - interval '1 minute' * ({CONTACTS} - number), case when status <> 'waiting' then now() end
          from generate_series(1, {CONTACTS}) as number,
               lateral (select case when number % 500 = 0 then 'waiting' when number % 10 = 0 then 'active' else 'closed' end
                   as status) as chosen;
        analyze""")
    return psql


class Plans:
    """What PostgreSQL logs of one database."""

    def __init__(self, lab, api, database):
        self.api, self.database, self.path = api, database, lab.postgres.log

    def _entries(self, start):
        """Entries of this database, each with its lines; a line that goes on begins with a tab."""
        with open(self.path, encoding="utf-8", errors="replace") as log:
            log.seek(start)
            lines = log.read().splitlines()
        entry = []
        for line in lines:
            if line.startswith("\t"):
                entry.append(line)
                continue
            yield "\n".join(entry)
            entry = [line]
        yield "\n".join(entry)

    def of(self, listed, **query):
        """The plan of that request, as the service ran it."""
        with open(self.path, "rb") as log:
            start = log.seek(0, 2)
        self.api.get(f"{listed}/", **query).must(200)

        def found():
            return [entry for entry in self._entries(start)
                    if f" {self.database} " in entry and "  plan:" in entry and A_PAGE in entry and LIST[listed] in entry]

        plans = poll(found, f"the plan of {listed} {query} is logged")
        assert len(plans) == 1, plans
        return plans[0].partition("Query Text:")[2]


def check(plans, listed, index, **query):
    plan = plans.of(listed, **query)
    used = set(re.findall(r"(?:Index (?:Only )?Scan(?: Backward)? using|Bitmap Index Scan on) (\w+)", plan))
    assert index in used, f"{listed} {query}: {index} is not among {used}\n{plan}"
    assert not re.search(rf"Seq Scan on {listed}\b", plan), f"{listed} {query}\n{plan}"


@test
def each_list_with_one_filter_uses_its_index(lab):
    psql = stored(lab, "plans")
    for setting in ("session_preload_libraries = 'auto_explain'", "auto_explain.log_min_duration = 0"):
        psql.run(f"alter database plans set {setting}")
    api = lab.serve("plans", BACKLOG_SWEEP_SECONDS=3600)
    plans = Plans(lab, api, "plans")
    check(plans, "contacts", "contacts_pkey")
    check(plans, "contacts", "contacts_lead_id", lead_id=7)
    check(plans, "contacts", "contacts_source_id", source_id=7)
    check(plans, "contacts", "contacts_operator_id", operator_id=7)
    check(plans, "contacts", "contacts_waiting", operator_id="none")
    check(plans, "contacts", "contacts_waiting", status="waiting")
    check(plans, "contacts", "contacts_pkey", status="active")
    check(plans, "contacts", "contacts_pkey", created_from="2000-01-01T00:00:00Z")
    check(plans, "leads", "leads_pkey")
    check(plans, "leads", "leads_external_id_key", external_id="ext-4711")
    for index in ("leads_external_id_key", "leads_external_id_search", "leads_phone_search", "leads_email_search"):
        check(plans, "leads", index, q="ext-47")
    check(plans, "operators", "operators_pkey")
    check(plans, "operators", "operators_pkey", is_active="true")
    check(plans, "operators", "source_operator_weights_pkey", source_id=7)
    check(plans, "sources", "sources_pkey")

    deep = api.get("contacts/", lead_id=7, limit=1).must(200)["next_cursor"]
    check(plans, "contacts", "contacts_pkey", cursor=deep)


FILTERS = {"status": ["active", "closed", "waiting"], "operator_id": ["7", "none", "999999"], "source_id": ["8", "2999"],
           "lead_id": ["8", "4999"], "created_from": ["2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z"],
           "created_to": ["2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z"]}


@test
def any_two_filters_of_contacts_answer_in_time_and_agree_with_sql(lab):
    """The statement timeout turns a list that takes too long into 503."""
    stored(lab, "filters")
    api = lab.serve("filters")
    for first, second in itertools.combinations(FILTERS, 2):
        for one, other in itertools.product(FILTERS[first], FILTERS[second]):
            asked = {first: one, second: other}
            shown = [contact["id"] for contact in api.get("contacts/", limit=20, **asked).must(200)["items"]]
            order = "" if asked.get("status") == "waiting" else "desc"
            wanted = api.psql.run(f"select id from contacts where {where(asked)} order by id {order} limit 20")
            assert shown == [int(row[0]) for row in wanted], asked


def where(asked):
    conditions = {"status": "status = '{}'", "operator_id": "operator_id = {}", "source_id": "source_id = {}",
                  "lead_id": "lead_id = {}", "created_from": "created_at >= '{}'", "created_to": "created_at < '{}'"}
    return " and ".join("operator_id is null" if value == "none" else conditions[name].format(value)
                        for name, value in asked.items())
