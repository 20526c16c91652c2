"""Memory runs out in the midst of work: the process says so and ends, and what was answered is stored."""

import http.client
import json
import mmap
import os
import random
import resource
import struct
import threading

import server as leadd
from waiting import poll, together

RUNS = 40
CLIENTS = 4
ALLOCATIONS_MAX = 2000
ABORTED = -6
SEED = 7


class Scarcity:
    """The number of allocations that a process is still granted, shared with it."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "scarce")
        with open(self.path, "wb") as file:
            file.write(struct.pack("q", 0))
        with open(self.path, "r+b") as file:
            self.shared = mmap.mmap(file.fileno(), 8)

    def grant(self, count):
        self.shared[:8] = struct.pack("q", count)

    def settings(self):
        build = os.environ.get("BUILD", os.path.dirname(leadd.binary()))
        return {"LD_PRELOAD": os.path.join(os.path.abspath(build), "scarce.so"), "SCARCE_FILE": self.path}


class Worker:
    """Asks for all kinds of things until nobody answers any more; notes what it was told is stored."""

    def __init__(self, api, source, mark):
        self.api, self.source, self.mark = api, source, mark
        self.dice = random.Random(mark)
        self.told = {}  # id of a contact -> its message
        self.number = 0

    def run(self, over):
        connection = http.client.HTTPConnection("127.0.0.1", self.api.port, timeout=10)
        while not over.is_set():
            try:
                self.ask(connection)
            except (OSError, http.client.HTTPException, ValueError):
                connection.close()
                over.wait(0.01)

    def draft(self):
        self.number += 1
        return {"lead_external_id": f"{self.mark}-{self.number}", "source_id": self.source["id"],
                "message": f"{self.mark}-{self.number}", "payload": {"text": "x" * self.dice.randrange(3000)}}

    def ask(self, connection):
        draw = self.dice.random()
        if draw < 0.6:
            draft = self.draft()
            headers = {"Idempotency-Key": draft["message"]} if draw < 0.2 else {}
            answer = self.post(connection, "/api/v1/contacts/", draft, headers)
            if answer:
                self.told[answer["id"]] = draft["message"]
        elif draw < 0.7:
            answer = self.post(connection, "/api/v1/contacts/batch", [self.draft() for _ in range(30)], {}) or {}
            for item in answer.get("items", []):
                if item["status"] == 201:
                    self.told[item["contact"]["id"]] = item["contact"]["message"]
        else:
            connection.request("GET", self.dice.choice(("/api/v1/contacts/?limit=50", "/metrics", "/api/v1/leads/")))
            connection.getresponse().read()

    def post(self, connection, path, body, headers):
        """The answer, when it says that it was done."""
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        body = answer.read()
        return json.loads(body) if answer.status in (200, 201) else None


def one_run(lab, scarcity, source, count):
    """(exit code, whether it said why, contacts that it had acknowledged, how many of them are missing)"""
    api = lab.client(lab.start(**scarcity.settings()))
    poll(api.is_ready, "leadd is ready", seconds=20)
    resource.prlimit(api.server.process.pid, resource.RLIMIT_CORE, (0, 0))
    workers = [Worker(api, source, f"scarce-{count}-{number}") for number in range(CLIENTS)]
    over = threading.Event()

    def starve(_):
        try:
            poll(lambda: all(worker.told for worker in workers), "all of them work")
            scarcity.grant(count)
            poll(lambda: not api.server.runs, "it has ended", seconds=30)
        finally:
            over.set()

    works = [starve, *(lambda _, worker=worker: worker.run(over) for worker in workers)]
    together(len(works), lambda index: works[index](index))
    scarcity.grant(0)
    lab.forget(api.server)
    told = {contact: message for worker in workers for contact, message in worker.told.items()}
    stored = {int(contact): message for contact, message in api.psql.run(
        f"select id, message from contacts where message like 'scarce-{count}-%'")}
    missing = sum(stored.get(contact) != message for contact, message in told.items())
    return api.server.process.returncode, "leadd: out of memory" in api.server.log_text(), len(told), missing


def memory_runs_out(lab):
    """When memory runs out the process says so and ends; nothing that was acknowledged is lost"""
    base = lab.serve()
    _, source = base.desk(max_load_limit=1000000)
    scarcity = Scarcity(lab.folder)
    dice = random.Random(SEED)
    counts = sorted({*range(1, 11), *(dice.randrange(11, ALLOCATIONS_MAX) for _ in range(RUNS - 10))})
    complaints, all_told, all_missing = [], 0, 0
    for count in counts:
        code, has_said, told, missing = one_run(lab, scarcity, source, count)
        all_told, all_missing = all_told + told, all_missing + missing
        if code != ABORTED or not has_said:
            complaints.append(f"without memory after {count} allocations it left with {code}, "
                              f"{'saying why' if has_said else 'without a word'}")
        if missing:
            complaints.append(f"without memory after {count} allocations {missing} of {told} acknowledged contacts are missing")
    base.loads_must_match()
    return f"{len(counts)} runs; {all_told} contacts were acknowledged, {all_missing} of them are missing", complaints
