"""What a deployment consists of, in processes on loopback: a primary and a standby, two replicas, HAProxy before them."""

import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import threading
import urllib.parse

import server as leadd
from postgres import Postgres, Psql, clean_environment
from waiting import poll

DATABASE = ROLE = "leadd"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Few connections and little log, so that using them up is cheap; the timeouts are those of deploy/postgresql.conf, but
# tighter for whoever does nothing.
NODE_CONFIGURATION = """
listen_addresses = '127.0.0.1'
port = {port}
max_connections = 40
max_wal_senders = 4
wal_level = replica
hot_standby = on
wal_receiver_timeout = 5s
wal_sender_timeout = 5s
tcp_keepalives_idle = 10
tcp_keepalives_interval = 5
tcp_keepalives_count = 3
tcp_user_timeout = 10s
idle_in_transaction_session_timeout = 10s
client_connection_check_interval = 2s
min_wal_size = 32MB
max_wal_size = 64MB
"""

SMALL_DISK_ROOM = 48 << 20  # bytes beside what lies there already; three segments of the write-ahead log


def free_port():
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        return plug.getsockname()[1]


def program(name):
    """/usr/sbin is not on everybody's path."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def folder_bytes(folder):
    return sum(os.path.getsize(os.path.join(path, name)) for path, _, names in os.walk(folder) for name in names)


def move(source, target):
    """Also to another file system, and whom it belongs to stays."""
    subprocess.run(["mv", source, target], check=True)


class SmallDisk:
    """A file system in memory that can be filled; it needs a mount namespace of our own."""

    def __init__(self, folder, size):
        self.folder, self.size = folder, size

    def __enter__(self):
        os.mkdir(self.folder)
        subprocess.run([program("mount"), "-t", "tmpfs", "-o", f"size={self.size},mode=755", "leadd-faults", self.folder],
                       check=True)
        return self

    def __exit__(self, *exception):
        subprocess.run([program("umount"), "-l", self.folder], check=True)
        os.rmdir(self.folder)

    @contextlib.contextmanager
    def full(self):
        """Not a byte is left until the end of the block."""
        ballast = f"{self.folder}/ballast"
        with open(ballast, "wb", buffering=0) as file:
            for bytes_at_once in (1 << 20, 4096):
                with contextlib.suppress(OSError):  # that there is no more room is what is wanted
                    while True:
                        file.write(bytes(bytes_at_once))
        try:
            yield
        finally:
            os.unlink(ballast)


class Node(Postgres):
    """One PostgreSQL: services come over TCP, administrators over the Unix socket."""

    def __init__(self, of=None):
        self.port = free_port()
        self.of = of
        super().__init__()

    def _initdb(self):
        if self.of:
            self._copy()
        else:
            super()._initdb()
        self.configure(NODE_CONFIGURATION.format(port=self.port))

    def _copy(self):
        command = [f"{self.bin}/pg_basebackup", "-h", "127.0.0.1", "-p", str(self.of.port), "-U", "postgres", "-D",
                   f"{self.folder}/data", "-R", "-X", "stream", "--checkpoint=fast", "--no-sync"]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", env=clean_environment(), check=False,
                              **self.run_as)
        assert done.returncode == 0, done.stderr
        self.configure(f"unix_socket_directories = '{self.folder}'\n")

    def configure(self, lines):
        with open(f"{self.folder}/data/postgresql.conf", "a", encoding="utf-8") as file:
            file.write(lines)

    def _accepts(self):
        assert self.process.poll() is None, "PostgreSQL did not start, see " + self.log
        command = [f"{self.bin}/pg_isready", "-q", "-h", self.folder, "-p", str(self.port)]
        return subprocess.run(command, env=clean_environment(), check=False).returncode == 0

    def url(self, database):
        query = urllib.parse.urlencode({"host": self.folder, "port": self.port, "user": "postgres"})
        return f"postgresql:///{database}?{query}"

    def found(self):
        """The service's role, which is no superuser, and its database."""
        psql = self.psql("postgres")
        psql.run(f"create role {ROLE} login")
        psql.run(f"create database {DATABASE} owner {ROLE}")

    def come_back(self):
        """What a supervisor does: it is started again whenever it has ended, until it accepts connections."""
        poll(self._accepts_or_is_started, "PostgreSQL is back", seconds=60)

    def _accepts_or_is_started(self):
        if self.process.poll() is not None:
            self.process = None
            self._spawn()
        return self._accepts()

    @contextlib.contextmanager
    def small_disk(self, part):
        """That folder of its data is on a file system of its own, with little room; it is restarted for that."""
        home, disk = f"{self.folder}/data/{part}", f"{self.folder}/disk"
        self.stop()
        with SmallDisk(disk, folder_bytes(home) + SMALL_DISK_ROOM) as small:
            move(home, f"{disk}/{part}")
            os.symlink(f"{disk}/{part}", home)
            self.start()
            try:
                yield small
            finally:
                self.stop()
                os.unlink(home)
                move(f"{disk}/{part}", home)
        self.start()

    def processes(self):
        """Those that the postmaster started."""
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
            return [int(child) for child in file.read().split()]

    def psql(self, database=DATABASE):
        return Psql(self, database)

    def promote(self):
        """Returns when it takes writes."""
        self.psql("postgres").run("select pg_promote(true, 30)")

    def wait_for_standby(self):
        poll(lambda: self.psql("postgres").value(
            "select count(*) from pg_stat_replication where state = 'streaming'") == "1", "the standby streams")

    def refuses(self, sql):
        """Whether the statement fails in whatever way."""
        try:
            self.psql("postgres").run(sql)
        except AssertionError:
            return True
        return False

    def must_have_said(self, *texts):
        """In one line of its log."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            assert any(all(text in line for text in texts) for line in log), f"not in PostgreSQL's log: {texts}"

    def set(self, name, value):
        psql = self.psql("postgres")
        psql.run(f"alter system set {name} = '{value}'")
        psql.run("select pg_reload_conf()")

    def set_synchronous(self, is_synchronous):
        self.set("synchronous_standby_names", "*" if is_synchronous else "")
        if is_synchronous:
            psql = self.psql("postgres")
            poll(lambda: psql.value("select count(*) from pg_stat_replication where sync_state = 'sync'") == "1",
                 "the standby is synchronous")


def service_url(*nodes):
    """How the service names its databases: whichever of them takes writes."""
    hosts = ",".join(f"127.0.0.1:{node.port}" for node in nodes)
    return f"postgresql://{ROLE}@{hosts}/{DATABASE}?target_session_attrs=read-write"


def says_ready(host, port):
    try:
        with socket.create_connection((host, port), 1) as plug:
            plug.settimeout(2)
            plug.sendall(b"GET /health/ready HTTP/1.1\r\nHost: faults\r\nConnection: close\r\n\r\n")
            return plug.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


class Replica:
    """One leadd at an address that stays the same when it is started again."""

    PORT = free_port()  # the same for all, as the balancer expects

    def __init__(self, folder, number):
        self.folder, self.number = folder, number
        self.host = f"127.0.77.{number}"
        self.starts = 0
        self.server = None

    def start(self, url, **settings):
        self.starts += 1
        name = f"replica-{self.number}-{self.starts}"
        self.server = leadd.Server(self.folder, name, url, {"HOST": self.host, "PORT": self.PORT, **settings})

    def wait_until_ready(self, seconds=20):
        def ready_or_gone():
            assert self.server.runs, f"leadd ended with {self.server.process.returncode}:\n{self.server.log_text()}"
            return says_ready(self.host, self.PORT)

        poll(ready_or_gone, f"replica {self.number} is ready", seconds)

    def kill(self):
        """As when the machine's power is cut: nothing is told to anybody."""
        self.server.process.send_signal(signal.SIGKILL)
        self.server.process.wait()

    def stop(self):
        if self.server:
            self.server.must_leave_cleanly()


