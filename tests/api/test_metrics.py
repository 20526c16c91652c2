"""GET /metrics: the format to the letter, and numbers that move as docs/OPERATIONS.md says."""

import os
import re

import server as leadd
from harness import test
from scrape import Metrics
from waiting import meanwhile, poll

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIGGEST_ID = 2**63 - 1


def documented():
    with open(os.path.join(ROOT, "docs", "OPERATIONS.md"), encoding="utf-8") as file:
        return re.split(r"\n## \d+\. Metrics\n", file.read())[1].partition("\n## ")[0]


def scrape(api):
    answer = api.get("/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Metrics(answer.body.decode())


class Moves:
    """How far samples have moved since it was made."""

    def __init__(self, api):
        self.api = api
        self.before = scrape(api)

    def of(self, name, **labels):
        return scrape(self.api).value(name, **labels) - self.before.value(name, **labels)

    def contacts(self):
        """{outcome: count} of those that moved."""
        now = scrape(self.api)
        moves = {outcome: now.value("leadd_contacts_total", outcome=outcome)
                 - self.before.value("leadd_contacts_total", outcome=outcome)
                 for outcome in now.labels("leadd_contacts_total")["outcome"]}
        return {outcome: count for outcome, count in moves.items() if count}


def requests_of(moves, route, method, status):
    return moves.of("leadd_http_requests_total", route=route, method=method, status=status)


@test
def the_format_is_that_of_prometheus(api):
    api.contact(api.desk()[1])
    metrics = scrape(api)
    assert metrics.types["leadd_http_request_seconds"] == "histogram"
    assert metrics.types["leadd_contacts_total"] == "counter"
    assert metrics.types["process_resident_memory_bytes"] == "gauge"


@test
def each_metric_is_explained_and_nothing_else(api):
    explained = set(re.findall(r"`((?:leadd|process)_[a-z_]+)[`{]", documented()))
    assert explained == set(scrape(api).types)


@test
def the_alerts_ask_for_what_is_there_and_for_this_service_alone(api):
    samples = {name for name, _ in scrape(api).values}
    rules = re.findall(r"^ +expr: (.*)$", documented(), re.MULTILINE)
    assert len(rules) >= 10
    for rule in rules:
        for name, labels in re.findall(r"\b(up|(?:leadd|process)_[a-z_]+)\b(\{[^}]*\})?", rule):
            assert name == "up" or name in samples, (name, rule)
            # Others have those of the process, too.
            assert name.startswith("leadd_") or labels == '{job="leadd"}', (name, rule)
    assert any('absent(up{job="leadd"})' in rule for rule in rules)


@test
def requests_are_counted_by_route_method_and_kind_of_status(api):
    source = api.source()
    moves = Moves(api)
    api.get(f"sources/{source['id']}").must(200)
    api.get(f"sources/{BIGGEST_ID}").must(404)
    api.head(f"sources/{source['id']}")
    api.post("sources/", {}).must(422)
    api.get("/nowhere/7").must(404)

    route = "/api/v1/sources/{source_id}"
    assert requests_of(moves, route, "GET", "2xx") == 1
    assert requests_of(moves, route, "GET", "4xx") == 1
    assert requests_of(moves, route, "HEAD", "2xx") == 1
    assert requests_of(moves, "/api/v1/sources/", "POST", "4xx") == 1
    assert requests_of(moves, "none", "other", "4xx") == 1
    assert moves.of("leadd_http_request_seconds_count", route=route, method="GET") == 3


@test
def what_clients_send_is_never_a_label(api):
    operator, source = api.desk()
    contact = api.contact(source)
    key = api.unique("key")
    for path in (f"contacts/{contact['id']}", f"leads/{contact['lead_id']}", f"operators/{operator['id']}",
                 f"sources/{source['id']}/weights/", "/problems/validation", "/problems/nonsense-5", "/assets/x/y",
                 f"/nonsense/{contact['id']}", f"/api/v1/nonsense/{key}"):
        api.get(path)
    api.post("contacts/", {"lead_external_id": key, "source_id": source["id"]}, {"Idempotency-Key": key}).must(201)

    metrics = scrape(api)
    patterns = {*api.contract.document["paths"], "none"}
    for route in metrics.labels("leadd_http_requests_total")["route"]:
        assert not re.search(r"\d", route.replace("/api/v1/", "/")), route
        assert route in patterns or re.sub(r"\{(\w+):text\}", r"{\1}", route) in patterns or route.startswith(
            ("/assets/", "/docs", "/redoc")), route
    assert key not in str(metrics.values) and "nonsense" not in str(metrics.values)


@test
def contacts_are_counted_by_what_became_of_them(api):
    _, source = api.desk(max_load_limit=2)
    draft = {"lead_external_id": api.unique("lead"), "source_id": source["id"]}
    key = {"Idempotency-Key": api.unique("key")}
    moves = Moves(api)
    api.post("contacts/", draft, key).must(201)
    api.post("contacts/", draft, key).must(201)
    api.post("contacts/", {**draft, "message": "other"}, key).must(422)
    api.contact(source)
    api.contact(source)
    api.post("contacts/", {**draft, "source_id": BIGGEST_ID}).must(404)

    assert moves.contacts() == {"assigned": 2, "replayed": 1, "key_reused": 1, "waiting": 1, "unknown_source": 1}


@test
def many_at_once_are_counted_each(api):
    _, source = api.desk(max_load_limit=1000)
    moves = Moves(api)
    api.post("contacts/batch", [{"lead_external_id": api.unique("lead"), "source_id": source["id"]} for _ in range(100)])

    assert moves.contacts() == {"assigned": 100}
    assert moves.of("leadd_batch_contacts_sum") == 100
    assert moves.of("leadd_batch_seconds_count") >= moves.of("leadd_batch_contacts_count") >= 1


@test
def contacts_that_leave_the_backlog_are_counted(api):
    operator = api.operator(max_load_limit=0)
    source = api.source([(operator, 1)], backlog="auto")
    for _ in range(3):
        api.contact(source)
    moves = Moves(api)
    api.patch(f"operators/{operator['id']}", {"max_load_limit": 2}).must(200)
    poll(lambda: api.load(operator) == 2, "two of them are assigned")

    poll(lambda: moves.of("leadd_drained_contacts_total") == 2, "they are counted")


@test
def who_waits_for_a_lock_is_seen(api):
    operator, source = api.desk()
    draft = {"lead_external_id": api.unique("lead"), "source_id": source["id"]}
    with api.psql.session() as session:
        session.run("begin")
        session.run(f"select active_load from operator_loads where operator_id = {operator['id']} for update")
        with meanwhile(api.post, "contacts/", draft) as waiting:
            poll(lambda: scrape(api).value("leadd_intake_parked") == 1, "the source is parked")
            now = scrape(api)
            assert now.value("leadd_intake_queued") == 1 and now.value("leadd_http_requests_live") == 2
            session.run("rollback")
        waiting.result().must(201)

    poll(lambda: scrape(api).value("leadd_intake_parked") == 0, "nothing is parked any more")
    assert scrape(api).value("leadd_intake_queued") == 0


@test
def connections_are_counted(api):
    before = scrape(api).value("leadd_http_connections")
    with api.connect(), api.connect():
        poll(lambda: scrape(api).value("leadd_http_connections") == before + 2, "two connections more")
    poll(lambda: scrape(api).value("leadd_http_connections") == before, "they are gone")


@test
def bytes_that_are_no_request_are_counted(api):
    moves = Moves(api)
    assert api.raw(b"NONSENSE / HTTP/9.9\r\n\r\n").status >= 400
    assert moves.of("leadd_http_refused_total") == 1


def resident_mb(pid):
    with open(f"/proc/{pid}/statm", encoding="utf-8") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


@test
def what_only_the_start_needs_is_given_back(lab):
    if leadd.is_sanitized() or os.sysconf("SC_PAGE_SIZE") != 4096:
        print("  left out: a sanitizer has memory of its own, and larger pages take more")
        return
    pid = lab.serve().server.process.pid
    poll(lambda: resident_mb(pid) < 8, "it holds less than 8 MB")


@test
def the_process_is_told_as_the_system_sees_it(api):
    metrics = scrape(api)
    pid = api.server.process.pid
    assert abs(metrics.value("process_resident_memory_bytes") / (1 << 20) - resident_mb(pid)) < 16
    assert metrics.value("process_open_fds") == len(os.listdir(f"/proc/{pid}/fd"))
    assert metrics.value("process_cpu_seconds_total") > 0
    assert 0 < metrics.value("leadd_loop_turn_longest_cpu_seconds") <= metrics.value("leadd_loop_turn_longest_seconds") + 0.001
    assert metrics.value("leadd_loop_turn_seconds_count") > 0


@test
def it_is_told_while_the_database_is_away(lab):
    api = lab.serve(lab.new_database("metrics_away"))
    assert scrape(api).value("leadd_database_ready") == scrape(api).value("leadd_ready") == 1
    assert scrape(api).value("leadd_pool_connections", pool="lane") >= 1
    moves = Moves(api)

    lab.postgres.stop()
    poll(lambda: scrape(api).value("leadd_database_ready") == 0, "the loss is seen")
    assert scrape(api).value("leadd_pool_connections", pool="requests") == 0
    assert scrape(api).value("leadd_ready") == 0
    assert moves.of("leadd_pool_lost_total", pool="lane") >= 1

    lab.postgres.start()
    poll(lambda: scrape(api).value("leadd_ready") == 1, "it is back")
