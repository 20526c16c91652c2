"""Without DATABASE_URL: the private PostgreSQL is made, kept, started, found again and stopped."""

import contextlib
import glob
import http.client
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import tempfile

import server as leadd
from harness import test
from postgres import binaries, clean_environment
from waiting import Stopwatch, poll

EXIT_DATABASE = 4


class Program:
    """leadd with a PostgreSQL of its own."""

    def __init__(self, folder, user=None, binary=None, **settings):
        self.folder = folder
        self.environment = {**clean_environment(), "PG_BIN": binaries(), "PORT": "0", "DATA_DIR": f"{folder}/pg",
                            "UBSAN_OPTIONS": "print_stacktrace=1", **settings}
        identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        self.output_path = tempfile.mkstemp(prefix="output-", dir=folder)[1]
        with open(self.output_path, "ab") as output:
            self.process = subprocess.Popen([binary or leadd.binary()], stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=output, cwd="/", env=self.environment, **identity)

    def output(self):
        with open(self.output_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def find(self, pattern):
        match = re.search(pattern, self.output())
        return match and match[1]

    def ask(self, method, path, body=None):
        """(status, text)"""
        connection = http.client.HTTPConnection("127.0.0.1", int(self.find(r"http://127\.0\.0\.1:(\d+)")), timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def is_ready(self):
        assert self.process.poll() is None, f"leadd left with {self.process.returncode}:\n{self.output()}"
        try:
            return bool(self.find(r"(psql -h)")) and self.ask("GET", "/health/ready")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def must_serve(self):
        poll(self.is_ready, "leadd with its own PostgreSQL is ready", seconds=60)
        return self

    def add_operator(self, name):
        status, text = self.ask("POST", "/api/v1/operators/", f'{{"name": "{name}"}}')
        assert status == 201, text

    def operators(self):
        return re.findall(r'"name":\s*"([^"]*)"', self.ask("GET", "/api/v1/operators/")[1])

    def psql(self, sql):
        """What the printed command answers."""
        command = self.find(r"(psql -h .*)").split()
        command[0] = os.path.join(binaries(), "psql")
        done = subprocess.run([*command, "-AtqXc", sql], capture_output=True, text=True, env=clean_environment(), check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def sockets(self):
        return self.find(r"psql -h (\S+)")

    def server_pid(self, data=None):
        with open(f"{data or self.environment['DATA_DIR']}/postmaster.pid", encoding="utf-8") as file:
            return int(file.readline())

    def leave(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.left()

    def left(self, seconds=60):
        """Its exit code; nothing that a sanitizer would complain about."""
        code = self.process.wait(timeout=seconds)
        assert not leadd.SANITIZER.search(self.output()), self.output()
        return code

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        """After a test, however it went: nothing of it is left."""
        if self.process.poll() is None:
            server = None
            with contextlib.suppress(FileNotFoundError, ValueError):
                server = self.server_pid()
                os.kill(server, signal.SIGCONT)
            self.kill()
            if server:
                poll(lambda: not is_alive(server), "the server has ended", seconds=20)
        shutil.rmtree(self.sockets() or "", ignore_errors=True)


def is_alive(pid):
    """Whether it runs: a dead process that nobody has waited for does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def place():
    """A folder that PostgreSQL's account can pass, and a starter; whatever was started is ended with the block."""
    folder = tempfile.mkdtemp(prefix="leadd-own-")
    os.chmod(folder, 0o755)
    programs = []

    def start(**settings):
        programs.append(Program(folder, **settings))
        return programs[-1]

    try:
        yield folder, start
    except BaseException:
        for program in programs:
            print(f"--- {program.output_path}", program.output()[-6000:], sep="\n")
        raise
    finally:
        for program in programs:
            program.end()
        shutil.rmtree(folder, ignore_errors=True)


@test
def the_database_is_made_once_and_kept():
    with place() as (_, start):
        program = start().must_serve()
        program.add_operator("kept")
        server = program.server_pid()
        assert program.leave() == 0
        assert not is_alive(server), "the server is still there"
        assert not os.path.exists(program.sockets()), "the socket's folder is still there"
        with Stopwatch() as watch:
            program = start().must_serve()
        assert program.operators() == ["kept"]
        assert "quickstart.create" not in program.output()
        assert watch.seconds < 20
        assert program.leave(signal.SIGINT) == 0


@test
def it_is_durable_private_and_for_utf8():
    with place() as (folder, start):
        program = start().must_serve()
        assert program.psql("show fsync") == "on"
        assert program.psql("show listen_addresses") == ""
        assert program.psql("select current_database() || ' ' || pg_encoding_to_char(encoding) from pg_database"
                            " where datname = current_database()") == "leadd UTF8"
        for path in (f"{folder}/pg", program.sockets()):
            assert stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0, f"{path} is open to others"
        owner = os.stat(f"/proc/{program.server_pid()}").st_uid
        assert owner == os.stat(f"{folder}/pg").st_uid and owner != 0
        assert program.leave() == 0


@test
def a_second_program_on_the_same_data_is_refused():
    with place() as (_, start):
        first = start().must_serve()
        second = start()
        assert second.left() == EXIT_DATABASE
        assert f"in use by process {first.process.pid}" in second.output()
        first.add_operator("undisturbed")
        assert first.leave() == 0


@test
def a_killed_program_takes_its_server_along():
    with place() as (_, start):
        program = start().must_serve()
        program.add_operator("kept")
        server = program.server_pid()
        program.kill()
        poll(lambda: not is_alive(server), "the server has ended", seconds=20)
        assert start().must_serve().operators() == ["kept"]


@test
def a_server_that_lingers_after_its_parent_is_stopped_first():
    with place() as (_, start):
        program = start().must_serve()
        server = program.server_pid()
        os.kill(server, signal.SIGSTOP)
        program.kill()
        program = start()
        poll(lambda: "quickstart.left_over" in program.output(), "the old server was found")
        os.kill(server, signal.SIGCONT)
        program.must_serve()
        assert program.server_pid() != server and not is_alive(server)
        assert program.leave() == 0


@test
def a_server_that_dies_is_started_again():
    with place() as (_, start):
        program = start().must_serve()
        program.add_operator("before")
        server = program.server_pid()
        os.kill(server, signal.SIGKILL)
        poll(lambda: not is_alive(server), "the server is dead")
        poll(lambda: os.path.exists(f"{program.environment['DATA_DIR']}/postmaster.pid") and program.server_pid() != server,
             "another server runs", seconds=30)
        program.must_serve()
        program.add_operator("after")
        assert sorted(program.operators()) == ["after", "before"]
        assert program.leave() == 0


@test
def a_pid_file_that_names_another_process_is_no_obstacle():
    with place() as (folder, start):
        program = start().must_serve()
        owner = os.stat(f"{folder}/pg").st_uid
        assert program.leave() == 0
        with open(f"{folder}/pg/postmaster.pid", "w", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n{folder}/pg\n1700000000\n5432\n{folder}\n\n  5432001     99999\nready   \n")
        os.chown(f"{folder}/pg/postmaster.pid", owner, -1)
        assert start().must_serve().leave() == 0


@test
def being_killed_while_the_database_is_made_leaves_no_half_one():
    with place() as (folder, start):
        program = start()
        poll(lambda: glob.glob(f"{folder}/pg.new-*/base"), "initdb is at work", seconds=30)
        program.kill()
        assert not os.path.exists(f"{folder}/pg")
        program = start().must_serve()
        assert not glob.glob(f"{folder}/pg.new-*/PG_VERSION")
        assert program.leave() == 0


@test
def being_stopped_while_the_database_is_made_is_no_failure():
    with place() as (folder, start):
        program = start()
        poll(lambda: glob.glob(f"{folder}/pg.new-*/base"), "initdb is at work", seconds=30)
        assert program.leave() == 0


@test
def data_of_another_version_are_left_alone():
    with place() as (folder, start):
        program = start().must_serve()
        assert program.leave() == 0
        with open(f"{folder}/pg/PG_VERSION", "w", encoding="utf-8") as file:
            file.write("13\n")
        program = start()
        assert program.left() == EXIT_DATABASE
        assert "PostgreSQL 13" in program.output() and "postgresql-13" in program.output()


@test
def what_is_in_the_way_is_named():
    with place() as (folder, start):
        os.makedirs(f"{folder}/pg/photos")
        program = start()
        assert program.left() == EXIT_DATABASE
        assert f"{folder}/pg is neither empty nor PostgreSQL's" in program.output()
        program = start(PG_BIN=folder)
        assert program.left() == EXIT_DATABASE
        program = start(PG_BIN=folder, DATA_DIR=f"{folder}/other")
        assert program.left() == EXIT_DATABASE
        assert 'Install the package "postgresql"' in program.output()


@test
def a_server_that_cannot_start_says_why():
    with place() as (folder, start):
        assert start().must_serve().leave() == 0
        with open(f"{folder}/pg/postgresql.conf", "a", encoding="utf-8") as file:
            file.write("\nnonsense = 1\n")
        program = start()
        assert program.left() == EXIT_DATABASE
        assert "contains errors" in program.output() and f"{folder}/pg.log" in program.output()


@test
def an_ordinary_user_has_the_data_at_home():
    with place() as (folder, start):
        user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        binary = shutil.copy(leadd.binary(), f"{folder}/leadd")  # the source's folder may be closed to nobody
        os.mkdir(f"{folder}/home")
        if user:
            os.chown(f"{folder}/home", user.pw_uid, user.pw_gid)
        program = start(user=user, binary=binary, HOME=f"{folder}/home", DATA_DIR="").must_serve()
        data = f"{folder}/home/.local/share/leadd/postgres"
        assert os.stat(f"/proc/{program.server_pid(data)}").st_uid == os.stat(f"{folder}/home").st_uid
        assert stat.S_IMODE(os.stat(data).st_mode) == 0o700
        assert program.leave() == 0


@test
def a_foreign_folder_in_the_place_of_the_socket_is_refused():
    with place() as (_, start):
        program = start().must_serve()
        sockets = program.sockets()
        assert program.leave() == 0
        os.mkdir(sockets, 0o755)
        try:
            program = start(XDG_RUNTIME_DIR="")
            if sockets.startswith("/tmp/"):
                assert program.left() == EXIT_DATABASE
                assert sockets in program.output() and "open to others" in program.output()
            else:
                assert program.must_serve().sockets() != sockets
                assert program.leave() == 0
        finally:
            os.rmdir(sockets)


@test
def commands_find_the_private_database_while_it_runs():
    with place() as (folder, start):
        program = start().must_serve()
        program.add_operator("Anna")

        done = leadd.command(["audit"], DATA_DIR=f"{folder}/pg")
        assert (done.returncode, done.stderr) == (0, ""), done
        assert re.search(r"^loads +1 ", done.stdout, re.MULTILINE), done
        done = leadd.command(["explain", 1], DATA_DIR=f"{folder}/pg/")
        assert (done.returncode, done.stderr.strip()) == (1, "leadd: there is no contact 1")

        assert program.leave() == 0
        done = leadd.command(["audit"], DATA_DIR=f"{folder}/pg")
        assert done.returncode == EXIT_DATABASE and "no private PostgreSQL runs on" in done.stderr, done
