"""The deployment under test with the small business in it, and what a case is: something happens while clients work."""

import contextlib
import dataclasses
import itertools
import os
import secrets
import shutil
import subprocess
import tempfile

import books
from client import Client
from cluster import ROLE, Balancer, Node, Replica, program, service_url
from crowd import Crowd
from waiting import Stopwatch

RATE = 120  # operations a second
WIDE_WEIGHTS = (1, 2, 3)
LIMITLESS = 1000000

# A test's own record of limits and activity, numbered by the history's sequence while the load rows are locked: so it
# says for each assignment which limit was in force. Statement triggers fire by name: after the one that locks.
LIMITS_LOG = """
create table faults_limits (id bigint, operator_id bigint, max_load_limit integer, is_active boolean);
insert into faults_limits select 0, id, max_load_limit, is_active from operators;
create function faults_limits() returns trigger language plpgsql security definer as $$
begin
	insert into faults_limits
	select nextval(pg_get_serial_sequence('contact_history', 'id')), after.id, after.max_load_limit, after.is_active
	  from after;
	return null;
end $$;
create trigger zz_faults_limits after update on operators
	referencing new table as after for each statement execute function faults_limits();
"""

SERVICE_SESSIONS = f"pg_stat_activity where usename = '{ROLE}'"

_CASES = []


@dataclasses.dataclass
class Case:
    run: object  # function(world, crowd): the moment from which on the service could work again, or None
    title: str
    pause_s: float  # the longest time without any acknowledged contact, from the beginning of the fault
    back_s: float  # the same from the moment that run() returned
    is_quick: bool
    takes_network: bool
    standby: str  # "", or "synchronous"
    disk: str  # the folder of the primary's data that lies on a small disk; "": none


def case(title, pause_s=None, back_s=None, is_quick=False, takes_network=False, standby="", disk=""):
    def mark(function):
        _CASES.append(Case(function, title, pause_s, back_s, is_quick, takes_network, standby, disk))
        return function

    return mark


def all_cases():
    return _CASES


class Scene:
    """
    wide: three operators without limits. tight: two that are full most of the time, one of them of the wide ones'
    neighbour. lonely: one operator whom no other source has.
    """

    def __init__(self, api):
        self.can_assign = "/api/v1/contacts/{contact_id}/assign" in api.get("/openapi.json").must(200)["paths"]
        wide = [self._operator(api, LIMITLESS) for _ in WIDE_WEIGHTS]
        self.tight_operators = [self._operator(api, 5) for _ in range(2)]
        self.lonely_operator = self._operator(api, LIMITLESS)
        self.wide_weights = dict(zip(wide, WIDE_WEIGHTS))
        self.sources = {
            "wide": self._source(api, "wide", self.wide_weights),
            "tight": self._source(api, "tight", {number: 1 for number in self.tight_operators}),
            "lonely": self._source(api, "lonely", {self.lonely_operator: 1}),
        }

    def _operator(self, api, limit):
        return api.post("operators/", {"name": "of the scene", "max_load_limit": limit}).must(201)["id"]

    def _source(self, api, name, weights):
        links = [{"operator_id": number, "weight": weight} for number, weight in weights.items()]
        return api.post("sources/", {"name": name, "weights": links}).must(201)["id"]


