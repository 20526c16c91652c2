#!/usr/bin/env python3
"""
The images as containers without an engine: namespaces, a read-only root, the image's user, no capability, process 1.
container.py DEFAULT_ROOT DEFAULT_CONFIG SERVICE_ROOT SERVICE_CONFIG: unpacked file systems, and what `buildah inspect`
says of the images.
"""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import traceback

import world
from world import Database, Folder

sys.path.insert(0, os.path.join(world.ROOT, "tests", "api"))
from postgres import binaries  # noqa: E402
from waiting import poll  # noqa: E402

TESTS = []

# As an engine sets up a container: $1 root, $2 volume, $3 secrets, $4 /tmp, then the command, as setpriv takes it.
CONTAINER = r"""
set -eu
root=$1 volume=$2 secrets=$3 tmp=$4
shift 4
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev"
for device in null zero random urandom; do
	: >"$root/dev/$device"
	mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
if [ -n "$tmp" ]; then mount --bind "$tmp" "$root/tmp"; else mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"; fi
mount -t tmpfs tmpfs "$root/run"
mkdir "$root/run/secrets"
mount --bind "$secrets" "$root/run/secrets"
[ -z "$volume" ] || mount --bind "$volume" "$root/var/lib/leadd"
mount -o remount,bind,ro "$root"
exec chroot "$root" "$@"
"""


def test(function):
    TESTS.append(function)
    return function


class Image:
    def __init__(self, root, config):
        self.root = root
        with open(config, encoding="utf-8") as file:
            self.config = json.load(file)["Docker"]["config"]
        self.user = self.config["User"]

    def command(self, words, **settings):
        """As its user, without capabilities, with nothing in the environment but what the image and the caller set."""
        user, group = self.user.split(":")
        variables = [*self.config["Env"], *(f"{name}={value}" for name, value in settings.items())]
        return ["/usr/bin/setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--bounding-set=-all",
                "--inh-caps=-all", "--no-new-privs", "/usr/bin/env", "-i", *variables, *words]


class Container:
    def __init__(self, image, folder, volume=None, tmp=None, arguments=(), **settings):
        self.image = image
        self.settings = settings
        self.log = os.path.join(folder, f"container-{len(os.listdir(folder))}.log")
        secrets = os.path.join(folder, "secrets")
        os.makedirs(secrets, exist_ok=True)
        words = [*image.config["Entrypoint"], *arguments]
        with open(self.log, "wb") as log:
            self.engine = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "sh", "-c", CONTAINER, "sh", image.root,
                 volume or "", secrets, tmp or "", *image.command(words, **settings)], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd="/")

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def pid(self):
        """Of its process 1, as seen from outside."""

        def children():
            assert self.engine.poll() is None, self.text()
            with open(f"/proc/{self.engine.pid}/task/{self.engine.pid}/children", encoding="ascii") as file:
                return file.read().split()

        return int(poll(children, "the container has a process")[0])

    def enter(self, *words):
        """As root, in its namespaces."""
        return subprocess.run(["nsenter", "-t", str(self.pid()), "-m", "-p", "-i", "chroot", self.image.root, *words],
                              capture_output=True, text=True, check=False)

    def run(self, *words):
        """What `docker exec` does."""
        return self.enter(*self.image.command(words, **self.settings))

    def is_healthy(self):
        assert self.engine.poll() is None, self.text()
        kind, *words = self.image.config["Healthcheck"]["Test"]
        assert kind == "CMD"
        return self.run(*words).returncode == 0

    def start(self):
        poll(self.is_healthy, "the container is healthy", 60)
        return self

    def stop(self, seconds=10):
        """As `docker stop` does, which waits for 10 s; the exit code."""
        os.kill(self.pid(), getattr(signal, self.image.config["StopSignal"]))
        return self.engine.wait(timeout=seconds)

    def zombies(self):
        """Processes that have ended and whose parent is process 1."""
        found = []
        for name in os.listdir("/proc"):
            try:
                with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as stat:
                    state, parent = stat.read().rpartition(")")[2].split()[:2]
            except (OSError, ValueError):
                continue
            if state == "Z" and int(parent) == self.pid():
                found.append(name)
        return found

    def kill(self):
        if self.engine.poll() is None:
            os.kill(self.pid(), signal.SIGKILL)
            self.engine.wait()


