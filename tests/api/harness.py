"""
What a test gets: a running leadd on a database of its own test file, clients for it, and SQL beside it.

A test is a function with @test whose name is a sentence. It names what it needs:
  api   the file's server            twin  a second server on the same database
  lab   starts further servers and holds PostgreSQL itself
A file may set SETTINGS = {...}: environment of its servers.
"""

import http.client
import itertools
import os
import secrets

import server as leadd
from client import Client
from postgres import Psql
from schema import Contract
from waiting import poll

_TESTS = []


def test(function):
    """Marks a function as a test."""
    _TESTS.append(function)
    return function


def tests_of(module):
    return [function for function in _TESTS if function.__module__ == module.__name__]


class Api(Client):
    """A client of one server, with short words to build a small world."""

    _numbers = itertools.count(1)

    def __init__(self, server, psql, contract):
        super().__init__(server.port(), contract)
        self.server = server
        self.psql = psql

    def unique(self, word):
        return f"{word}-{next(self._numbers)}-{secrets.token_hex(3)}"

    def operator(self, **members):
        return self.post("operators/", {"name": self.unique("operator"), **members}).must(201)

    def source(self, weights=(), **members):
        """`weights`: pairs of an operator and its weight."""
        links = [{"operator_id": operator["id"], "weight": weight} for operator, weight in weights]
        return self.post("sources/", {"name": self.unique("source"), "weights": links, **members}).must(201)

    def desk(self, **members):
        """One operator and the source that only it serves."""
        operator = self.operator(**members)
        return operator, self.source([(operator, 1)])

    def contact(self, source, **members):
        draft = {"lead_external_id": self.unique("lead"), "source_id": source["id"], **members}
        return self.post("contacts/", draft).must(201)

    def close(self, contact):
        return self.patch(f"contacts/{contact['id']}", {"status": "closed"}).must(200)

    def load(self, operator):
        return self.get(f"operators/{operator['id']}").must(200)["active_load"]

    def is_ready(self):
        try:
            return self.get("/health/ready").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def loads_must_match(self):
        """Every counter is what counting gives, and nobody holds more than ever was allowed."""
        wrong = self.psql.run("""
            select operator_id, active_load, counted
              from (select l.operator_id, l.active_load, count(c.id) as counted
                      from operator_loads l
                      left join contacts c on c.operator_id = l.operator_id and c.status = 'active'
                     group by l.operator_id, l.active_load) as loads
             where active_load <> counted""")
        assert not wrong, f"(operator, counter, counted): {wrong[:10]}"


class Lab:
    """Of one test file: its database and its servers."""

    _template = None
    _contracts = {}  # by AUTH

    def __init__(self, postgres, name, settings):
        self.postgres = postgres
        self.name = name
        self.settings = settings
        self.folder = os.path.join(postgres.folder, name)
        os.mkdir(self.folder, 0o700)
        self.servers = []
        self.apis = []
        self._fixtures = {}
        self.database = self.new_database(name)

    def new_database(self, name):
        """A migrated database; its name."""
        if Lab._template is None:
            self.postgres.create("template_leadd")
            log = os.path.join(self.folder, "migrate.log")
            code = leadd.migrate(self.postgres.url("template_leadd"), log)
            with open(log, encoding="utf-8", errors="replace") as text:
                assert code == 0, f"leadd migrate left with {code}:\n{text.read()}"
            Lab._template = "template_leadd"
        self.postgres.create(name, Lab._template)
        return name

    def psql(self, database):
        return Psql(self.postgres, database)

    def start(self, database=None, **settings):
        """A server that may not be ready yet."""
        url = self.postgres.url(database or self.database)
        server = leadd.Server(self.folder, f"leadd-{len(self.servers) + 1}", url, {**self.settings, **settings})
        self.servers.append(server)
        return server

    def serve(self, database=None, **settings):
        """A client of a new server that is ready."""
        server = self.start(database, **settings)
        api = self.client(server, database)
        poll(api.is_ready, "leadd is ready", seconds=20)
        if api.contract is None:
            api.contract = Lab._contracts[server.auth] = Contract(api.get("/openapi.json").must(200))
        return api

    def client(self, server, database=None):
        """A client of a server that was started apart; waits until it has a port."""
        api = Api(server, Psql(self.postgres, database or self.database), Lab._contracts.get(server.auth))
        self.apis.append(api)
        return api

    def forget(self, server):
        """A test that ended the server in its own way has judged it itself."""
        self.servers.remove(server)

    def fixture(self, name):
        if name == "lab":
            return self
        if name not in self._fixtures:
            self._fixtures[name] = None
            self._fixtures[name] = self.serve()
        assert self._fixtures[name], "the server for this file did not start, see the first failure"
        return self._fixtures[name]

    def close(self):
        """Stops all servers; a list of complaints."""
        complaints = []
        for server in self.servers:
            try:
                server.must_leave_cleanly()
            except AssertionError as complaint:
                complaints.append(str(complaint))
        return complaints

    def kill(self):
        for server in self.servers:
            server.kill()

    def logs(self):
        return [self.postgres.log, *(server.log for server in self.servers)]
