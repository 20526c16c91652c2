"""A throw-away PostgreSQL: temporary folder, Unix socket, no fsync; and psql as the only way to speak SQL to it."""

import contextlib
import glob
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import urllib.parse
import uuid

from waiting import poll

# Time zone and date style are odd on purpose: an answer that leans on the server's defaults shows at once.
CONFIGURATION = """
listen_addresses = ''
unix_socket_directories = '{folder}'
fsync = off
full_page_writes = off
shared_buffers = 64MB
max_connections = 120
timezone = 'Asia/Kathmandu'
datestyle = 'SQL, DMY'
intervalstyle = 'sql_standard'
log_line_prefix = '%m [%p] %d '
log_lock_waits = on
track_commit_timestamp = on
"""

SEPARATOR = "\x1f"


def binaries():
    """The folder with initdb, postgres and psql: PG_BIN or the newest version that is installed."""
    if os.environ.get("PG_BIN"):
        return os.environ["PG_BIN"]
    installed = glob.glob("/usr/lib/postgresql/*/bin")
    if installed:
        return max(installed, key=lambda path: float(path.split("/")[4]))
    return os.path.dirname(shutil.which("postgres") or "")


def clean_environment():
    """Nothing of the caller's PG* or locale settings reaches the programs under test."""
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}


class Postgres:
    """One server for the whole run. As root it runs as the user `postgres`, as initdb demands."""

    def __init__(self):
        self.bin = binaries()
        self.folder = tempfile.mkdtemp(prefix="leadd-pg-")
        self.log = os.path.join(self.folder, "log")
        self.process = None
        self.run_as = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.run_as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        os.chmod(self.folder, 0o755)
        self._initdb()
        self.start()

    def _initdb(self):
        data = os.path.join(self.folder, "data")
        command = [f"{self.bin}/initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8",
                   "--locale", "C.UTF-8"]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", env=clean_environment(), **self.run_as)
        assert done.returncode == 0, done.stdout + done.stderr
        with open(os.path.join(data, "postgresql.conf"), "a", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(folder=self.folder))

    def start(self):
        self._spawn()
        poll(self._accepts, "PostgreSQL accepts connections", seconds=30)

    def _spawn(self):
        assert self.process is None, "PostgreSQL runs already"
        with open(self.log, "ab") as log:
            command = [f"{self.bin}/postgres", "-D", f"{self.folder}/data"]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", env=clean_environment(),
                                            **self.run_as)

    def _accepts(self):
        assert self.process.poll() is None, "PostgreSQL did not start, see " + self.log
        command = [f"{self.bin}/pg_isready", "-q", "-h", self.folder]
        return subprocess.run(command, env=clean_environment(), check=False).returncode == 0

    def stop(self, how=signal.SIGINT):
        """SIGINT: fast, sessions are told; SIGQUIT: as if it had crashed."""
        self.process.send_signal(how)
        self.process.wait(timeout=60)
        self.process = None

    def restart(self, how=signal.SIGINT):
        self.stop(how)
        self.start()

    def close(self):
        if self.process:
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database):
        return f"postgresql:///{database}?" + urllib.parse.urlencode({"host": self.folder, "user": "postgres"})

    def create(self, database, template="template1"):
        Psql(self, "postgres").run(f'create database "{database}" template "{template}"')


class Psql:
    """SQL in a process of its own, as an administrator would type it."""

    def __init__(self, postgres, database):
        self.command = [f"{postgres.bin}/psql", "-AtqX", "-F", SEPARATOR, "-d", postgres.url(database)]

    def run(self, sql):
        """All rows, each a tuple of texts (NULL is the empty text)."""
        done = subprocess.run([*self.command, "-v", "ON_ERROR_STOP=1", "-f", "-"], input=sql, capture_output=True,
                              text=True, env=clean_environment(), check=False)
        assert done.returncode == 0, f"{sql}\n{done.stderr}"
        return [tuple(line.split(SEPARATOR)) for line in done.stdout.splitlines()]

    def value(self, sql):
        """The only value of the only row."""
        ((value,),) = self.run(sql)
        return value

    def count(self, table_and_condition):
        """`count("contacts where source_id = 7")`"""
        return int(self.value(f"select count(*) from {table_and_condition}"))

    @contextlib.contextmanager
    def session(self):
        """A session that stays open: for locks and transactions."""
        session = Session(self.command)
        try:
            yield session
        finally:
            session.close()


class Session:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, env=clean_environment())

    def run(self, sql):
        """Returns when the statements are done; the lines that they printed."""
        end = uuid.uuid4().hex
        self.process.stdin.write(f"{sql.rstrip(';')};\n\\echo {end}\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.strip() == end:
                break
            lines.append(line.rstrip("\n"))
        errors = [line for line in lines if re.match(r"(psql:.*)?(ERROR|FATAL)", line)]
        assert not errors, f"{sql}: {errors}"
        return lines

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait(timeout=20)
        self.process.stdout.close()
