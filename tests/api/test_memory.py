"""Memory runs out: the process says so and ends at once, what it acknowledged is stored, and another one goes on."""

import http.client
import json
import resource

import server as leadd
from harness import test
from waiting import poll, together

CLIENTS = 8
ROWS = 120
TEXT = "x" * 7000
ROOM_BYTES = 4 << 20
ABORTED = -6


def virtual_bytes(pid):
    with open(f"/proc/{pid}/statm", encoding="utf-8") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def send_lists(api, source, mark):
    """Large lists until nobody answers any more: {id: message} of what was acknowledged."""
    told = {}
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=20)
    for number in range(200):
        rows = [{"lead_external_id": f"{mark}-{number}-{row}", "source_id": source["id"], "message": f"{mark}-{number}-{row}",
                 "payload": {"text": TEXT}} for row in range(ROWS)]
        try:
            connection.request("POST", "/api/v1/contacts/batch", json.dumps(rows), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            items = json.loads(answer.read()).get("items", []) if answer.status == 200 else []
        except (OSError, http.client.HTTPException, ValueError):
            break
        told.update({item["contact"]["id"]: item["contact"]["message"] for item in items if item["status"] == 201})
    connection.close()
    return told


@test
def when_memory_runs_out_it_says_so_and_loses_nothing(lab, api):
    if leadd.is_sanitized():
        print("  left out: sanitizers need more address space than there is")
        return
    _, source = api.desk(max_load_limit=1000000)
    poor = lab.serve()
    pid = poor.server.process.pid
    resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
    contact = poor.contact(source, message="before")
    told = {contact["id"]: contact["message"]}
    resource.prlimit(pid, resource.RLIMIT_AS, (virtual_bytes(pid) + ROOM_BYTES,) * 2)

    marks = [api.unique("poor") for _ in range(CLIENTS)]
    for more in together(CLIENTS, lambda index: send_lists(poor, source, marks[index])):
        told.update(more)
    poll(lambda: not poor.server.runs, "it has ended")
    lab.forget(poor.server)

    assert poor.server.process.returncode == ABORTED, poor.server.process.returncode
    assert poor.server.log_text().rstrip().endswith("leadd: out of memory"), poor.server.log_text()[-500:]
    stored = {int(number): message for number, message in
              api.psql.run(f"select id, message from contacts where source_id = {source['id']}")}
    missing = {number for number, message in told.items() if stored.get(number) != message}
    assert told and not missing, f"{len(missing)} of {len(told)}"
    api.loads_must_match()
    lab.serve().contact(source)