class Stage:
    def __init__(self, folder, default, service):
        self.folder = folder
        self.default = default
        self.service = service
        self.database = None
        self.containers = []

    def volume(self, name):
        """A new one is a copy of the image's folder, as with Docker."""
        path = os.path.join(self.folder, name)
        if not os.path.isdir(path):
            subprocess.run(["cp", "-a", f"{self.default.root}/var/lib/leadd", path], check=True)
        return path

    def container(self, image, **arguments):
        container = Container(image, self.folder, **arguments)
        self.containers.append(container)
        return container

    def close(self):
        for container in self.containers:
            container.kill()
        if self.database:
            self.database.server.kill()


def ask(port, method, path, body=None, key=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Content-Type": "application/json", **({"X-API-Key": key} if key else {})}
    connection.request(method, "/api/v1/" + path, body and json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status in (200, 201), text
    return json.loads(text)


def assign(port, key=None):
    """A contact that somebody gets."""
    operator = ask(port, "POST", "operators/", {"name": "Ann"}, key)
    source = ask(port, "POST", "sources/", {"name": "site", "weights": [{"operator_id": operator["id"], "weight": 1}]},
                 key)
    contact = ask(port, "POST", "contacts/", {"lead_external_id": "+7 900 000-00-00", "source_id": source["id"]}, key)
    assert contact["operator_id"] == operator["id"], contact
    return contact["id"]


def make_key(container):
    """As the documents say: `docker exec NAME leadd key create --role admin --name me`."""
    done = container.run("leadd", "key", "create", "--role", "admin", "--name", "me")
    assert done.returncode == 0 and re.fullmatch(r"leadd_[0-9a-f]{64}\n", done.stdout), done
    return done.stdout.strip()


def must_need_a_key(port):
    """Health does not, all else does."""
    for path, status in (("/health/ready", 200), ("/api/v1/contacts/", 401), ("/metrics", 401)):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", path)
        assert connection.getresponse().status == status, path


@test
def both_images_say_how_they_are_run(stage):
    with open(os.path.join(world.ROOT, "Makefile"), encoding="utf-8") as makefile:
        version = re.search(r"^VERSION := (\S+)$", makefile.read(), re.MULTILINE)[1]
    for image in (stage.default, stage.service):
        assert image.user == "10001:10001", image.user
        assert image.config["Entrypoint"] == ["leadd"] and not image.config.get("Cmd"), image.config
        assert image.config["StopSignal"] == "SIGTERM" and "8000/tcp" in image.config["ExposedPorts"]
        assert image.config["Labels"]["org.opencontainers.image.version"] == version
    assert list(stage.default.config["Volumes"]) == ["/var/lib/leadd"] and not stage.service.config.get("Volumes")


@test
def nothing_of_the_build_is_left_in_them(stage):
    for image in (stage.default, stage.service):
        for path in ("/source", "/root/.npm", "/usr/bin/gcc", "/usr/bin/npm", "/usr/bin/node",
                     "/etc/ssl/private/ssl-cert-snakeoil.key"):
            assert not os.path.exists(image.root + path), path
        assert not os.listdir(image.root + "/var/lib/apt/lists")
        # Where a file was mounted for the build, an empty one stays.
        assert not os.path.exists(image.root + "/root/.npmrc") or not os.path.getsize(image.root + "/root/.npmrc")
    assert not os.path.exists(stage.service.root + "/usr/lib/postgresql")


@test
def the_default_image_runs_a_database_of_its_own(stage):
    port = world.free_port()
    container = stage.container(stage.default, volume=stage.volume("data"), PORT=port).start()
    contact = assign(port)
    asked = container.run("psql", "-XAtc", f"select operator_id is not null from contacts where id = {contact}")
    assert asked.stdout == "t\n", asked
    assert container.run("id", "-u").stdout == "10001\n"
    assert "Read-only" in container.enter("touch", "/x").stderr
    code = container.stop()
    assert code == 0, f"left with {code}: {container.text()}"
    state = subprocess.run([f"{binaries()}/pg_controldata", f"{stage.volume('data')}/postgres"], capture_output=True,
                           text=True, check=True, env=world.environment()).stdout
    assert re.search(r"cluster state: +shut down\n", state), state


@test
def the_data_outlive_the_container(stage):
    port = world.free_port()
    container = stage.container(stage.default, volume=stage.volume("data"), PORT=port).start()
    assert ask(port, "GET", "contacts/")["items"]
    assert container.stop() == 0


@test
def the_default_image_asks_for_keys_when_told_to(stage):
    port = world.free_port()
    container = stage.container(stage.default, volume=stage.volume("data"), PORT=port, AUTH="keys").start()
    must_need_a_key(port)
    assert ask(port, "GET", "contacts/", key=make_key(container))["items"]
    assert container.stop() == 0


@test
def a_container_that_was_killed_starts_again(stage):
    """As with `docker start`: data and /tmp are as the kill left them, and process ids are given out anew."""
    port = world.free_port()
    tmp = os.path.join(stage.folder, "tmp")
    os.mkdir(tmp)
    os.chmod(tmp, 0o1777)
    arguments = {"volume": stage.volume("killed"), "tmp": tmp, "PORT": port}
    container = stage.container(stage.default, **arguments).start()
    assign(port)
    for _ in range(2):
        container.kill()
        assert os.listdir(tmp), "nothing was left"
        container = stage.container(stage.default, **arguments).start()
        assert ask(port, "GET", "contacts/")["items"]
    assert container.stop() == 0


@test
def process_1_leaves_no_zombies_when_its_database_is_killed(stage):
    port = world.free_port()
    container = stage.container(stage.default, volume=stage.volume("data"), PORT=port).start()
    killed = container.run("sh", "-c", "kill -9 $(head -n 1 /var/lib/leadd/postgres/postmaster.pid)")
    assert killed.returncode == 0, killed
    poll(lambda: not container.is_healthy(), "the loss is noticed", 10)
    container.start()
    assert ask(port, "GET", "contacts/")["items"]
    poll(lambda: not container.zombies(), "no zombies", 10)
    assert container.stop() == 0


@test
def a_stop_before_the_database_is_there_is_a_stop(stage):
    container = stage.container(stage.service, DATABASE_URL="host=127.0.0.1 port=1 user=x", DATABASE_WAIT_SECONDS=60)
    poll(lambda: "migrate.wait" in container.text(), "it waits for the database")
    assert container.stop() == 0


@test
def the_service_image_says_what_it_lacks(stage):
    container = stage.container(stage.service)
    assert container.engine.wait(timeout=20) == 4
    assert "DATABASE_URL" in container.text() or "PostgreSQL" in container.text(), container.text()


@test
def the_service_image_uses_a_database_elsewhere(stage):
    stage.database = Database(stage.folder, binaries())
    poll(stage.database.is_ready, "PostgreSQL is ready", 30)
    stage.database.initialize()
    with open(os.path.join(stage.folder, "secrets", "database_password"), "w", encoding="utf-8") as secret:
        secret.write(world.PASSWORD + "\n")
    settings = {"DATABASE_URL": f"postgresql://leadd@127.0.0.1:{stage.database.port}/leadd",
                "DATABASE_PASSWORD_FILE": "/run/secrets/database_password"}
    migration = stage.container(stage.service, arguments=["migrate"], **settings)
    assert migration.engine.wait(timeout=60) == 0, migration.text()
    port = world.free_port()
    container = stage.container(stage.service, PORT=port, **settings).start()
    must_need_a_key(port)
    assign(port, make_key(container))
    with open(f"/proc/{container.pid()}/environ", "rb") as environ:
        assert world.PASSWORD.encode() not in environ.read()
    assert container.stop() == 0, container.text()


def main():
    failed = 0
    default, default_config, service, service_config = sys.argv[1:]
    with Folder() as folder:
        stage = Stage(folder, Image(default, default_config), Image(service, service_config))
        try:
            for function in TESTS:
                try:
                    function(stage)
                    print("ok", function.__name__.replace("_", " "), flush=True)
                except Exception:  # pylint: disable=broad-except
                    failed += 1
                    print("FAILED", function.__name__.replace("_", " "))
                    traceback.print_exc(file=sys.stdout)
        finally:
            stage.close()
    print(f"{len(TESTS) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
