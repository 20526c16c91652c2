"""What docker-compose.yml sets up, without Docker: PostgreSQL, a name server, replicas on 127.0.0.x, and HAProxy."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "api"))
from postgres import Session  # noqa: E402

PASSWORD = "p'a\\ss \"w:o/r?d%20"


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(**settings):
    return {"PATH": os.environ["PATH"] + ":/usr/sbin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent",
            **{name: str(value) for name, value in settings.items()}}


class Process:
    """A child whose output is a file."""

    def __init__(self, log, command, settings, **options):
        self.log = log
        with open(log, "ab") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/",
                                            env=environment(**settings), **options)

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def stop(self, number=signal.SIGTERM, seconds=60):
        """Its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=seconds)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Database:
    """PostgreSQL with deploy/postgresql.conf and deploy/postgres-init.sh; passwords are asked for."""

    def __init__(self, folder, programs):
        self.port = free_port()
        self.programs = programs
        self.folder = os.path.join(folder, "postgres")
        os.mkdir(self.folder, 0o755)
        shutil.copy(os.path.join(ROOT, "deploy", "postgresql.conf"), self.folder)
        run_as = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            run_as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        data = os.path.join(self.folder, "data")
        subprocess.run([f"{programs}/initdb", "-D", data, "-U", "postgres", "--auth-local=trust", "--no-sync",
                        "--auth-host=scram-sha-256", "--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8"],
                       stdout=subprocess.DEVNULL, check=True, cwd="/", env=environment(), **run_as)
        self.server = Process(os.path.join(folder, "postgres.log"),
                              [f"{programs}/postgres", "-D", data, "-c", f"config_file={self.folder}/postgresql.conf",
                               "-c", "listen_addresses=127.0.0.1", "-c", f"port={self.port}", "-c", "fsync=off",
                               "-c", f"unix_socket_directories={self.folder}"], {}, **run_as)

    def is_ready(self):
        command = [f"{self.programs}/pg_isready", "-q", "-h", self.folder, "-p", str(self.port)]
        return subprocess.run(command, env=environment(), check=False).returncode == 0

    def session(self):
        """psql as the superuser, which stays open."""
        return contextlib.closing(Session([f"{self.programs}/psql", "-XAtq", "-h", self.folder, "-p", str(self.port), "-U",
                                           "postgres", "leadd"]))

    def initialize(self):
        """As the entry point of PostgreSQL's image does, which gives the superuser the password."""
        self.ask("alter role postgres password 'secret'", database="postgres")
        path = f"{self.programs}:{os.environ['PATH']}"
        subprocess.run([os.path.join(ROOT, "deploy", "postgres-init.sh")], check=True, cwd="/",
                       env={**environment(PGHOST=self.folder, PGPORT=self.port, POSTGRES_USER="postgres",
                                          POSTGRES_PASSWORD=PASSWORD), "PATH": path})

    def ask(self, sql, user="postgres", database="leadd"):
        done = subprocess.run([f"{self.programs}/psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p",
                               str(self.port), "-U", user, "-d", database, "-c", sql],
                              capture_output=True, text=True, env=environment(), check=True)
        return done.stdout.strip()


class Names:
    """A name server that knows one name; its addresses may change at any time."""

    def __init__(self, name):
        self.question = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
        self.addresses = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            query, client = self.socket.recvfrom(4096)
            end = 12 + len(self.question) + 4
            found = query[12:].lower().startswith(self.question)
            answers = self.addresses if found and query[end - 4:end - 2] == b"\0\1" else []
            reply = query[:2] + struct.pack(">HHHHH", 0x8180 if found else 0x8183, 1, len(answers), 0, 0)
            reply += query[12:end]
            for address in answers:
                reply += b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) + socket.inet_aton(address)
            self.socket.sendto(reply, client)


class Replica(Process):
    """leadd with the settings of docker-compose.yml, on an address of its own: all replicas share one port."""

    _count = 0

    def __init__(self, folder, database, address, port, **settings):
        Replica._count += 1
        self.address = address
        secret = os.path.join(folder, "database_password")
        with open(secret, "w", encoding="utf-8") as file:
            file.write(PASSWORD + "\n")
        self.settings = {"DATABASE_URL": f"postgresql://leadd@127.0.0.1:{database.port}/leadd",
                         "DATABASE_PASSWORD_FILE": secret, "HOST": address, "PORT": port, "AUTH": "keys",
                         "DRAIN_SECONDS": 5, "SHUTDOWN_SECONDS": 20, **settings}
        super().__init__(os.path.join(folder, f"leadd-{Replica._count}.log"), [program()], self.settings)

    def is_ready(self):
        """Through `leadd health`, as the containers do."""
        assert self.process.poll() is None, self.text()
        return subprocess.run([program(), "health"], env=environment(**self.settings), capture_output=True,
                              check=False).returncode == 0


def make_key(settings, role, name):
    """As an administrator makes the first one."""
    done = subprocess.run([program(), "key", "create", "--role", role, "--name", name], env=environment(**settings),
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def program():
    return os.path.abspath(os.environ.get("LEADD", os.path.join(ROOT, "build", "leadd")))


def haproxy():
    return os.environ.get("HAPROXY") or shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin")


class Balancer(Process):
    """HAProxy with deploy/haproxy.cfg as it is; only its three variables differ."""

    CONFIGURATION = os.path.join(ROOT, "deploy", "haproxy.cfg")

    def __init__(self, folder, names, replicas_port, name="service"):
        self.port = free_port()
        super().__init__(os.path.join(folder, f"haproxy-{self.port}.log"), [haproxy(), "-db", "-f", self.CONFIGURATION],
                         {"LEADD_NAMESERVER": f"127.0.0.1:{names.port}", "LEADD_LISTEN": f"127.0.0.1:{self.port}",
                          "LEADD_REPLICAS": f"{name}:{replicas_port}"})


class Folder:
    """Everything of a run; removed in the end."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="leadd-image-")
        os.chmod(self.path, 0o755)
        return self.path

    def __exit__(self, *exception):
        shutil.rmtree(self.path, ignore_errors=True)
