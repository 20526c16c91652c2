"""What containers lean on: `leadd health`, and passwords that come in files."""

import os
import signal
import subprocess

from harness import test
from postgres import clean_environment
from server import binary
from waiting import poll


def leadd(command, **settings):
    environment = {**clean_environment(), **{name: str(value) for name, value in settings.items()}}
    return subprocess.run([binary(), command], capture_output=True, text=True, cwd="/", env=environment, timeout=30,
                          check=False)


@test
def health_says_yes_as_long_as_the_service_is_ready(lab):
    api = lab.serve(DRAIN_SECONDS=600)
    settings = {"HOST": "0.0.0.0", "PORT": api.server.port()}
    assert leadd("health", **settings).returncode == 0

    api.server.tell(signal.SIGTERM)

    answer = poll(lambda: leadd("health", **settings).returncode and leadd("health", **settings), "health says no")
    assert answer.returncode == 1 and "503" in answer.stderr, answer
    lab.forget(api.server)
    api.server.kill()


@test
def health_says_no_where_nothing_listens():
    answer = leadd("health", HOST="::", PORT=1)
    assert answer.returncode == 1 and answer.stderr.startswith("leadd: not ready on ::, port 1: "), answer


@test
def a_password_file_without_a_password_stops_the_start(lab):
    empty = os.path.join(lab.folder, "empty")
    with open(empty, "w", encoding="utf-8"):
        pass
    for path in (empty, os.path.join(lab.folder, "absent")):
        answer = leadd("migrate", DATABASE_URL=lab.postgres.url(lab.database), DATABASE_PASSWORD_FILE=path)
        assert answer.returncode == 3 and path in answer.stderr, answer