class World:
    def __init__(self, is_quick):
        self.is_quick = is_quick
        self.folder = tempfile.mkdtemp(prefix="leadd-faults-")
        os.chmod(self.folder, 0o755)
        self._marks = itertools.count(1)
        self.primary = self.standby = self.balancer = self.disk = None
        self.replicas, self.known = [], set()
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def _build(self):
        self.primary = Node()
        self.primary.found()
        self.replicas = [Replica(self.folder, number) for number in (1, 2)]
        self.start_replicas()
        self.balancer = Balancer(self.folder, self.replicas)
        api = Client(self.balancer.port)
        self.balancer.wait_until_ready()
        self.scene = Scene(api)
        self.takes_keys = self._asks_for_keys(api)
        self.psql.run(LIMITS_LOG)

    @property
    def psql(self):
        return self.primary.psql()

    def _asks_for_keys(self, api):
        draft = {"lead_external_id": "key", "source_id": self.scene.sources["lonely"], "message": "key"}
        answers = [api.post("contacts/", draft, headers={"Idempotency-Key": "probe"}) for _ in range(2)]
        return answers[0].must(201)["id"] == answers[1].must(201)["id"]

    def settings(self):
        return {"DRAIN_SECONDS": 5, "DATABASE_WAIT_SECONDS": 60}

    def start_replicas(self):
        for replica in self.replicas:
            replica.start(service_url(self.primary), **self.settings())
        for replica in self.replicas:
            replica.wait_until_ready()

    def start_standby(self, is_synchronous):
        """With it the replicas know both."""
        self.standby = Node(of=self.primary)
        self.primary.wait_for_standby()
        self.primary.set_synchronous(is_synchronous)
        for replica in self.replicas:
            replica.stop()
            replica.start(service_url(self.primary, self.standby), **self.settings())
        for replica in self.replicas:
            replica.wait_until_ready()
        self.wait_until_served()

    def wait_until_served(self):
        for replica in self.replicas:
            replica.wait_until_ready()
        self.balancer.wait_until_ready()

    def drop_standby(self):
        """Unless it has taken over."""
        if not self.standby:
            return
        self.primary.set_synchronous(False)
        self.standby.close()
        self.standby = None

    def take_over(self):
        """What was the standby is the only database from now on."""
        self.primary.close()
        self.primary, self.standby = self.standby, None

    # -- faults ------------------------------------------------------------------------------------

    def backends(self):
        return [int(pid) for (pid,) in self.psql.run(f"select pid from {SERVICE_SESSIONS} order by backend_start")]

    def busy_backend(self):
        """One that assigns contacts: in the middle of it, if one is, or the last that was; 0: none."""
        pids = self.psql.run(f"""select pid from {SERVICE_SESSIONS} and application_name like '%-lane'
            order by state = 'idle', state_change desc limit 1""")
        return int(pids[0][0]) if pids else 0

    def is_blocked(self):
        """Whether a session of the service waits for somebody's lock."""
        return self.psql.count(f"{SERVICE_SESSIONS} and wait_event_type = 'Lock'") > 0

    def kill_backends(self):
        self.psql.run(f"select pg_terminate_backend(pid) from {SERVICE_SESSIONS}")

    def configure_connections(self, limit):
        """How many sessions the service's role may have; -1: no bound."""
        self.psql.run(f"alter role {ROLE} connection limit {limit}")

    @contextlib.contextmanager
    def network_cut(self, *target):
        """
        Between everybody and the primary's port; target: what iptables does with the packets. Dropped are those of
        both directions; a refusal has to find its way back.
        """
        port, sides = str(self.primary.port), ("dport", "sport") if target == ("DROP",) else ("dport",)
        rules = [["INPUT", "-p", "tcp", f"--{side}", port, "-j", *target] for side in sides]
        for rule in rules:
            subprocess.run([program("iptables"), "-I", *rule], check=True)
        try:
            yield
        finally:
            for rule in rules:
                subprocess.run([program("iptables"), "-D", *rule], check=True)

    def sleeping_backend(self):
        """One that is inside a trigger of ours, with all locks of its batch; 0: none."""
        pids = self.psql.run(f"select pid from {SERVICE_SESSIONS} and wait_event = 'PgSleep'")
        return int(pids[0][0]) if pids else 0

    def seen_in_logs(self, text):
        """How often since the replicas were started."""
        return sum(replica.server.log_text().count(text) for replica in self.replicas)

    # -- one case ----------------------------------------------------------------------------------

    def run(self, wanted):
        """(figures as text, promised times that were not kept, complaints)"""
        with contextlib.ExitStack() as stack:
            if wanted.disk:
                self.disk = stack.enter_context(self.primary.small_disk(wanted.disk))
            if wanted.standby:
                self.start_standby(wanted.standby == "synchronous")
                stack.callback(self.drop_standby)
            return self._run(wanted)

    def _run(self, wanted):
        self.wait_until_served()
        mark = f"m{next(self._marks)}-{secrets.token_hex(2)}"
        crowd = Crowd(self.balancer.port, self.scene, mark, RATE, self.takes_keys)
        crowd.start()
        try:
            crowd.comes_through()
            with Stopwatch() as watch:
                healed = wanted.run(self, crowd)
                crowd.comes_through()
        finally:
            log = crowd.stop()
        figures, late = self._figures(wanted, crowd, watch.start, healed)
        for replica in self.replicas:
            replica.server.must_be_sane()
        self.wait_until_served()
        # The books are of the whole database: what was found once is told once.
        new = [complaint for complaint in books.complaints(self.psql, self.scene, log) if complaint not in self.known]
        self.known.update(new)
        return figures, late, crowd.faults[:10] + new

    def _figures(self, wanted, crowd, start, healed):
        late = []
        pause = crowd.longest_pause(start)
        text = f"{pause:.2f} s without service, 503 after {crowd.longest_refusal:.2f} s at most"
        if wanted.pause_s is not None and pause > wanted.pause_s:
            late.append(f"{pause:.2f} s without service, promised: {wanted.pause_s}")
        if healed is not None:
            back = crowd.first_after(healed)
            text += f", {back:.2f} s of it after the cause was gone"
            if wanted.back_s is not None and back > wanted.back_s:
                late.append(f"back after {back:.2f} s, promised: {wanted.back_s}")
        outcomes = [entry.outcome for entry in crowd.log]
        return text + "; " + ", ".join(f"{outcomes.count(name)} {name}" for name in ("ok", "failed", "unknown")), late

    def close(self):
        if os.environ.get("FAULTS_LOGS"):
            shutil.copytree(self.folder, os.environ["FAULTS_LOGS"], dirs_exist_ok=True)
            shutil.copy(self.primary.log, os.path.join(os.environ["FAULTS_LOGS"], "postgres.log"))
        for replica in self.replicas:
            if replica.server:
                replica.server.kill()
        if self.balancer:
            self.balancer.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        for node in (self.primary, self.standby):
            if node:
                node.close()

    def logs(self):
        nodes = [node.log for node in (self.primary, self.standby) if node]
        return nodes + [replica.server.log for replica in self.replicas if replica.server] + [self.balancer.log]
