"""What is measured: a durable PostgreSQL of its own, the world in it, and leadd in front."""

import http.client
import os
import re
import socket
import subprocess
import time

import bench_proc
import server as leadd
from postgres import Postgres, Psql, clean_environment
from scrape import Metrics

HERE = os.path.dirname(os.path.abspath(__file__))
HOT, SPREAD = (1, 1), (101, 150)
FULL_PLACES = 500
CYCLE_SECONDS, CYCLE_RATE = 300, 5000  # PostgreSQL's own checkpoint_timeout, and contacts/s in it
REPEATED_PERCENT = 5
KNOWN_IN_HALF_A_CYCLE = CYCLE_SECONDS // 2 * CYCLE_RATE * REPEATED_PERCENT // 100
READY_SECONDS = 20
WAL_FILES = 40  # of 16 MB: what a repeat of a short run writes

# The rest is PostgreSQL's own default. No checkpoint and no vacuum in the midst of a run: both are done between the
# repeats, for either side the same.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "512MB",
    "max_connections": "120",
    "min_wal_size": "6GB",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",
    "jit": "off",
    "log_lock_waits": "off",
    "timezone": "'UTC'",
}


def sql_file(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


class DurablePostgres(Postgres):
    """As the tests' one, but each commit is on the disk."""

    def _initdb(self):
        super()._initdb()
        with open(os.path.join(self.folder, "data", "postgresql.conf"), "a", encoding="utf-8") as file:
            file.writelines(f"{name} = {value}\n" for name, value in SETTINGS.items())


def scrape(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=READY_SECONDS)
    connection.request("GET", "/metrics")
    metrics = Metrics(connection.getresponse().read().decode())
    connection.close()
    return metrics


def longest_turn(port):
    """Figures of the event loop, since the process began: the longest turn, and the most processor time of one."""
    metrics = scrape(port)
    return {"turn_ms": metrics.value("leadd_loop_turn_longest_seconds") * 1000,
            "turn_cpu_ms": metrics.value("leadd_loop_turn_longest_cpu_seconds") * 1000}


class Service:
    """leadd as it ships, ready; with how long that took from before exec."""

    def __init__(self, world, settings=None):
        world.services += 1
        start = time.perf_counter()
        self.server = leadd.Server(world.folder, f"leadd-{world.services}", world.url, settings or {})
        self.pid = self.server.process.pid
        try:
            self.port = self._wait_for(self._printed_port)
            self._wait_for(self._is_ready)
            self.ready_ms = (time.perf_counter() - start) * 1000
            self._wait_for(self._is_connected)
            self.idle_mb = bench_proc.memory_mb(self.pid)
        except BaseException:
            self.server.kill()
            raise

    def _wait_for(self, condition):
        end = time.monotonic() + READY_SECONDS
        while True:
            value = condition()
            if value:
                return value
            assert self.server.runs and time.monotonic() < end, "leadd did not get ready:\n" + self.server.log_text()
            time.sleep(0.0005)

    def _printed_port(self):
        with open(self.server.out_path, encoding="utf-8") as out:
            printed = re.search(r"http://127\.0\.0\.1:(\d+)\n", out.read())
        return printed and int(printed[1])

    def _is_ready(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=READY_SECONDS) as connection:
            connection.sendall(b"GET /health/ready HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 200 ")

    def _is_connected(self):
        """All of its connections to the database stand: making them takes time of the processors as well."""
        time.sleep(0.02)
        metrics = scrape(self.port)
        return all(metrics.value("leadd_pool_connections", pool=pool) == metrics.value("leadd_pool_connections_max", pool=pool)
                   for pool in ("lane", "requests"))

    def logged_ready_ms(self):
        """The program's own figure: without exec, the dynamic linker, and our asking."""
        line = re.search(r"app\.ready .*?ms_since_start=(\d+)", self.server.log_text())
        return float(line[1]) if line else None

    def stop(self):
        self.server.must_leave_cleanly()


class World:
    """
    A database with a team, its sources and their past.

    past: closed contacts; active: those that each operator of the hot source holds; idle: operators without a source;
    is_renewed: it is small, and what runs store would make it another one
    """

    def __init__(self, postgres, name, past, active=0, idle=0, is_renewed=False):
        self.postgres, self.name, self.past, self.is_renewed = postgres, name, past, is_renewed
        self.database = f"bench_{name}"
        self.copies, self.used = 0, []  # of a world that is renewed, those not yet dropped
        self.services = 0
        self.runs = 0
        started = time.monotonic()
        self._build(active, idle)
        self.seconds = time.monotonic() - started

    def _build(self, active, idle):
        self.folder = os.path.join(self.postgres.folder, self.database)
        os.mkdir(self.folder)
        self.postgres.create(self.database)
        self._use(self.database)
        log = os.path.join(self.folder, "migrate.log")
        code = leadd.migrate(self.url, log)
        if code != 0:
            with open(log, encoding="utf-8", errors="replace") as text:
                raise AssertionError(f"leadd migrate left with {code}:\n{text.read()}")
        self.run_file("bench_world.sql", idle=idle)
        self.run_file("bench_past.sql", past=self.past, active=active)
        self.run_file("bench_contact.sql")
        self.last_seeded = self.last_ids()[0]
        self.tidy()

    def _use(self, database):
        self.url = self.postgres.url(database)
        self.psql = Psql(self.postgres, database)

    def renew(self):
        """As it was made, where it has to stay of that size: a copy, since dropping a database makes a checkpoint."""
        if self.is_renewed:
            self.copies += 1
            self.used.append(f"{self.database}_{self.copies}")
            self.postgres.create(self.used[-1], self.database)
            self._use(self.used[-1])

    def run_file(self, name, **variables):
        settings = "".join(f"\\set {key} {value}\n" for key, value in variables.items())
        return self.psql.run(settings + sql_file(name))

    def tidy(self):
        """The same clean start for each repeat; a checkpoint and age() follow."""
        self._use(self.database)
        self.psql.run("vacuum analyze")
        while self.used:
            Psql(self.postgres, "postgres").run(f"drop database {self.used.pop()}")

    def age(self):
        """Of the present checkpoint half a cycle. One that is renewed is written anew, images and all."""
        if not self.is_renewed:
            self.run_file("bench_age.sql", past=self.past, known=KNOWN_IN_HALF_A_CYCLE)

    def new_label(self, name):
        """Of one run; what it stores can be found by it."""
        self.runs += 1
        return f"{name}-r{self.runs}"

    def last_ids(self):
        """Highest ids of contacts and leads."""
        ((contact, lead),) = self.psql.run(
            "select (select coalesce(max(id), 0) from contacts), (select coalesce(max(id), 0) from leads)")
        return int(contact), int(lead)

    def new_full_source(self):
        """A source whose ten operators are full after FULL_PLACES contacts; its id twice."""
        source = int(self.psql.value("insert into sources (name) values ('Full ' || clock_timestamp()) returning id"))
        self.psql.run(f"""
            with team as (insert into operators (name, max_load_limit)
                          select 'Full ' || number, {FULL_PLACES // 10} from generate_series(1, 10) as number
                          returning id)
            insert into source_operator_weights (source_id, operator_id, weight) select {source}, id, 1 from team""")
        return source, source

    def wal_bytes(self):
        return int(self.psql.value("select pg_current_wal_insert_lsn() - '0/0'"))

    def wait_until_quiet(self):
        """Until the server has nothing left in hand: no open transaction, and no new contact meanwhile."""
        seen = None
        end = time.monotonic() + 30
        while True:
            look = self.psql.run("""select (select coalesce(max(id), 0) from contacts), count(*) from pg_stat_activity
                                     where pid <> pg_backend_pid() and backend_type = 'client backend'
                                       and state <> 'idle'""")[0]
            if look == seen and look[1] == "0":
                return
            assert time.monotonic() < end, "the service does not come to rest"
            seen = look
            time.sleep(0.1)


class Worlds:
    """Of one PostgreSQL; each is made when a scenario needs it."""

    def __init__(self, sizes):
        self.sizes = sizes
        self.made = {}
        self.postgres = DurablePostgres()
        self._write_wal_once()

    def _write_wal_once(self):
        """As on a server that has run for some time: a checkpoint, behind each world, makes new WAL files of old ones."""
        Psql(self.postgres, "postgres").run("select pg_logical_emit_message(false, '', ''), pg_switch_wal();" * WAL_FILES)

    def __getitem__(self, name):
        self.make(name)
        return self.made[name]

    def make(self, name):
        if name not in self.made:
            self.made[name] = World(self.postgres, name, **self.sizes[name])
            self.checkpoint()
            print(f"world {name}: {self.made[name].past} closed contacts, made in {self.made[name].seconds:.0f} s", flush=True)

    def checkpoint(self):
        Psql(self.postgres, "postgres").run("checkpoint")

    def tidy(self):
        for world in self.made.values():
            world.tidy()
        self.checkpoint()
        for world in self.made.values():
            world.age()

    def close(self):
        self.postgres.close()


def version_of(command):
    """First line that a program prints about itself."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=clean_environment())
    lines = (done.stdout + done.stderr).strip().splitlines()
    return re.sub(r"\s*Copyright.*", "", lines[0]) if lines else "unknown"


def versions(postgres_bin):
    return [("leadd", version_of([leadd.binary(), "--version"])),
            ("PostgreSQL", version_of([f"{postgres_bin}/postgres", "--version"])),
            ("load generators", f"{version_of(['wrk', '-v'])}; {version_of([f'{postgres_bin}/pgbench', '--version'])}")]