class NameServer:
    """Answers every question with the replicas' addresses, as the name server of a deployment does."""

    def __init__(self, hosts):
        self.hosts = hosts
        self.plug = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.plug.bind(("127.0.0.1", 0))
        self.port = self.plug.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                question, client = self.plug.recvfrom(1500)
            except OSError:
                return
            self.plug.sendto(self._answer(question), client)

    def _answer(self, question):
        end = question.index(b"\0", 12) + 5  # behind the name, its type and class
        (kind,) = struct.unpack("!H", question[end - 4 : end - 2])
        hosts = self.hosts if kind == 1 else []
        head = question[:2] + struct.pack("!HHHHH", 0x8580, 1, len(hosts), 0, 0)
        # Each: the name of the question, type A, class IN, not to be kept, 4 bytes.
        answers = [b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + socket.inet_aton(host) for host in hosts]
        return head + question[12:end] + b"".join(answers)

    def close(self):
        self.plug.close()


class Balancer:
    """HAProxy with the configuration that deployments use."""

    def __init__(self, folder, replicas):
        self.port = free_port()
        self.names = NameServer([replica.host for replica in replicas])
        environment = {**clean_environment(), "LEADD_LISTEN": f"127.0.0.1:{self.port}",
                       "LEADD_NAMESERVER": f"127.0.0.1:{self.names.port}",
                       "LEADD_REPLICAS": f"service:{Replica.PORT}"}
        self.log = os.path.join(folder, "haproxy.log")
        with open(self.log, "ab") as log:
            command = [program("haproxy"), "-db", "-f", os.path.join(ROOT, "deploy", "haproxy.cfg")]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                                            env=environment)

    def wait_until_ready(self):
        poll(lambda: says_ready("127.0.0.1", self.port), "HAProxy has replicas")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.names.close()
